// scratch:plan and scratch:build: how an image is had that nobody publishes for the board, and making it.
import { isAbsolute } from 'node:path'
import { planJson, planLines, planSummary } from '../builder/scratch/describe.ts'
import { isBlocked, type Plan } from '../builder/scratch/plan.ts'
import { isDay } from '../core/day.ts'
import { failure } from '../core/errors.ts'
import { familiar, parseImageReference } from '../core/image-reference.ts'
import { type Platform, parsePlatform } from '../core/platform.ts'
import type { Report } from '../core/report.ts'
import { silent } from '../core/report.ts'
import { type Call, type Command, declare, flag, many, optional, valued } from './command.ts'
import { columns, format, json } from './format.ts'

/** As `crew scratch:plan` ends when a plan is blocked. */
const BLOCKED = 3

const imageName = (text: string) => familiar(parseImageReference(text))

function parseFolder(text: string): string {
  if (isAbsolute(text)) return text
  throw failure('value-invalid', {
    what: 'folder',
    value: JSON.stringify(text.slice(0, 80)),
    rule: 'an absolute path, for it is the daemon that reads it: "$PWD/official-images"',
  })
}

function parseDay(text: string): string {
  if (isDay(text)) return text
  throw failure('value-invalid', {
    what: 'date',
    value: JSON.stringify(text.slice(0, 20)),
    rule: 'YYYY-MM-DD',
  })
}

const arch = valued(
  'platform',
  'What it is for, such as linux/arm64 or armhf; the engine’s by default.',
  parsePlatform,
  'a',
)
const noSubstitutes = flag('No other image may stand in for one that cannot be made.')
const date = valued('date', 'Day of the files in a root file system, YYYY-MM-DD; today by default.', parseDay)

/** Lines of a plan, as a person reads them. */
function showPlan(plan: Plan, report: Report): void {
  report.heading(`Plan for ${plan.platform}: ${planSummary(plan)}`)
  for (const { kind, text } of planLines(plan)) {
    if (kind === 'node') report.step(text)
    else if (kind === 'reason') report.line(text)
    else report.warn(kind === 'offer' ? `  ${text}` : text)
  }
}

interface Wanted {
  readonly arch?: Platform | undefined
  readonly date?: string | undefined
  readonly 'no-substitutes'?: true | undefined
  readonly fresh?: true | undefined
}

async function openSession(
  { context, actor }: Pick<Call, 'context' | 'actor'>,
  wanted: Wanted,
  report: Report,
) {
  const { signal } = actor
  const target = await context.places.at(undefined, signal)
  const scratch = await context.scratch()
  const platform = wanted.arch ?? target.platform
  return scratch.open({
    target,
    platform,
    substitutes: wanted['no-substitutes'] !== true && context.settings['scratch-substitutes'] === 'on',
    fresh: wanted.fresh === true,
    date: wanted.date,
    report,
    signal,
  })
}

const plan = declare({
  name: 'scratch:plan',
  summary: 'Shows how an image is had for a platform, and what stands in its way; exit 3 if it cannot be.',
  arguments: [optional('image', 'Name of an image, such as node:24-alpine.', imageName)],
  options: {
    arch,
    'no-substitutes': noSubstitutes,
    library: valued(
      'folder',
      'Judges by this checkout of the official library, without engine and network.',
      parseFolder,
    ),
    sources: valued('folder', 'With --library: where the clones of its repositories are.', parseFolder),
    all: flag('With --library: every image of it, and a summary.'),
    format,
  },
  access: 'any',
  async handler(call) {
    const { args, options, report, write, session } = call
    const asJson = options.format === 'json'
    if (options.library !== undefined) {
      if (session.who !== 'local')
        throw failure('usage', {
          problem:
            'scratch:plan --library reads folders of the machine, so it works on the machine itself only',
          usage: 'crew scratch:plan --library <folder> --all --arch <platform>',
        })
      const { judge } = await import('./scratch-library.ts')
      return judge(
        { ...call, library: options.library, sources: options.sources, image: args.image },
        options,
      )
    }
    if (args.image === undefined)
      throw failure('usage', {
        problem: 'scratch:plan needs <image>',
        usage: 'scratch:plan <image> [--arch <platform>]',
      })
    await using opened = await openSession(call, options, asJson ? silent : report)
    const found = await opened.plan([{ reference: args.image, platform: undefined }])
    if (asJson) await write(json(planJson(found)))
    else showPlan(found, report)
    return found.nodes.some(isBlocked) ? BLOCKED : 0
  },
})

const build = declare({
  name: 'scratch:build',
  summary: 'Makes images for a platform, with all they are built on.',
  arguments: [many('image', 'Names of images.', imageName)],
  options: {
    arch,
    date,
    fresh: flag('Makes everything anew, also what is there.'),
    'no-substitutes': noSubstitutes,
  },
  access: 'any',
  async handler(call) {
    const { args, options, report } = call
    await using opened = await openSession(call, options, report)
    const found = await opened.plan(args.image.map((reference) => ({ reference, platform: undefined })))
    showPlan(found, report)
    if (found.nodes.some(isBlocked)) return BLOCKED
    const made = await opened.make(found)
    for (const id of found.roots) {
      const result = made.get(id)
      const name = id.split('|')[0] ?? id
      if (result)
        report.heading(
          `${name} for ${found.platform} is ${result.tag ?? name} (${result.image.slice(7, 19)})`,
        )
    }
    return 0
  },
})

const source = declare({
  name: 'scratch:source',
  summary:
    'Says where images are made: add <image> <git-url>[#<ref>[:<directory>]], remove <image>, or list.',
  arguments: [
    optional('action', 'add, remove or list.', (text) => text),
    optional('image', 'Name of an image; without a tag it stands for all of its tags.', (text) => text),
    optional(
      'url',
      'Git address, then #<branch, tag or commit>:<directory> where the Dockerfile is.',
      (text) => text,
    ),
  ],
  options: { format },
  access: 'any',
  async handler({ args, options, context, report, write }) {
    const { imageSources } = context.store
    const { changeSource } = await import('./scratch-source.ts')
    const { action = 'list' } = args
    if (action !== 'list')
      return changeSource(imageSources, { action, image: args.image, url: args.url }, report)
    const list = imageSources.list()
    if (options.format === 'json') return void (await write(json(list.map((each) => ({ ...each })))))
    await write(`=====> Sources of images\n${columns(list.map(({ image, url }) => [image, url]))}`)
  },
})

export const scratchCommands: readonly Command[] = [plan, build, source]
