// Packages that distributions build for some architectures only, and packages of another architecture.
import type { Architecture } from '../../core/platform.ts'
import { namedArchitectures, runnable } from './names.ts'
import type { Finding } from './refusal.ts'
import type { Step } from './steps.ts'

const INSTALLERS = new Set(['apt-get', 'apt', 'aptitude', 'apk', 'dnf', 'yum', 'microdnf'])
/** Libraries and compilers for 32-bit programs on 64-bit processors; both distributions have them for x86. */
const X86_ONLY = /^(?:g(?:cc|\+\+)(?:-\d+)?-multilib|libc6(?:-dev)?-(?:i386|x32)|lib32[\w.+-]+)$/

export function findPackages(step: Step, of: Architecture): Finding[] {
  const findings: Finding[] = []
  for (const deed of step.deeds) {
    if (deed.kind !== 'runs' || !INSTALLERS.has(deed.name)) continue
    const [action] = deed.args.filter(({ text }) => !text.startsWith('-'))
    if (action?.text !== 'install' && action?.text !== 'add') continue
    for (const { text } of deed.args) {
      const missing = missingFor(text, of)
      if (missing === undefined) continue
      const severity = deed.certain ? 'blocks' : 'may-block'
      findings.push({ code: 'package-missing', severity, at: deed.at, subject: text, why: missing })
    }
  }
  return findings
}

function missingFor(name: string, of: Architecture): string | undefined {
  const [, wanted] = /^[a-z0-9][\w.+-]*:(\w+)$/.exec(name) ?? []
  const named = wanted === undefined ? [] : namedArchitectures(wanted)
  const runs = runnable(of)
  if (named.length > 0 && !named.some((library) => runs.has(library)))
    return `it installs ${name}, a package for ${named[0]}`
  const x86 = of.library === 'amd64' || of.library === 'i386'
  return !x86 && X86_ONLY.test(name) ? `the distribution has no ${name} for ${of.platform}` : undefined
}
