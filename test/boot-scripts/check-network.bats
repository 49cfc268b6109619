#!/usr/bin/env bats
# Files of networks from persist: only what systemd-networkd understands is used.
load place
setup() { make_place; }
teardown() { remove_place; }

# Is stdin, as a file called $1, one of a network?
check() {
  cat >"$place/persist/$1"
  run on_board '/usr/lib/skiff/check-network "/mnt/persist/$1"' "$1"
}

@test 'a file with a match and settings is one, whatever its line ends' {
  check a.network <<<$'# mine\n[Match]\nName=eth0\n\n[Network]\nAddress=10.0.0.2/24\nGateway = 10.0.0.1'
  [ "$status" -eq 0 ]
  check a.network <<<$'[Match]\r\nName=eth0\r\n; remark\r'
  [ "$status" -eq 0 ]
  check a.netdev <<<$'[NetDev]\nName=br0\nKind=bridge'
  [ "$status" -eq 0 ]
}

@test 'a file without a match would take every interface, and is none' {
  check a.network <<<$'[Network]\nDHCP=yes'
  [ "$status" -ne 0 ]
}

@test 'what networkd would skip is none' {
  local text
  for text in 'Name=eth0' $'[Match]\nName eth0' $'[Match\nName=eth0' $'[Match]\nName=\x01' ''; do
    check a.network <<<"$text"
    [ "$status" -ne 0 ]
  done
}

@test 'garbage, a name of another kind, and a file that is too large are none' {
  head -c 3000 /dev/urandom >"$place/persist/b.network"
  run on_board '/usr/lib/skiff/check-network /mnt/persist/b.network'
  [ "$status" -ne 0 ]
  check a.conf <<<$'[Match]\nName=eth0'
  [ "$status" -ne 0 ]
  { echo '[Match]'; yes Name=eth0 | head -c 70000; } >"$place/persist/c.network"
  run on_board '/usr/lib/skiff/check-network /mnt/persist/c.network'
  [ "$status" -ne 0 ]
  run on_board '/usr/lib/skiff/check-network /mnt/persist/missing.network'
  [ "$status" -ne 0 ]
}
