#!/usr/bin/env bash
# Makes gofer-test/tools:1, an image with a shell, curl and the gofer that is in a folder, out of this machine's own files, in the engine that DOCKER_HOST
# names: no image can be pulled here.
#   tools-image.sh FOLDER   makes it unless one of these files is there; prints its name
# Needs docker, busybox, curl and dotnet.
set -euo pipefail
folder=${1:?the folder of gofer.dll}
image=gofer-test/tools:1
dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
recipe=$(cat "${BASH_SOURCE[0]}" "$folder"/Gofer.*.dll "$folder/gofer.dll" | sha256sum | cut -d' ' -f1)
if [ "$(docker image inspect "$image" --format '{{index .Config.Labels "gofer.recipe"}}' 2>/dev/null)" != "$recipe" ]; then
  root=$(mktemp -d)
  trap 'rm -rf "$root"' EXIT
  mkdir -p "$root"/{bin,etc,tmp,opt/dotnet/shared,opt/gofer,usr/bin}
  cp "$dotnet/dotnet" "$root/opt/dotnet/"
  cp -r "$dotnet/host" "$root/opt/dotnet/"
  for framework in Microsoft.NETCore.App Microsoft.AspNetCore.App; do
    newest=$(ls "$dotnet/shared/$framework" | sort -V | tail -1)
    mkdir -p "$root/opt/dotnet/shared/$framework"
    cp -r "$dotnet/shared/$framework/$newest" "$root/opt/dotnet/shared/$framework/"
  done
  cp "$folder"/*.dll "$folder"/gofer.deps.json "$folder"/gofer.runtimeconfig.json "$root/opt/gofer/"
  cp "$(command -v curl)" "$root/usr/bin/curl"
  # Every library that any of it names, with the loader itself, and those that the runtime looks for by itself.
  {
    find "$root/opt/dotnet" "$root/usr/bin/curl" -type f \( -perm -u+x -o -name '*.so' \) -print0 | { xargs -0 ldd 2>/dev/null || true; } \
      | sed -nE 's/^.*=> (\/[^ ]+) .*$/\1/p; s/^[[:space:]]*(\/[^ ]+) .*$/\1/p'
    ldconfig -p | sed -nE 's/^.*=> (\/.*\/lib(ssl|crypto)\.so\.[0-9.]+)$/\1/p'
  } | sort -u | grep -v "^$root" | while read -r library; do mkdir -p "$root$(dirname "$library")"; cp -L "$library" "$root$library"; done
  cp "$(command -v busybox)" "$root/bin/busybox"
  for applet in $("$root/bin/busybox" --list | grep -vx busybox); do ln -sf busybox "$root/bin/$applet"; done
  printf '#!/bin/sh\nexec /opt/dotnet/dotnet /opt/gofer/gofer.dll "$@"\n' >"$root/usr/bin/gofer"
  chmod 755 "$root/usr/bin/gofer"
  echo 'root:x:0:0:root:/tmp:/bin/sh' >"$root/etc/passwd"
  chmod 1777 "$root/tmp"
  tar -C "$root" -c . | docker import -c 'ENV PATH=/usr/bin:/bin HOME=/tmp' -c "LABEL gofer.recipe=$recipe" - "$image" >/dev/null
fi
echo "$image"
