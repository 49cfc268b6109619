#!/usr/bin/env bats
# How long the boot waits for the right time, and why it does not.
load place
setup() {
  make_place
  touch -d '-1 day' "$place/clock-epoch"
}
teardown() { remove_place; }

# The wait on a board. $1 seconds that its own clock is ahead, or none; $2 whether its cable is in
wait_for_time() {
  # shellcheck disable=SC2016 # it is for the board
  run on_board 'mount -t tmpfs tmpfs /sys/class && mkdir -p /sys/class/net/eth0 /sys/class/net/docker0 /sys/class/rtc/rtc0
    echo "$2" >/sys/class/net/eth0/carrier; echo 1 >/sys/class/net/docker0/carrier
    [ "$1" = none ] || echo $(($(date +%s) + $1)) >/sys/class/rtc/rtc0/since_epoch
    from=$(date +%s); SKIFF_TIME_LIMIT=8 /usr/lib/skiff/time >/dev/null; echo "$(cat /run/skiff/time) $(($(date +%s) - from))"' "$@"
  how=${output% *} seconds=${output#* }
}

@test 'it ends at once when a server has answered' {
  mkdir -p "$place/run/systemd/timesync"
  touch "$place/run/systemd/timesync/synchronized"
  wait_for_time none 1
  [ "$how" = synchronized ]
  [ "$seconds" -le 2 ]
}

@test 'it ends at once when the clock of the board can be believed' {
  wait_for_time 0 1
  [ "$how" = own ]
  [ "$seconds" -le 2 ]
}

@test 'a clock of the board before the image was made, or before it was last seen, is not believed' {
  wait_for_time -200000 1
  [ "$how" = never ]
  [ "$seconds" -ge 7 ]
  [ "$seconds" -le 12 ]
  touch -d '+3 days' "$place/persist/skiff/clock"
  wait_for_time 0 1
  [ "$how" = never ]
  [ "$seconds" -ge 7 ]
}

@test 'a last time of the far future is damage, and says nothing against the clock' {
  touch -d '+20 years' "$place/persist/skiff/clock"
  wait_for_time 0 1
  [ "$how" = own ]
}

@test 'without a cable it ends sooner, but not before one could be noticed' {
  wait_for_time none 0
  [ "$how" = never ]
  [ "$seconds" -ge 4 ]
  [ "$seconds" -le 7 ]
}

@test 'what a server says while it waits ends the wait' {
  mkdir -p "$place/run/systemd/timesync"
  (sleep 3 && touch "$place/run/systemd/timesync/synchronized") 3>&- &
  wait_for_time none 1
  [ "$how" = synchronized ]
  [ "$seconds" -le 6 ]
}
