// What an install does to a boot partition, as values: decided before anything is written. Pure.
import { failure } from '../../core/errors.ts'
import { formatSize } from '../../core/units.ts'
import type { Board } from './boards.ts'
import { bootIni, extlinuxConf, type Pointers, piConfig, type SetOnCard } from './boot-config.ts'
import type { CardManifest } from './on-card.ts'
import type { CardSet, SourceFile } from './set.ts'

/** What was seen on the boot partition. */
export interface Seen {
  /** Folders of sets, whole or not. */
  readonly sets: readonly string[]
  /** The one that the card starts. */
  readonly starting: string | undefined
  /** The one that was there before that, when the card still knows. */
  readonly previous: string | undefined
  /** Manifests of the sets that have one. */
  readonly manifests: ReadonlyMap<string, CardManifest>
  /** Files at the top of the partition, and the text that leads to the set that starts. */
  readonly top: readonly string[]
  readonly pointer: string
  /** Paths of the new set's files that are there already with the right content. */
  readonly there: ReadonlySet<string>
  readonly freeBytes: number
  /** Bytes that each set on the card takes. */
  readonly taken: ReadonlyMap<string, number>
  /** What a file of so many bytes takes. */
  readonly bytesFor: (size: number) => number
}

export type Step =
  | { readonly kind: 'remove'; readonly path: string; readonly why: string }
  | { readonly kind: 'write'; readonly file: SourceFile }
  /** Reads the new set back from the card. */
  | { readonly kind: 'verify'; readonly folder: string }
  /** Writes the pieces before the first partition that differ. */
  | { readonly kind: 'bootloader' }
  /** Makes a file lead to the new set. */
  | { readonly kind: 'point'; readonly path: string; readonly text: string }

export interface InstallPlan {
  readonly steps: readonly Step[]
  /** The old set cannot stay beside the new one: from its removal to the end, the card starts nothing. */
  readonly exposed: boolean
  /** Bytes to be written to the boot partition. */
  readonly bytes: number
}

/** Clusters for folders and what they grow by. */
const FOLDERS = 2 ** 18

/**
 * Decides.
 * @throws card-full when the new set does not fit even alone
 */
export function planInstall(set: CardSet, board: Board, seen: Seen): InstallPlan {
  const files = [...set.firmware.values(), ...set.files].filter(({ path }) => !seen.there.has(path))
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  const needed =
    files.reduce((sum, { size }) => sum + seen.bytesFor(size), 0) + (files.length > 0 ? FOLDERS : 0)
  const { starting } = seen
  // whatever starts now stays, or, of a set that is installed once more, what was there before it
  const other = starting === set.folder ? seen.previous : starting
  const stale = seen.sets.filter((folder) => folder !== set.folder && folder !== other)
  const takenBy = (folders: readonly string[]) =>
    folders.reduce((sum, folder) => sum + (seen.taken.get(folder) ?? 0), 0)
  const room = seen.freeBytes + takenBy(stale)
  const old = seen.sets.filter((folder) => folder === other)
  const exposed = room < needed && old.length > 0
  const most = room + (exposed ? takenBy(old) : 0)
  if (most < needed)
    throw failure('card-full', {
      free: formatSize(most),
      needed: formatSize(needed),
      hint: 'format the card with a larger boot partition (--boot-size), or make the image smaller',
    })
  const remove = (why: string) => (path: string) => ({ kind: 'remove' as const, path, why })
  const kept = exposed || other === undefined ? undefined : seen.manifests.get(other)
  const previous = kept && other !== undefined ? asSet(other, kept) : undefined
  const pointers = { board, set: ownSet(set), previous, piLines: set.piLines, firmware: namesOf(set) }
  return {
    steps: [
      ...stale.map(remove('it neither starts nor is to start')),
      ...staleFirmware(set, seen).map(remove('no image needs it')),
      ...(exposed ? old.map(remove('there is no room for two')) : []),
      ...files.map((file) => ({ kind: 'write' as const, file })),
      { kind: 'verify', folder: set.folder },
      { kind: 'bootloader' },
      ...pointerSteps(pointers),
    ],
    exposed,
    bytes,
  }
}

/** The file that counts is last. */
function pointerSteps(pointers: Pointers): Step[] {
  if (pointers.board.starter === 'pi')
    return [{ kind: 'point', path: 'config.txt', text: piConfig(pointers) }]
  const ini = bootIni(pointers)
  return [
    ...(ini === undefined ? [] : [{ kind: 'point' as const, path: 'boot.ini', text: ini }]),
    { kind: 'point', path: 'extlinux/extlinux.conf', text: extlinuxConf(pointers) },
  ]
}

const ownSet = ({ folder, files, commandLine }: CardSet): SetOnCard => ({
  folder,
  files: files.map(({ path }) => path.slice(folder.length + 1)),
  commandLine,
})

const namesOf = ({ firmware }: CardSet): Map<string, string> =>
  new Map([...firmware].map(([name, { path }]) => [name, path]))

const asSet = (folder: string, { files, commandLine }: CardManifest): SetOnCard => ({
  folder,
  files: files.map(({ name }) => name),
  commandLine,
})

/** Firmware that was brought by sets which are gone: neither the new set nor what starts now names it. */
function staleFirmware({ firmware }: CardSet, { top, pointer }: Seen): string[] {
  const own = new Set([...firmware.values()].map(({ path }) => path))
  return top.filter(
    (name) =>
      /^(start|fixup).*-[0-9a-f]{8}\.(elf|dat)$/.test(name) && !own.has(name) && !pointer.includes(name),
  )
}
