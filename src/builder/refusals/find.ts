// Finds the steps of a Dockerfile that will refuse an architecture, before an hour of building is spent on them.
import { type Architecture, architectureOf, findArchitecture, type Platform } from '../../core/platform.ts'
import type { Dockerfile } from '../dockerfile/read.ts'
import { findDownloads } from './downloads.ts'
import { findPackages } from './packages.ts'
import { sources } from './publishers.ts'
import type { Finding, Refusal } from './refusal.ts'
import { followPublished, replacementOf } from './replace.ts'
import { findRepositories } from './repositories.ts'
import { followSteps, type Step } from './steps.ts'

const LONGEST_QUOTE = 90

/** Only steps of stages that the target needs. In the order of the file. */
export function findRefusals(dockerfile: Dockerfile, platform: Platform): Refusal[] {
  const of = architectureOf(platform)
  const refusals = findForeignTarget(dockerfile, platform)
  let published: Step[] | undefined
  for (const step of followSteps(dockerfile, platform)) {
    const findings = judgeStep(step, of)
    const blocks = findings.some(({ severity }) => severity === 'blocks')
    if (blocks && step.script !== '') published ??= followPublished(dockerfile)
    const replacement = published && blocks ? replacementOf(step, published) : undefined
    for (const finding of findings) refusals.push(placed(finding, step, replacement))
  }
  return refusals
}

/** The image itself is what its last stage is, whatever is asked for. */
function findForeignTarget({ stages }: Dockerfile, platform: Platform): Refusal[] {
  const target = stages.findLast(({ needed }) => needed)
  if (!target?.platform || findArchitecture(target.platform)?.platform === platform) return []
  return [
    {
      code: 'foreign-stage',
      severity: 'blocks',
      line: target.line,
      text: `FROM --platform=${target.platform}`,
      why: `it makes an image for ${target.platform}, whatever is asked for`,
      offers: ['take --platform away from the FROM of the last stage'],
    },
  ]
}

/** One step is told once about each subject, and the worst of it. */
function judgeStep(step: Step, of: Architecture): Finding[] {
  const findings = [
    ...findDecisions(step, of),
    ...findDownloads(step, of),
    ...findRepositories(step, of),
    ...findPackages(step, of),
  ]
  const worst = new Map<string, Finding>()
  for (const finding of findings) {
    const key = `${finding.code} ${finding.subject}`
    if (worst.get(key)?.severity !== 'blocks') worst.set(key, finding)
  }
  return [...worst.values()]
}

/** Where a script itself asks for the architecture and gives up. */
function findDecisions({ deeds }: Step, of: Architecture): Finding[] {
  return deeds.flatMap((deed): Finding[] =>
    deed.kind !== 'refuses'
      ? []
      : [
          {
            code: 'architecture-case',
            severity: deed.certain ? 'blocks' : 'may-block',
            at: deed.cause,
            subject: 'case',
            why: `it asks for the architecture and gives up on ${of.platform}`,
          },
        ],
  )
}

function placed({ code, severity, at, why }: Finding, step: Step, replacement: string | undefined): Refusal {
  const line = step.script === '' ? step.instruction.line : step.lineOf(at)
  const offers = sources
    .filter(({ mentions }) => step.script.includes(mentions))
    .map(({ offer }) => offer)
    .concat('give the image another source: scratch:source add <image> <git-url>')
  const refusal = { code, severity, line, text: quote(step, at), why, offers }
  if (replacement === undefined || severity !== 'blocks') return refusal
  return { ...refusal, offers: ['take it from the distribution instead', ...offers], replacement }
}

function quote({ script, instruction }: Step, at: number): string {
  const text = script === '' ? instruction.source.text : script.slice(at)
  const line = text.slice(0, 400).split('\n')[0] ?? ''
  const quoted = line.replace(/\s+/g, ' ').trim()
  return quoted.length > LONGEST_QUOTE ? `${quoted.slice(0, LONGEST_QUOTE)}…` : quoted
}
