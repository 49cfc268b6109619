// What every core has, whoever assembles it.

/** The initramfs brings it, so the core leaves it out. */
export const BUSYBOX = 'usr/bin/busybox'

/** Folders that the kernel, systemd or a person mount something on. */
export const MOUNT_POINTS = [
  'dev',
  'proc',
  'sys',
  'run',
  'tmp',
  'mnt/persist',
  'mnt/boot',
  'root',
  'var/log',
  'var/lib',
]
