#!/usr/bin/env bats
# The parts of what stands between persist and a login: in their order, and none of them lost to another's failure.
load place
setup() { make_place; }
teardown() { remove_place; }

# Each part says its name, $part, when it ends; sh code $1 is what they do before.
access() {
  run on_board '
    for part in attempts host-key authorized-keys identity overrides networks; do
      printf "%s\n" "#!/bin/sh" "part=\${0##*/}" "$1" "echo \"did \$part\"" >/usr/lib/skiff/$part
      chmod 755 /usr/lib/skiff/$part
    done
    /usr/lib/skiff/access
    status=$?
    echo "did all"
    exit $status' "$1"
}

# Line number of what part $1 said.
line_of() { grep -nx "did $1" <<<"$output" | cut -d : -f 1; }

@test 'all are done: attempts first, and the host key before overrides, whose check needs it' {
  access ''
  [ "$status" = 0 ]
  [ "$(line_of attempts)" = 1 ]
  [ "$(line_of host-key)" -lt "$(line_of identity)" ]
  [ "$(line_of identity)" -lt "$(line_of overrides)" ]
  [ "$(line_of overrides)" -lt "$(line_of networks)" ]
  [ -n "$(line_of authorized-keys)" ]
}

@test 'keys that take long are waited for' {
  access '[ $part != authorized-keys ] || sleep 1'
  [ "$(line_of authorized-keys)" = 6 ]
  [ "$(line_of all)" = 7 ]
}

@test 'what one part cannot do is told, and no reason to leave out another' {
  access 'case $part in host-key | authorized-keys | attempts) exit 7 ;; esac'
  [ "$status" = 0 ]
  [[ "$output" == *'host-key ended with 7'* ]]
  [[ "$output" == *'authorized-keys ended with 7'* ]]
  [ -n "$(line_of identity)" ]
  [ -n "$(line_of networks)" ]
}
