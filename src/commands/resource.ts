// resource:limit: Dokku's way to set the properties of the group resource.
import { failure } from '../core/errors.ts'
import { app, type Command, declare, text, valued } from './command.ts'
import { setProperties } from './properties.ts'

export const resourceCommands: readonly Command[] = [
  declare({
    name: 'resource:limit',
    summary: 'Limits the memory and the processors that a container of an app may use.',
    arguments: [app],
    options: {
      memory: valued('size', 'Memory, such as 256m or none; a bare number is MiB, as in Dokku.', text),
      cpu: valued('processors', 'Processors, such as 0.5 or none.', text),
    },
    access: 'any',
    async handler(call) {
      const { args, options, context } = call
      const found = context.store.apps.get(args.app)
      const { memory, cpu } = options
      if (memory === undefined && cpu === undefined)
        throw failure('usage', {
          problem: 'resource:limit needs --memory or --cpu',
          usage: 'resource:limit [--memory <size>] [--cpu <processors>] <app>',
        })
      setProperties(call, found, 'resource', {
        ...(memory === undefined ? {} : { memory: /^\d+$/.test(memory) ? `${memory}m` : memory }),
        ...(cpu === undefined ? {} : { cpu }),
      })
    },
  }),
]
