#!/bin/sh
# Puts Crew into the engine image: the program as few files, made of the sources of this checkout.
# $1 folder that is laid over the engine image
set -eu
here=$(cd -- "$(dirname -- "$0")" && pwd)
home=$(cd -- "$here/../../../../.." && pwd)
target=$1/usr/lib/crew
mkdir -p "$target/bin" "$target/node_modules/.bin" "$1/usr/bin"
(cd "$home" && node_modules/.bin/node scripts/bundle.ts "$target/dist")
install -m 0755 "$home/bin/crew" "$target/bin/crew"
# the board's Node, which bin/crew then does not ask for its version
ln -s ../../../../bin/node "$target/node_modules/.bin/node"
cat >"$1/usr/bin/crew" <<'END'
#!/bin/sh
# crew on a board: its state is on persist
export CREW_ROOT="${CREW_ROOT:-/mnt/persist/skiff/crew}"
exec /usr/lib/crew/bin/crew "$@"
END
chmod 0755 "$1/usr/bin/crew"
