// skiff configure and skiff compile.
import { formatSize } from '../../core/units.ts'
import { assemblerOf, assemblers } from '../assemblers.ts'
import type { Context } from '../context.ts'
import { compile, tellLayers, tellSteps } from '../workspace/compile.ts'
import { look, writeDown } from '../workspace/configure.ts'
import { workspacePaths } from '../workspace/workspace.ts'
import { type ImageCommand, json, jsonOption } from './command.ts'
import { inWorkspace } from './in-workspace.ts'

const assemblerOption = {
  assembler: { doc: `What makes the image: ${Object.keys(assemblers).join(' or ')}.`, placeholder: 'name' },
} as const

/** `--assembler` is the setting SKIFF_ASSEMBLER said on the line. @throws not-found */
function withAssembler(context: Context, name: string | boolean | undefined): Context {
  if (typeof name !== 'string') return context
  assemblerOf(name)
  return { ...context, env: { ...context.env, SKIFF_ASSEMBLER: name } }
}

export const configureCommand: ImageCommand = {
  name: 'configure',
  summary: 'Joins the layers of the chain, and says what a compile would make anew and why.',
  words: '',
  count: [0, 0],
  options: { ...jsonOption, ...assemblerOption },
  async run({ context: given, options }) {
    const context = withAssembler(given, options.assembler)
    const { report, signal } = context
    const { opened, seen, written } = await inWorkspace(context, async (opened) => {
      const seen = await look(opened, signal)
      return { opened, seen, written: await writeDown(opened, seen) }
    })
    const { workspace, layers, steps } = seen
    const { config } = workspacePaths(workspace.folder)
    if (options.json) {
      context.write(
        json({
          workspace: workspace.name,
          chain: workspace.chain,
          options: opened.options,
          config,
          steps,
          overrides: layers.overrides,
          warnings: layers.warnings,
        }),
      )
      return 0
    }
    report.heading(`workspace ${workspace.name}: ${workspace.chain.asked.join(',')}`)
    tellLayers(seen, report)
    report.step(`${config}: ${written.length === 0 ? 'as it was' : `written: ${written.join(', ')}`}`)
    if (layers.overrides.length > 0)
      report.line(
        `${layers.overrides.length} times a layer overrides another; skiff configs explain <SYMBOL> shows which`,
      )
    if (steps.length === 0) report.step('nothing changed since the last compile')
    else tellSteps(steps, report)
    return 0
  },
}

export const compileCommand: ImageCommand = {
  name: 'compile',
  summary: 'Configures, then makes what changed.',
  words: '',
  count: [0, 0],
  options: {
    ...jsonOption,
    ...assemblerOption,
    force: { doc: 'Make everything anew, also when nothing changed.' },
  },
  async run({ context: given, options }) {
    const context = withAssembler(given, options.assembler)
    const { env, report, signal } = context
    const force = options.force === true
    const load = (name: string) => assemblerOf(name).load()
    const { name, folder, steps, manifest } = await inWorkspace(context, async (opened) => ({
      name: opened.name,
      folder: opened.folder,
      ...(await compile(opened, { env, report, signal, force, load })),
    }))
    const { output } = workspacePaths(folder)
    if (options.json) context.write(json({ workspace: name, output, steps, manifest }))
    const bytes = manifest.files.reduce((sum, { size }) => sum + size, 0)
    report.step(`the image is in ${output}: ${manifest.files.length} files, ${formatSize(bytes)}`)
    return 0
  },
}
