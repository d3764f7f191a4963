#!/usr/bin/env bash
# Makes gofer-test/node:TAG, an image with a shell, node and a folder at /app, out of this machine's own files, in the engine that DOCKER_HOST names:
# no image can be pulled here.
#   node-image.sh FOLDER TAG   makes it unless it is there of the same files; prints its name
# Needs docker, busybox and node.
set -euo pipefail
folder=${1:?the folder} image=gofer-test/node:${2:?the tag}
recipe=$({ cat "${BASH_SOURCE[0]}"; node --version; cd "$folder"; find . -name node_modules -prune -o -type f -print0 | sort -z | xargs -0 sha256sum; } | sha256sum | cut -d' ' -f1)
if [ "$(docker image inspect "$image" --format '{{index .Config.Labels "gofer.recipe"}}' 2>/dev/null)" != "$recipe" ]; then
  root=$(mktemp -d)
  trap 'rm -rf "$root"' EXIT
  mkdir -p "$root"/{bin,etc,tmp,usr/bin}
  cp -L "$(readlink -f "$(command -v node)")" "$root/usr/bin/node"
  cp -rL "$folder" "$root/app"
  ldd "$root/usr/bin/node" | sed -nE 's/^.*=> (\/[^ ]+) .*$/\1/p; s/^[[:space:]]*(\/[^ ]+) .*$/\1/p' | sort -u \
    | while read -r library; do mkdir -p "$root$(dirname "$library")"; cp -L "$library" "$root$library"; done
  # What Debian's node keeps outside of itself.
  for beside in /usr/share/nodejs /usr/share/node_modules; do [ ! -d "$beside" ] || { mkdir -p "$root/usr/share"; cp -rL "$beside" "$root/usr/share/" 2>/dev/null || true; }; done
  cp "$(command -v busybox)" "$root/bin/busybox"
  ln -sf busybox "$root/bin/sh"
  echo 'root:x:0:0:root:/tmp:/bin/sh' >"$root/etc/passwd"
  chmod 1777 "$root/tmp"
  tar -C "$root" -c . | docker import -c 'ENV PATH=/usr/bin:/bin HOME=/tmp' -c "LABEL gofer.recipe=$recipe" - "$image" >/dev/null
fi
echo "$image"
