# Debian packages, installed only when what they bring is missing. To be sourced.
# shellcheck shell=bash
# shellcheck source=scripts/instance.sh
. "${BASH_SOURCE%/*}/instance.sh"

# Is it there? $1 `<command>:<package>`, or `:<package>` for one that has no command to look for
has_package() {
  local command=${1%%:*} package=${1#*:}
  if [ -n "$command" ]; then command -v "$command" >/dev/null; else
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed
  fi
}

# Installs the packages that are missing. Arguments as for has_package.
need_packages() {
  local item missing=() log
  for item; do has_package "$item" || missing+=("${item#*:}"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "missing: ${missing[*]}" 'install them; only Debian packages are installed for you'
  say "installing Debian packages: ${missing[*]}"
  log=$(mktemp)
  if ! { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    rm -f "$log"
    fail "apt-get could not install: ${missing[*]}" 'see its words above; then run this again'
  fi
  rm -f "$log"
  idle_services "${missing[@]}"
}

# A package that was installed as a tool brings a service that nobody asked for. Arguments: packages just installed
idle_services() {
  [ -d /run/systemd/system ] || return 0
  local package
  for package; do
    case $package in
      haproxy) as_root systemctl disable --now haproxy >/dev/null 2>&1 || true ;;
      openssh-server) as_root systemctl disable --now ssh >/dev/null 2>&1 || true ;;
    esac
  done
}
