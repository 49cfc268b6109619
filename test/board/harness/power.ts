// What a board does while its power is cut, and what must be there afterwards.
import { execute } from '../../engine/harness/execute.ts'
import type { Board } from './board.ts'

export const KINDS = ['boot', 'write', 'stop', 'docker'] as const
export type Kind = (typeof KINDS)[number]

const LARGE = 200_000

/**
 * Writes to persist for ever: a counter, an override and a key, each replaced whole with what the boot scripts have for
 * it, a larger file, and files that nobody syncs. Says a number when all of that number is synced.
 */
const writer = (from: number) => `. /usr/lib/skiff/words.sh
n=${from} kept=$persist/power
mkdir -p "$kept"
cat "$persist/skiff/keys/me.pub" >/run/me.pub
while :; do
  n=$((n + 1))
  echo "$n" | write_whole "$kept/counter" 0644 || exit 1
  echo "board-$n" | write_whole "$persist/skiff/hostname" 0644 || exit 1
  write_whole "$persist/skiff/keys/me.pub" 0644 </run/me.pub || exit 1
  head -c ${LARGE} /dev/zero | tr '\\000' "$((n % 10))" | write_whole "$kept/large" 0644 || exit 1
  echo "$n"
  rm -rf "$kept/churn-$((n % 3))"
  cp -r /etc "$kept/churn-$((n % 3))"
done`

/** Fills the store of Docker with images of a few files each, and says the name of each when the engine has it. */
const filler = (from: number) => `n=${from}
timeout 150 sh -c 'until docker info >/dev/null 2>&1; do sleep 1; done'
echo ready
while :; do
  n=$((n + 1))
  tar -C /usr/lib -cf - skiff sysctl.d udev | docker import - "power:$n" >/dev/null || exit 1
  echo "$n"
done`

const COMMANDS: Readonly<Record<Exclude<Kind, 'boot'>, (from: number) => string>> = {
  write: writer,
  docker: filler,
  // something to write back, and then the end; a bare word is BusyBox's own, which systemd does not understand
  stop: (from) => `cp -r /etc "/mnt/persist/churn-stop"; systemctl ${from % 2 === 0 ? 'poweroff' : 'reboot'}`,
}

export interface Work {
  /** Waits for what the work said last, after the board was cut. @returns the last number, or `from` */
  readonly last: () => Promise<{ number: number; said: string }>
}

/** Starts work of a kind on a board, which goes on until the board is cut. */
export function work(board: Board, kind: Exclude<Kind, 'boot'>, from: number): Work {
  const running = board.sh(COMMANDS[kind](from), 300_000)
  return {
    last: async () => {
      const { stdout, stderr } = await running
      const numbers = stdout.split('\n').filter((line) => /^\d+$/.test(line))
      return { number: Number(numbers.at(-1) ?? from), said: (stdout + stderr).slice(-400) }
    },
  }
}

export interface Found {
  readonly hostKey: string
  readonly counter: number
  readonly name: number
  /** The larger file: its size, and how many of its characters are not as the first one. */
  readonly large: string
  readonly root: string
  readonly status: string
}

/** Looks at a board after a login: what is on persist, and what the boot says of it. */
export async function look(board: Board): Promise<Found> {
  const { status, stdout, stderr } = await board.sh(`cd /mnt/persist
cmp -s /etc/ssh/ssh_host_ed25519_key skiff/ssh/ssh_host_ed25519_key && sha256sum <skiff/ssh/ssh_host_ed25519_key || echo differs
cat power/counter 2>/dev/null || echo 0
sed 's/^board-//' skiff/hostname 2>/dev/null || echo 0
if [ -e power/large ]; then echo "$(wc -c <power/large) $(tr -d "$(head -c 1 power/large)" <power/large | wc -c)"; else echo none; fi
awk '$2 == "/" {print $1, $2, $3}' /proc/mounts
skiff status`)
  const [hostKey = '', counter, name, large = '', root = '', ...said] = stdout.split('\n')
  if (said.length === 0) throw new Error(`the board says (${status}): ${stdout} ${stderr}`)
  return { hostKey, counter: Number(counter), name: Number(name), large, root, status: said.join('\n') }
}

/** Whether the larger file is whole, or was never written. */
export const wholeLarge = (large: string) => large === `${LARGE} 0` || large === 'none'

/** Whether the journal of the file system on a disk has something that must be brought in. */
export async function needsRecovery(disk: string): Promise<boolean> {
  const { stdout, stderr } = await execute('/usr/sbin/dumpe2fs', ['-h', disk])
  if (!stdout.includes('Filesystem features')) throw new Error(`dumpe2fs: ${stderr}`)
  return /^Filesystem features:.*\bneeds_recovery\b/m.test(stdout)
}
