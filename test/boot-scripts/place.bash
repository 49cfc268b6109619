# A root of a test's own for the boot scripts: theirs is /usr/lib/skiff, /run/skiff and /mnt/persist, whatever machine
# this is, so each test has them in a mount namespace of its own. To be loaded.
# shellcheck shell=bash

overlay=$(cd "$BATS_TEST_DIRNAME/../../buildroot/configs/skiff/base/root_overlay" && pwd)

# Makes the folders that scripts of this test see as /run, /mnt/persist, /root and /usr/lib/skiff.
make_place() {
  place=$(mktemp -d)
  mkdir -p "$place"/{run/skiff/notes,persist/skiff,root,bin,rtc,net}
  # BusyBox is what the board has
  local name
  for name in sh awk sed grep head tail tr cut wc cat date dd df sync xxd timeout touch mv rm mkdir chmod sort basename dirname; do
    ln -s "$(command -v busybox)" "$place/bin/$name"
  done
  echo rw >"$place/run/skiff/persist"
}

remove_place() { rm -rf "$place"; }

# Runs sh code, as the board would, with what the test prepared; the words of the boot scripts are there.
# $1 the code, the rest: its arguments
on_board() {
  local code=$1
  shift
  unshare --mount --propagation private sh -c '
    place=$1 overlay=$2 code=$3
    shift 3
    mount -t tmpfs tmpfs /mnt && mkdir /mnt/persist && mount --bind "$place/persist" /mnt/persist &&
      mount --bind "$place/root" /root && mount --bind "$place/run" /run || exit 99
    # /usr is not ours: the folder is laid over one that every machine has
    mount -t tmpfs tmpfs /srv && mkdir -p /srv/upper/skiff /srv/work &&
      cp -r "$overlay/usr/lib/skiff/." /srv/upper/skiff/ &&
      mount -t overlay -o lowerdir=/usr/lib,upperdir=/srv/upper,workdir=/srv/work overlay /usr/lib || exit 99
    [ ! -e "$place/clock-epoch" ] || cp -p "$place/clock-epoch" /usr/lib/clock-epoch
    PATH="$place/bin:$PATH" exec "$place/bin/sh" -c "$code" sh "$@"
  ' sh "$place" "$overlay" "$code" "$@"
}

# A command of the board that a test answers for. $1 name, stdin: its sh code
answer_for() {
  { echo '#!/bin/sh'; cat; } >"$place/bin/$1.new"
  chmod 755 "$place/bin/$1.new"
  mv -f "$place/bin/$1.new" "$place/bin/$1"
}
