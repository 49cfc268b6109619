#!/usr/bin/env bats
# Boots in which nobody could have got in are counted, and time starts no earlier than it was last seen.
load place
setup() {
  make_place
  # the clock of this machine is not to be set
  answer_for date <<'END'
case " $* " in *' -s '*) echo "$*" >>/run/set ;; *) exec busybox date "$@" ;; esac
END
}
teardown() { remove_place; }

attempts() { run on_board '/usr/lib/skiff/attempts; cat /mnt/persist/skiff/attempts; ls /run/skiff; cat /run/set 2>/dev/null'; }

@test 'a first boot is the first attempt' {
  attempts
  [[ "$output" == 1* ]]
}

@test 'after three attempts one boot ignores overrides, and counting starts again' {
  echo 2 >"$place/persist/skiff/attempts"
  attempts
  [[ "$output" == 3* ]]
  [[ "$output" != *safe* ]]
  attempts
  [[ "$output" == *$'\n0\n'* ]]
  [[ "$output" == *'this one ignores all overrides'* ]]
  [ -e "$place/run/skiff/safe" ]
}

@test 'a count that is damaged counts for nothing' {
  local text
  for text in -5 1e3 '' 99999 '$(reboot)'; do
    echo "$text" >"$place/persist/skiff/attempts"
    attempts
    [[ "$output" == 1* ]]
  done
  head -c 1000 /dev/urandom >"$place/persist/skiff/attempts"
  attempts
  [[ "$output" != *'ignores all'* ]]
}

@test 'the word skiff.safe of the kernel ignores overrides, a longer one does not' {
  run on_board 'echo "quiet skiff.safety=1" >/run/words; mount --bind /run/words /proc/cmdline; /usr/lib/skiff/attempts; ls /run/skiff'
  [[ "$output" != *safe* ]]
  run on_board 'echo "quiet skiff.safe" >/run/words; mount --bind /run/words /proc/cmdline; /usr/lib/skiff/attempts; ls /run/skiff'
  [[ "$output" == *'asked for on the kernel command line'* ]]
  [[ "$output" == *safe ]]
}

@test 'the clock is set to a later time that was seen, to an earlier one or the far future not' {
  touch -d '+2 days' "$place/persist/skiff/clock"
  attempts
  [[ "$output" == *"-u -s @$(stat -c %Y "$place/persist/skiff/clock")" ]]
  rm "$place/run/set"
  touch -d '-2 days' "$place/persist/skiff/clock"
  attempts
  [ ! -e "$place/run/set" ]
  touch -d '+20 years' "$place/persist/skiff/clock"
  attempts
  [ ! -e "$place/run/set" ]
}

@test 'nothing is counted on a persist that is not there' {
  echo none >"$place/run/skiff/persist"
  run on_board '/usr/lib/skiff/attempts; ls /mnt/persist/skiff'
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}
