#!/usr/bin/env bash
# Makes gofer-test/postgres:MAJOR, a Postgres image, out of this machine's own server files, in the engine that DOCKER_HOST names: no
# image can be pulled here. It understands POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB and PGDATA as the official image does, and says
# "database system is ready to accept connections" twice, as that one does.
#   postgres-image.sh [MAJOR]   makes it unless one of these files is there; prints its name
# Needs docker, busybox and /usr/lib/postgresql.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
major=${1:-$(ls /usr/lib/postgresql | sort -n | tail -1)}
bin=/usr/lib/postgresql/$major/bin
image=gofer-test/postgres:$major
[ -x "$bin/postgres" ] || { echo "There is no $bin/postgres: apt-get install postgresql" >&2; exit 1; }
recipe=$(cat "${BASH_SOURCE[0]}" "$here/postgres-entrypoint.sh" "$bin/postgres" | sha256sum | cut -d' ' -f1)
if [ "$(docker image inspect "$image" --format '{{index .Config.Labels "gofer.recipe"}}' 2>/dev/null)" != "$recipe" ]; then
  root=$(mktemp -d)
  trap 'rm -rf "$root"' EXIT
  mkdir -p "$root"/{bin,etc,tmp,run/postgresql,usr/lib/postgresql,usr/share/postgresql,usr/local/bin,var/lib/postgresql/data}
  cp -a "/usr/lib/postgresql/$major" "$root/usr/lib/postgresql/"
  cp -a "/usr/share/postgresql/$major" "$root/usr/share/postgresql/"
  rm -rf "$root/usr/lib/postgresql/$major/lib/bitcode"
  # Postgres looks for time zones where Debian keeps them; en_US and the like are not needed, C is in libc.
  cp -a --parents /usr/share/zoneinfo /usr/share/postgresql-common "$root" 2>/dev/null || true
  # Every library that any of it names, with the loader itself.
  find "$root/usr/lib/postgresql" -type f \( -perm -u+x -o -name '*.so' \) -print0 | { xargs -0 ldd 2>/dev/null || true; } \
    | sed -nE 's/^.*=> (\/[^ ]+) .*$/\1/p; s/^[[:space:]]*(\/[^ ]+) .*$/\1/p' | sort -u \
    | while read -r library; do mkdir -p "$root$(dirname "$library")"; cp -L "$library" "$root$library"; done
  cp "$(command -v busybox)" "$root/bin/busybox"
  for applet in $("$root/bin/busybox" --list | grep -vx busybox); do ln -s busybox "$root/bin/$applet"; done
  for program in initdb pg_ctl pg_isready postgres psql; do ln -sf "$bin/$program" "$root/usr/local/bin/$program"; done
  printf 'root:x:0:0:root:/root:/bin/sh\npostgres:x:999:999:postgres:/var/lib/postgresql:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\npostgres:x:999:\n' >"$root/etc/group"
  printf 'hosts: files dns\npasswd: files\ngroup: files\n' >"$root/etc/nsswitch.conf"
  chmod 1777 "$root/tmp"
  cp "$here/postgres-entrypoint.sh" "$root/usr/local/bin/docker-entrypoint.sh"
  chmod 755 "$root/usr/local/bin/docker-entrypoint.sh"
  chown -R 999:999 "$root/var/lib/postgresql" "$root/run/postgresql"
  mkdir -p "$root/var/run"; rmdir "$root/var/run"; ln -s ../run "$root/var/run"
  tar -C "$root" -c . | docker import \
    -c 'ENTRYPOINT ["docker-entrypoint.sh"]' -c 'CMD ["postgres"]' -c "LABEL gofer.recipe=$recipe" -c 'EXPOSE 5432' \
    -c 'ENV PATH=/usr/local/bin:/bin PGDATA=/var/lib/postgresql/data' - "$image" >/dev/null
fi
echo "$image"
