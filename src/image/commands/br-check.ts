// skiff br-check: what a Buildroot tree makes of a chain, without compiling anything.
import { ourTree } from '../buildroot/assemble.ts'
import { checkChain } from '../buildroot/br-check.ts'
import { openWorkspace, resolveWorkspace } from '../workspace/open.ts'
import { type ImageCommand, json, jsonOption } from './command.ts'

export const brCheckCommand: ImageCommand = {
  name: 'br-check',
  summary: 'Says which lines of buildroot/ a Buildroot tree does not follow, and why; compiles nothing.',
  words: '',
  count: [0, 0],
  options: { ...jsonOption },
  notes:
    'SKIFF_BUILDROOT names the tree; without it the release is fetched. Exit status 1 when something is lost.',
  async run({ context, options }) {
    const { env, report, signal } = context
    const { chain } = await resolveWorkspace(await openWorkspace(context))
    report.heading(chain.asked.join(','))
    const checked = await checkChain(chain, { env, ours: ourTree(), report, signal })
    const { asked, faults, packages, sources, buildroot, architecture } = checked
    if (options.json) context.write(json(checked))
    report.step(
      `Buildroot ${buildroot}, ${architecture}: ${asked} symbols asked for, ${faults} lost; ${packages} packages, ${sources} archives`,
    )
    return faults === 0 ? 0 : 1
  },
}
