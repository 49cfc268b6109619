// Steps that fetch a program made for another architecture.
import type { Architecture } from '../../core/platform.ts'
import { foreignArchitecture, namedArchitectures } from './names.ts'
import { findPublisher, publishesFor } from './publishers.ts'
import type { Finding } from './refusal.ts'
import type { Deed } from './shell/state.ts'
import type { Value } from './shell/value.ts'
import type { Step } from './steps.ts'

/** Programs that fetch what they are given an address of. */
const FETCHERS = new Set([
  'curl',
  'wget',
  'fetch',
  'aria2c',
  'rpm',
  'dnf',
  'yum',
  'microdnf',
  'pip',
  'pip3',
  'apk',
])
/** Keys, licences and texts, which know no architecture. */
const TEXT = /\.(?:key|pub|asc|gpg|txt|json|repo|list|sh|html?)$|key|licen[sc]e/i
export const isAddress = ({ text }: Pick<Value, 'text'>): boolean => /^(?:https?|ftp):\/\//.test(text)

/** Addresses that a deed fetches from; where there is none, one that should have been chosen. */
export function fetchedBy(deed: Deed): Value[] {
  if (deed.kind !== 'runs' || !FETCHERS.has(deed.name)) return []
  const addresses = deed.args.filter(isAddress)
  return addresses.length > 0 ? addresses : deed.args.filter(({ missing }) => missing !== undefined)
}

export function findDownloads(step: Step, of: Architecture): Finding[] {
  const findings: Finding[] = []
  for (const deed of step.deeds)
    for (const url of fetchedBy(deed)) {
      const found = deed.kind === 'runs' ? judge(url, of, deed) : undefined
      if (found) findings.push(found)
    }
  for (const source of step.sources) {
    const found = isAddress(source)
      ? judge(source, of, { certain: true, vouched: false, at: 0 })
      : judgeFile(source, of)
    if (found) findings.push(found)
  }
  return findings
}

function judge(
  url: Value,
  of: Architecture,
  { certain, vouched, at }: Pick<Extract<Deed, { kind: 'runs' }>, 'certain' | 'vouched' | 'at'>,
): Finding | undefined {
  if (url.missing !== undefined)
    return {
      code: 'architecture-case',
      severity: certain ? 'blocks' : 'may-block',
      at: url.missing,
      subject: 'case',
      why: `what it downloads is chosen by the architecture, and nothing is chosen for ${of.platform}`,
    }
  const { text } = url
  // what neither names an architecture nor was made from one is judged by its publisher, unless it is no program
  if (!url.arch && TEXT.test(text) && namedArchitectures(text).length === 0) return undefined
  const publisher = findPublisher(text)
  const subject = publisher?.name ?? hostOf(text)
  const foreign = foreignArchitecture(text, of)
  const finding = { code: 'prebuilt-download', at, subject } as const
  if (foreign !== undefined) {
    const why = `it downloads a program that is made for ${foreign}`
    return { ...finding, severity: certain ? 'blocks' : 'may-block', why }
  }
  if (publisher && !publishesFor(publisher, of)) {
    const why = `${publisher.name} publishes nothing for ${of.platform} (${publisher.source})`
    return { ...finding, severity: certain ? 'blocks' : 'may-block', why }
  }
  if (url.arch && !publisher && !vouched)
    return {
      ...finding,
      severity: 'may-block',
      why: `nobody has said that ${subject} publishes for ${of.platform}`,
    }
  return undefined
}

/** A file of the repository itself. */
function judgeFile({ text }: Value, of: Architecture): Finding | undefined {
  const foreign = foreignArchitecture(text, of)
  if (foreign === undefined || text.startsWith('<<')) return undefined
  const why = `it takes ${text.slice(0, 60)} from the repository, which is made for ${foreign}`
  return { code: 'prebuilt-file', severity: 'blocks', at: 0, subject: text, why }
}

export const hostOf = (url: string): string =>
  url.replace(/^[a-z]+:\/\/(?:[^/@]*@)?/, '').split('/')[0] ?? url
