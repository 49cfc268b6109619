// scratch:plan --library: what of the official library runs on a board, judged without one.
import { Library } from '../builder/library/library.ts'
import { cloneIn } from '../builder/scratch/clones.ts'
import { type CoverageSummary, judgeLibrary, summaryOf } from '../builder/scratch/coverage.ts'
import { folderLibrary } from '../builder/scratch/library-world.ts'
import { failure } from '../core/errors.ts'
import { type Platform, parsePlatform } from '../core/platform.ts'
import type { Call } from './command.ts'
import { field, json, reportText } from './format.ts'

type Judging = Pick<Call, 'context' | 'actor' | 'report' | 'write'> & {
  readonly library: string
  readonly sources: string | undefined
  readonly image: string | undefined
}

interface Options {
  readonly arch?: Platform | undefined
  readonly all?: true | undefined
  readonly format?: 'stdout' | 'json' | undefined
  readonly 'no-substitutes'?: true | undefined
}

/** @returns the exit status: 3 when the one image that was asked for is blocked */
export async function judge(judging: Judging, options: Options): Promise<number> {
  const { library: checkout, sources, image, context, actor, report, write } = judging
  const platform = options.arch ?? parsePlatform((await context.places.at(undefined, actor.signal)).platform)
  const library = new Library(folderLibrary(checkout))
  const names = await library.names().catch((error: unknown) => {
    throw failure(
      'not-found',
      { what: 'library', name: checkout, hint: 'give the folder of a checkout' },
      error,
    )
  })
  if (!options.all && image === undefined)
    throw failure('usage', {
      problem: 'scratch:plan needs <image>, or --all',
      usage: 'scratch:plan --library <folder> --all',
    })
  const asJson = options.format === 'json'
  const scratch = await context.scratch()
  const began = performance.now()
  const all = await judgeLibrary({
    library,
    only: options.all ? undefined : image,
    platform,
    clone: (repository) =>
      (sources === undefined ? undefined : cloneIn(sources, repository)) ?? scratch.sources.there(repository),
    substitutes: options['no-substitutes'] !== true,
    today: new Date().toISOString().slice(0, 10),
    onProgress: (done, of) => {
      if (!asJson) report.step(`${done} of ${of} entries judged`)
    },
    signal: actor.signal,
  })
  if (all.length === 0 && !options.all)
    throw failure('not-found', {
      what: 'image',
      name: image ?? '',
      hint: `the library in ${checkout} has no such image, or no such tag of it`,
    })
  const summary = summaryOf(platform, all)
  const seconds = Number(((performance.now() - began) / 1000).toFixed(1))
  if (asJson) {
    const entries = all.map((entry) => ({
      ...entry,
      substitutes: [...entry.substitutes],
      blockers: entry.blockers.map((blocker) => ({ ...blocker })),
    }))
    await write(json({ summary: { ...summary, blockers: { ...summary.blockers } }, seconds, entries }))
  } else {
    for (const entry of options.all ? [] : all) {
      report.step(`${entry.image}:${entry.tag} for ${platform}: ${entry.verdict}`)
      for (const { image: where, problem } of entry.blockers) report.warn(`${where}: ${problem}`)
    }
    await write(summaryText(summary, names.length, seconds))
  }
  return !options.all && all.some(({ verdict }) => verdict === 'blocked') ? 3 : 0
}

function summaryText(summary: CoverageSummary, images: number, seconds: number): string {
  const { platform, entries, published, missing, planned, mayBlock, blocked, withSubstitute, exact } = summary
  return reportText(`${images} images for ${platform}, judged in ${seconds} s`, [
    field('entries', 'Entries', entries),
    field('published', 'Published', published),
    field('missing', 'Missing', missing),
    field('planned', 'Of those, a plan', planned),
    field('withSubstitute', '  with a substitute', withSubstitute),
    field('mayBlock', '  a step that may refuse', mayBlock),
    field('blocked', '  blocked', blocked),
    field('exact', '  judged at the pinned commit', exact),
    ...Object.entries(summary.blockers).map(([code, count]) => field(code, `  blocked by ${code}`, count)),
  ])
}
