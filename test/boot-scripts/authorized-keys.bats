#!/usr/bin/env bats
# Who may log in: lines that are keys are taken, all others are skipped and named.
load place
setup() {
  make_place
  mkdir "$place/persist/skiff/keys"
  ssh-keygen -q -t ed25519 -N '' -C one -f "$place/one"
  ssh-keygen -q -t ed25519 -N '' -C two -f "$place/two"
}
teardown() { remove_place; }

keys() { run on_board '/usr/lib/skiff/authorized-keys; echo =====; cat /root/.ssh/authorized_keys; stat -c %a /root/.ssh/authorized_keys'; }

@test 'keys of all files are taken once, with options and without a last line feed' {
  { cat "$place/one.pub"; echo; echo '# mine'; printf 'restrict,pty %s' "$(cat "$place/two.pub")"; } >"$place/persist/skiff/keys/a.pub"
  cp "$place/one.pub" "$place/persist/skiff/keys/b.pub"
  keys
  [[ "$output" == *'keys: 2 may log in'* ]]
  [[ "$output" == *"$(cat "$place/one.pub")"* ]]
  [[ "$output" == *'restrict,pty ssh-ed25519'* ]]
  [[ "$output" == *$'\n600' ]]
}

@test 'lines of Windows are keys too' {
  sed 's/$/\r/' "$place/one.pub" >"$place/persist/skiff/keys/a.pub"
  keys
  [[ "$output" == *'keys: 1 may log in'* ]]
  [[ "$output" != *$'\r'* ]]
}

@test 'lines that are no keys are skipped, and the first of them named' {
  { echo 'ssh-ed25519 AAAA'; cat "$place/one.pub"; echo 'command="x'; echo hello; } >"$place/persist/skiff/keys/a.pub"
  keys
  [[ "$output" == *'3 lines of /mnt/persist/skiff/keys/a.pub are no keys and were skipped; the first: 1 3 4'* ]]
  [[ "${output#*=====}" != *hello* ]]
  [[ "$output" == *'keys: 1 may log in'* ]]
}

@test 'a file that never ends, and one of garbage, keep nobody out' {
  mkfifo "$place/persist/skiff/keys/a.pub"
  head -c 200000 /dev/urandom >"$place/persist/skiff/keys/b.pub"
  cp "$place/one.pub" "$place/persist/skiff/keys/c.pub"
  keys
  [[ "$output" == *'keys: 1 may log in'* ]]
}

@test 'with no key at all it says that nobody may log in' {
  keys
  [[ "$output" == *'keys: nobody may log in'* ]]
  run cat "$place/run/skiff/notes/keys"
  [[ "$output" == problem* ]]
}

@test 'accounts of packages get the same keys, with the options that they want' {
  cp "$place/one.pub" "$place/persist/skiff/keys/a.pub"
  printf 'from="10.0.0.1" %s' "$(cat "$place/two.pub")" >"$place/persist/skiff/keys/b.pub"
  run on_board '
    echo "crew:x:800:800::/run/crew:/x" >/run/passwd && mount --bind /run/passwd /etc/passwd
    mkdir /usr/lib/skiff/logins
    echo "restrict,command=\"%f\"" >/usr/lib/skiff/logins/crew
    echo "" >/usr/lib/skiff/logins/nobody-of-this-name
    /usr/lib/skiff/authorized-keys
    cat /run/crew/.ssh/authorized_keys
    stat -c "%a %u" /run/crew/.ssh/authorized_keys'
  local print
  print=$(ssh-keygen -lf "$place/one.pub" | cut -d ' ' -f 2)
  [[ "$output" == *"restrict,command=\"$print\" $(cat "$place/one.pub")"* ]]
  [[ "$output" == *",from=\"10.0.0.1\" ssh-ed25519"* ]]
  [[ "$output" == *$'\n600 800' ]]
}
