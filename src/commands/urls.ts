// url, urls: where an app answers.
import { failure } from '../core/errors.ts'
import { app, type Command, declare } from './command.ts'
import { format, json } from './format.ts'

const url = declare({
  name: 'url',
  summary: 'Prints the first URL of an app.',
  arguments: [app],
  options: {},
  access: 'any',
  async handler({ context, args, write }) {
    const [first] = context.urls(context.store.apps.get(args.app))
    if (first === undefined)
      throw failure('not-found', {
        what: 'URL',
        name: `of ${args.app}`,
        hint: 'a deployed app with a web process has one',
      })
    await write(`${first}\n`)
  },
})

const urls = declare({
  name: 'urls',
  summary: 'Lists the URLs of an app.',
  arguments: [app],
  options: { format },
  access: 'any',
  async handler({ context, args, options, write }) {
    const found = context.urls(context.store.apps.get(args.app))
    await write(options.format === 'json' ? json(found) : found.map((each) => `${each}\n`).join(''))
  },
})

export const urlCommands: readonly Command[] = [url, urls]
