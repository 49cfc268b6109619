// Steps that add a package repository of somebody other than the distribution.
import type { Architecture } from '../../core/platform.ts'
import { hostOf } from './downloads.ts'
import { findPublisher, publishers, publishesFor } from './publishers.ts'
import type { Finding } from './refusal.ts'
import type { Deed } from './shell/state.ts'
import { HOLE } from './shell/value.ts'
import type { Step } from './steps.ts'

interface Repository {
  readonly url: string
  /** As the line itself limits it, in the distribution's names. */
  readonly architectures: readonly string[] | undefined
}

/** The distributions' own, under whatever mirror. */
const OWN =
  /(?:^|\.)(?:debian\.org|ubuntu\.com|alpinelinux\.org|fedoraproject\.org|centos\.org|redhat\.com|kali\.org)$/
const SAYS = new Set(['echo', 'printf'])
const NOTHING_ELSE = new Set(['sed', 'grep', 'git', 'rm', 'gpg', 'find'])

export function findRepositories(step: Step, of: Architecture): Finding[] {
  const findings: Finding[] = []
  let said: readonly string[] = []
  for (const deed of step.deeds) {
    if (deed.kind !== 'runs' || NOTHING_ELSE.has(deed.name)) continue
    // `echo … | tee -a <file>`: what is written comes from the command before
    const piped = deed.name === 'tee' ? said : []
    said = SAYS.has(deed.name) ? deed.args.map(({ text }) => text) : []
    for (const repository of repositoriesOf(piped.length > 0 ? { ...deed, input: piped } : deed)) {
      const found = judge(repository, of, deed)
      if (found) findings.push(found)
    }
  }
  for (const { text } of step.sources) {
    const found = judgeFile(text, of)
    if (found) findings.push(found)
  }
  return findings
}

/** A repository's file whose text is not at hand: its name may say whose it is. */
function judgeFile(text: string, of: Architecture): Finding | undefined {
  const [, stem] = /([^/]+)\.(?:repo|sources|list)$/.exec(text) ?? []
  if (stem === undefined) return undefined
  const publisher = publishers.find(({ name }) => name.toLowerCase() === stem.toLowerCase())
  if (publisher && publishesFor(publisher, of)) return undefined
  const why = `it adds the package repository of ${publisher?.name ?? stem.slice(0, 60)}`
  return {
    code: 'vendor-repository',
    severity: publisher ? 'blocks' : 'may-block',
    at: 0,
    subject: text,
    why: `${why}, which ${publisher ? 'has' : 'may have'} nothing for ${of.platform}`,
  }
}

function judge(
  { url, architectures }: Repository,
  of: Architecture,
  { at, certain }: Extract<Deed, { kind: 'runs' }>,
): Finding | undefined {
  const host = hostOf(url)
  if (OWN.test(host) && !/^neuro\./.test(host)) return undefined
  const publisher = findPublisher(url)
  const finding = { code: 'vendor-repository', at, subject: publisher?.name ?? host } as const
  const severity = certain ? 'blocks' : 'may-block'
  if (architectures && of.debian !== null && !architectures.includes(of.debian))
    return { ...finding, severity, why: `its line limits ${host} to ${architectures.join(', ')}` }
  if (publisher && !publishesFor(publisher, of))
    return {
      ...finding,
      severity,
      why: `${publisher.name} has no packages for ${of.platform} (${publisher.source})`,
    }
  if (publisher) return undefined
  const name = host.includes(HOLE) || host === '' ? 'a vendor' : host
  return {
    ...finding,
    severity: 'may-block',
    why: `the package repository of ${name} may have nothing for ${of.platform}`,
  }
}

function repositoriesOf({ name, args, input, writes }: Extract<Deed, { kind: 'runs' }>): Repository[] {
  const found: Repository[] = []
  const texts = [...args.map(({ text }) => text), ...input]
  for (const text of texts) {
    if (text.length < 10) continue
    // apt's one line
    for (const [, options = '', url = ''] of text.matchAll(
      /(?:^|\n)[ \t]*deb[ \t]+(?:\[([^\]\n]*)\][ \t]*)?([a-z]+:\/\/[^\s]+)/g,
    ))
      if (!url.startsWith('file:'))
        found.push({ url, architectures: listed(/\barch=([\w,]+)/.exec(options)?.[1]) })
    // apt's deb822 and yum's files
    for (const [, url = ''] of text.matchAll(
      /(?:^|\n)[ \t]*(?:URIs:|baseurl[ \t]*=)[ \t]*(https?:\/\/[^\s]+)/gi,
    ))
      found.push({ url, architectures: listed(/^Architectures:[ \t]*(.+)$/im.exec(text)?.[1]) })
  }
  if (writes.includes('/etc/apk/repositories') || (name === 'tee' && texts.includes('/etc/apk/repositories')))
    for (const text of texts)
      if (/^(?:@\S+ )?https?:/.test(text)) found.push(unlimited(text.replace(/^@\S+ /, '')))
  if (name === 'curl' || name === 'wget')
    for (const text of texts) if (/^https?:\/\/.*\.repo$/.test(text)) found.push(unlimited(text))
  if (name === 'add-apt-repository')
    for (const text of texts)
      if (text.startsWith('ppa:')) found.push(unlimited(`https://ppa.launchpadcontent.net/${text.slice(4)}`))
  for (const [index, text] of texts.entries()) {
    const url = texts[index + 1]
    const adds = text === '--add-repo' || (name === 'apk' && (text === '--repository' || text === '-X'))
    if (adds && url?.includes('://')) found.push(unlimited(url.replace(/^@\S+ /, '')))
  }
  // a package or a script whose work is to add a repository
  if (['rpm', 'dnf', 'yum', 'microdnf'].includes(name))
    for (const text of texts) if (/^https?:\/\/.*release.*\.rpm$/.test(text)) found.push(unlimited(text))
  return found
}

const unlimited = (url: string): Repository => ({ url, architectures: undefined })

const listed = (text: string | undefined): string[] | undefined =>
  text === undefined ? undefined : text.split(/[\s,]+/).filter((name) => name !== '')
