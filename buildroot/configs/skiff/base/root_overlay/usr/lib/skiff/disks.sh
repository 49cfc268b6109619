# Finding and mending a file system by its label. To be sourced.
# shellcheck shell=sh
# shellcheck source=buildroot/configs/skiff/base/root_overlay/usr/lib/skiff/words.sh
. /usr/lib/skiff/words.sh

# Where a copy of the superblock of an ext file system lies: block number and block size, then the offset of the
# field of its label (ext4: s_magic at 56, s_volume_name at 120).
backups='32768:4096 8193:1024'

# Is there a copy of a superblock on $1 that calls itself $2? Prints block:size.
backup_labelled() {
  for each in $backups; do
    offset=$((${each%:*} * ${each#*:}))
    magic=$(timeout 3 dd if="$1" bs=1 skip=$((offset + 56)) count=2 2>/dev/null | xxd -p)
    label=$(timeout 3 dd if="$1" bs=1 skip=$((offset + 120)) count=16 2>/dev/null | tr -d '\0')
    [ "$magic" = 53ef ] && [ "$label" = "$2" ] && echo "$each" && return 0
  done
  return 1
}

# The device whose file system is called $1, as it is now, or as a copy of its superblock remembers it.
by_label() {
  timeout -k 1 3 findfs "LABEL=$1" 2>/dev/null
}

by_backup() {
  awk 'NR > 2 && $4 !~ /^(loop|ram|zram)/ {print $4}' /proc/partitions | while read -r name; do
    # what has another known file system, or partitions of its own, is none of ours
    [ -z "$(timeout -k 1 3 blkid "/dev/$name" 2>/dev/null)" ] || continue
    backup_labelled "/dev/$name" "$1" >/dev/null && echo "/dev/$name" && break
  done
}

# Waits for label $1, $2 seconds at most. Prints the device.
wait_for_label() {
  tries=$(($2 * 4))
  while :; do
    found=$(by_label "$1") && [ -n "$found" ] && echo "$found" && return 0
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || break
    sleep 0.25
  done
  found=$(by_backup "$1")
  [ -n "$found" ] && echo "$found"
}

# What kind of file system $1 has; its driver is loaded.
type_of() {
  type=$(timeout -k 1 3 blkid "$1" | sed -n 's/.* TYPE="\([a-z0-9]*\)".*/\1/p')
  type=${type:-ext4}
  # by its path, or it is that of BusyBox, which has no such option
  grep -qw "$type" /proc/filesystems || /usr/sbin/modprobe --quiet "$type" 2>/dev/null
  echo "$type"
}

# Checks the file system on $1: what is harmless is mended silently, then everything that can be.
mend() {
  [ -x /usr/sbin/e2fsck ] || return 0
  # what cannot be written cannot be mended
  [ "$(blockdev --getro "$1" 2>/dev/null)" != 1 ] || return 0
  magic=$(timeout 3 dd if="$1" bs=1 skip=1080 count=2 2>/dev/null | xxd -p)
  backup=
  if [ "$magic" != 53ef ]; then
    backup=$(backup_labelled "$1" persist) || return 0
  fi
  status=8
  [ -n "$backup" ] || {
    words=$(timeout -k 5 120 e2fsck -p "$1" 2>&1)
    status=$?
  }
  # 1 and 2: mended; 4 and more: there is more to it, or it is no such file system (e2fsck(8))
  [ "$status" -ge 4 ] || {
    [ "$status" = 0 ] || note persist ok "mended: $(echo "$words" | tail -n 1)"
    return 0
  }
  words=$(timeout -k 5 900 e2fsck -y ${backup:+-b "${backup%:*}" -B "${backup#*:}"} "$1" 2>&1)
  status=$?
  [ -z "$words" ] || printf '%s\n' "$words" | head -c 4096 >"$state/fsck.log"
  if [ "$status" -lt 4 ]; then
    note persist problem "$1 was damaged and has been mended; what was found is in $state/fsck.log"
  else
    note persist problem "$1 is damaged and could not be mended (e2fsck ended with $status)"
  fi
}

boot=/mnt/boot
# Mounts the boot partition, read-only, unless it is.
mount_boot() {
  grep -q " $boot " /proc/mounts && return 0
  mkdir -p "$boot"
  device=$(wait_for_label boot 10) && [ -n "$device" ] || return 1
  timeout -k 5 20 mount -t "$(type_of "$device")" -o ro "$device" "$boot"
}

# Prints where file $1 of this image is: in its own set, when there are several side by side on a card and the kernel's
# command line says which was started, else on the boot partition itself.
on_boot() {
  set=$(tr ' ' '\n' </proc/cmdline | sed -n 's/^skiff\.set=\(skiff\/[0-9a-f]*\)$/\1/p')
  for each in "$boot/${set:-none}/$1" "$boot/$1"; do
    [ -f "$each" ] && echo "$each" && return 0
  done
  return 1
}
