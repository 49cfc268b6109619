#!/usr/bin/env bats
# A file system whose superblock is lost is found by the copy of it.
load place
setup() { make_place; }
teardown() { remove_place; }

# A file system in the file disk. $1 label, $2 block size, $3 MB
disk() {
  truncate -s "$3M" "$place/persist/disk"
  /usr/sbin/mke2fs -q -t ext4 -b "$2" -L "$1" "$place/persist/disk"
}
lose_superblock() { dd if=/dev/zero of="$place/persist/disk" bs=1024 seek=1 count=1 conv=notrunc status=none; }
backup() { run on_board '. /usr/lib/skiff/disks.sh; backup_labelled /mnt/persist/disk "$1"' "$1"; }

@test 'the copy of a superblock is found for blocks of 1 and of 4 KiB' {
  disk persist 1024 32
  lose_superblock
  backup persist
  [ "$status" -eq 0 ]
  [ "$output" = 8193:1024 ]
  rm "$place/persist/disk"
  disk persist 4096 160
  lose_superblock
  backup persist
  [ "$status" -eq 0 ]
  [ "$output" = 32768:4096 ]
}

@test 'with what it prints e2fsck mends the disk' {
  disk persist 1024 32
  lose_superblock
  backup persist
  run /usr/sbin/e2fsck -y -b "${output%:*}" -B "${output#*:}" "$place/persist/disk"
  [ "$status" -lt 4 ]
  run /usr/sbin/e2fsck -fn "$place/persist/disk"
  [ "$status" -eq 0 ]
}

@test 'a file system of another name, and a disk of zeros or garbage, have none' {
  disk other 1024 32
  backup persist
  [ "$status" -ne 0 ]
  [ -z "$output" ]
  truncate -s 0 "$place/persist/disk"
  truncate -s 32M "$place/persist/disk"
  backup persist
  [ "$status" -ne 0 ]
  [ -z "$output" ]
  head -c 40000000 /dev/urandom >"$place/persist/disk"
  backup persist
  [ "$status" -ne 0 ]
  [ -z "$output" ]
}

@test 'a disk that is too small for a copy has none' {
  head -c 4096 /dev/zero >"$place/persist/disk"
  backup persist
  [ "$status" -ne 0 ]
}
