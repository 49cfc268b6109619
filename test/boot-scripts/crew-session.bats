#!/usr/bin/env bats
# What the shell of the account crew does with a session: hands it to Crew as it came, or says why it cannot.
load place
setup() {
  make_place
  session=$(cd "$BATS_TEST_DIRNAME/../../buildroot/configs/skiff/crew/root_overlay/usr/lib/skiff" && pwd)/crew-session
  # in place of util-linux's: tells how it was called
  printf '#!/bin/sh\necho "key $CREW_KEY"\nprintf "[%%s]" "$@"\nexit 7\n' >"$place/setpriv"
  chmod 755 "$place/setpriv"
  cat >"$place/with-port" <<'END'
ip link set lo up
listener=
if [ "$1" = open ]; then
  perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalAddr => "127.0.0.1:2222", Listen => 1) or die; sleep 30' &
  listener=$!
  sleep 1
fi
shift
"$@"
status=$?
[ -z "$listener" ] || kill "$listener"
exit $status
END
}
teardown() { remove_place; }

# Runs it with Crew's port as $1 says (open, closed), in a network of its own; the rest: its arguments
crew_session() {
  run on_board 'mount --bind "$1" /usr/bin/setpriv; shift; exec unshare --net sh "$@"' \
    "$place/setpriv" "$place/with-port" "$1" "$session" "${@:2}"
}

@test 'hands over the command as one word, and the key that was shown' {
  export SSH_ORIGINAL_COMMAND="git-receive-pack 'a  b'; id"
  crew_session open -c SHA256:abc
  [ "$status" = 7 ]
  [[ "$output" == *'key SHA256:abc'* ]]
  [[ "$output" == *"[-p][2222][-T]"* ]]
  [[ "$output" == *"[127.0.0.1][--][git-receive-pack 'a  b'; id]" ]]
}

@test 'asks for a terminal when the client has one' {
  export SSH_TTY=/dev/pts/0 SSH_ORIGINAL_COMMAND=-v
  crew_session open -c SHA256:abc
  [[ "$output" == *'[-tt]'*'[127.0.0.1][--][-v]' ]]
}

@test 'says that Crew does not run when nobody listens' {
  crew_session closed -c SHA256:abc
  [ "$status" = 1 ]
  [[ "$output" == *'Crew does not run on this board (yet)'*'skiff status says why'* ]]
  [[ "$output" != *'key SHA256'* ]]
}

@test 'is no shell' {
  crew_session open
  [ "$status" = 1 ]
  [[ "$output" == *'for pushes and commands only'* ]]
}
