// skiff clean: empties the workspace.
import { failure } from '../../core/errors.ts'
import { clean, toClean } from '../workspace/clean.ts'
import { lockWorkspace, workspaceFolder } from '../workspace/open.ts'
import { type ImageCommand, json, jsonOption } from './command.ts'

export const cleanCommand: ImageCommand = {
  name: 'clean',
  summary: 'Removes all that the workspace can make again; its chain and its overrides/ stay.',
  words: '',
  count: [0, 0],
  options: {
    ...jsonOption,
    force: { doc: 'Also what it remembers, for a workspace of another version of Skiff.' },
  },
  async run({ context, options }) {
    const { name, folder } = workspaceFolder(context)
    const force = options.force === true
    const names = await toClean(folder, force)
    let gone: string[] = []
    if (names.length > 0) {
      await context.confirm(`Remove ${names.join(', ')} of workspace ${name} (${folder})?`)
      using _lock = await lockWorkspace({ name, folder })
      if (context.signal.aborted) throw failure('canceled', { what: 'clean' })
      gone = await clean(name, folder, force)
    }
    if (options.json) context.write(json({ workspace: name, removed: gone }))
    else context.report.step(gone.length === 0 ? `workspace ${name} is empty` : `removed ${gone.join(', ')}`)
    return 0
  },
}
