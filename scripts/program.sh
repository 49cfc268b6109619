# node_modules (Node 24 is in it) and the bundle, made again only when their sources changed.
# To be sourced.
# shellcheck shell=bash
# shellcheck source=scripts/instance.sh
. "${BASH_SOURCE%/*}/instance.sh"

need_node_modules() {
  local major
  major=$(command node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
  if [ "${major:-0}" -lt 20 ] || ! command -v npm >/dev/null; then
    fail 'Node 20 or newer with npm is needed to start with' 'apt-get install nodejs npm (Debian 13), or a package from nodejs.org'
  fi
  if [ "$home/package-lock.json" -nt "$home/node_modules/.package-lock.json" ]; then
    say 'npm ci: fetching the libraries and Node 24 (half a minute, some 300 MB)'
    (cd "$home" && npm ci --loglevel=error --no-audit --no-fund --no-update-notifier >/dev/null) || fail 'npm ci failed' 'see its words above'
  fi
  case $("$node" --version 2>/dev/null) in
    v2[4-9].* | v[3-9][0-9].*) ;;
    *) fail 'npm did not bring Node 24' 'allow the install script of the package "node" (ignore-scripts must be false), then: npm rebuild node' ;;
  esac
}

# Makes dist/crew.mjs. Sets bundled=yes if it had to.
need_bundle() {
  bundled=no
  local bundle=$home/dist/crew.mjs newer
  if [ -f "$bundle" ]; then
    newer=$(find "$home/src" "$home/scripts/bundle.ts" "$home/package-lock.json" -newer "$bundle" -print -quit)
    [ -n "$newer" ] || return 0
  fi
  (cd "$home" && "$node" scripts/bundle.ts) || fail 'the bundle could not be made' 'see the words above'
  # shellcheck disable=SC2034 # for those who source this
  bundled=yes
}
