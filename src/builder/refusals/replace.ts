// Steps that only fetch a small helper, and what does the same from the distribution's packages.
import { type Platform, parsePlatform } from '../../core/platform.ts'
import type { Dockerfile } from '../dockerfile/read.ts'
import { fetchedBy } from './downloads.ts'
import { type Helper, helpers, isAt } from './publishers.ts'
import type { Refusal } from './refusal.ts'
import type { Deed } from './shell/state.ts'
import { HOLE } from './shell/value.ts'
import { followSteps, type Step } from './steps.ts'

/** Every helper is published for it, so what a step does there is all that it ever does. */
const EVERYTHING: Platform = parsePlatform('linux/amd64')

/** What a step may do besides and still be only about a helper. */
const BESIDE = new Set(
  `apt-get apt-mark apk rm mkdir chmod chown gpg gpg2 gpgconf gpg-agent dirmngr mktemp sha256sum sha512sum echo printf
   curl wget command which type tar awk cut grep sed sleep kill pkill gosu tini su-exec dumb-init . : true cd mv ln
   update-ca-certificates`.split(/\s+/),
)

/** What steps do where every helper is published for. */
export const followPublished = (dockerfile: Dockerfile): Step[] => followSteps(dockerfile, EVERYTHING)

/**
 * The instruction that does the same as a step from the distribution's packages.
 * @param steps of followPublished
 * @returns undefined where it does anything else besides
 */
export function replacementOf(step: Step, steps: readonly Step[]): string | undefined {
  const published = steps.find(({ instruction }) => instruction === step.instruction)
  if (!published) return undefined
  const runs = published.deeds.filter((deed) => deed.kind === 'runs')
  const fetched = published.deeds.flatMap(fetchedBy)
  const used = helpers.filter(({ urls }) => fetched.some(({ text }) => isAt(text, urls)))
  const [helper] = used
  const others = fetched.filter(({ text }) => !used.some(({ urls }) => isAt(text, urls)))
  if (!helper || used.length > 1 || others.length > 0 || !runs.every(({ name }) => BESIDE.has(name)))
    return undefined
  const target = targetOf(runs, helper)
  const packages = packagesOf(runs)
  if (target === undefined || packages === undefined) return undefined
  return written(helper, target, packages, step.script)
}

function written(
  helper: Helper,
  target: string,
  packages: readonly string[],
  script: string,
): string | undefined {
  const apk = /\bapk\b/.test(script)
  const apt = /\b(?:apt-get|dpkg)\b/.test(script)
  const name = apk ? helper.alpine : helper.debian
  if (name === null || apk === apt) return undefined
  const all = [...new Set([...packages, name])].join(' ')
  const install = apk
    ? `apk add --no-cache ${all}`
    : `apt-get update && apt-get install -y --no-install-recommends ${all} && rm -rf /var/lib/apt/lists/*`
  // a link only where it is not the program itself
  return `RUN ${install} && { [ -e ${target} ] || ln -s "$(command -v ${helper.name})" ${target}; }`
}

/** Where the helper is put: `-O file`, `-o file`. */
function targetOf(runs: readonly Extract<Deed, { kind: 'runs' }>[], { urls }: Helper): string | undefined {
  for (const { args } of runs) {
    const url = args.find(({ text }) => isAt(text, urls))
    if (!url || /\.(?:asc|sha\d+(?:sum)?)$/.test(url.text)) continue
    const option = args.findIndex(
      ({ text }) => /^-\w*[oO]$/.test(text) || text === '--output' || text === '--output-document',
    )
    const target = option === -1 ? undefined : args[option + 1]?.text
    if (target !== undefined && /^\/[\w./-]+$/.test(target)) return target
  }
  return undefined
}

/** Packages that stay installed for what comes later. @returns undefined where their names are not all known */
function packagesOf(runs: readonly Extract<Deed, { kind: 'runs' }>[]): string[] | undefined {
  const packages: string[] = []
  for (const { name, args } of runs) {
    if (name !== 'apt-get' && name !== 'apk') continue
    const words = args.map(({ text }) => text)
    if (!words.includes('install') && !words.includes('add')) continue
    if (words.some((word) => word.includes(HOLE))) return undefined
    packages.push(...words.filter((word) => /^[a-z0-9][\w.+-]*$/.test(word)))
  }
  return packages.filter((word) => word !== 'install' && word !== 'add')
}

/** Puts replacements in the place of the steps they are for. @param text that `dockerfile` was read from */
export function applyReplacements(
  text: string,
  dockerfile: Pick<Dockerfile, 'stages' | 'lineOf'>,
  refusals: readonly Refusal[],
): string {
  const edits = new Map<number, { start: number; end: number; by: string }>()
  for (const { start, end, line } of dockerfile.stages.flatMap(({ instructions }) => instructions)) {
    const last = dockerfile.lineOf(Math.max(start, end - 1))
    const found = refusals.find(
      (one) => one.replacement !== undefined && one.line >= line && one.line <= last,
    )
    if (found?.replacement !== undefined) edits.set(start, { start, end, by: found.replacement })
  }
  let result = ''
  let from = 0
  for (const { start, end, by } of [...edits.values()].toSorted((a, b) => a.start - b.start)) {
    result += text.slice(from, start) + by
    from = end
  }
  return result + text.slice(from)
}
