// ssh-keys:*: whose keys may log in.
import { failure } from '../core/errors.ts'
import { quoted } from './arguments.ts'
import { any, type Command, declare, one, text } from './command.ts'
import { format, json } from './format.ts'
import { readInput } from './stdin.ts'

const MOST_INPUT = 64 * 2 ** 10

function parseKeyName(text: string): string {
  // `local` is who speaks on the control socket
  if (/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,62}$/.test(text) && text !== 'local') return text
  throw failure('value-invalid', {
    what: 'key name',
    value: quoted(text),
    rule: 'letters, digits, dots, dashes, underscores and @, starting with a letter or digit, at most 63, and not "local"',
  })
}

const name = one('name', 'Name of the key.', parseKeyName)

const add = declare({
  name: 'ssh-keys:add',
  summary: 'Registers a public key, which may then push and run every command.',
  arguments: [
    name,
    any('public-key', 'The key as its .pub file has it; without one, it is read from stdin.', text),
  ],
  options: {},
  access: 'any',
  async handler({ context, session, args, write }) {
    const words = args['public-key']
    const text =
      words.length > 0
        ? words.join(' ')
        : (await readInput(session.stdin, { signal: session.signal, limit: MOST_INPUT })).toString('utf8')
    const { publicKey, fingerprint } = context.parsePublicKey(text.trim())
    context.store.keys.add({ name: args.name, publicKey, fingerprint })
    await context.keysChanged()
    await write(`${fingerprint}\n`)
  },
})

const list = declare({
  name: 'ssh-keys:list',
  summary: 'Lists the registered keys.',
  arguments: [],
  options: { format },
  access: 'any',
  async handler({ context, options, write }) {
    const keys = context.store.keys.list()
    if (options.format === 'json') return await write(json(keys.map((key) => ({ ...key }))))
    await write(keys.map((key) => `${key.fingerprint} NAME="${key.name}"\n`).join(''))
  },
})

const remove = declare({
  name: 'ssh-keys:remove',
  summary: 'Removes a key; it no longer logs in.',
  arguments: [name],
  options: {},
  access: 'any',
  async handler({ context, args }) {
    if (!context.store.keys.remove(args.name))
      throw failure('not-found', {
        what: 'key',
        name: args.name,
        hint: 'ssh-keys:list shows those there are',
      })
    await context.keysChanged()
  },
})

export const sshKeysCommands: readonly Command[] = [add, list, remove]
