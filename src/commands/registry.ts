// registry:*: logins at image registries, for base images that are not public.
import { failure } from '../core/errors.ts'
import { parseServer } from '../host/registry/credentials.ts'
import { quoted } from './arguments.ts'
import { type Command, declare, flag, one, optional, text } from './command.ts'
import { columns, format, json } from './format.ts'
import { readLine } from './stdin.ts'

const server = one('server', 'The registry: docker.io, ghcr.io, registry.example.org:5000.', parseServer)

function parseUsername(text: string): string {
  // a colon would end it in what is sent (RFC 7617)
  if (/^[^:\p{Cc}]{1,255}$/u.test(text)) return text
  throw failure('value-invalid', {
    what: 'user name',
    value: quoted(text),
    rule: 'a user name has no colon, and up to 255 characters',
  })
}

const login = declare({
  name: 'registry:login',
  summary: 'Logs in at an image registry; builds pull with that login from then on.',
  arguments: [
    server,
    one('username', 'User name there.', parseUsername),
    optional('password', 'Password or access token; better not here, where a shell keeps it.', text),
  ],
  options: { 'password-stdin': flag('Reads the password from stdin, as is done when none is given.') },
  access: 'any',
  async handler({ context, session, args, options, write }) {
    const { server, username } = args
    if (args.password !== undefined && options['password-stdin'])
      throw failure('usage', {
        problem: 'registry:login got a password and --password-stdin too',
        usage: 'registry:login --password-stdin <server> <username>',
      })
    if (args.password === undefined && session.terminal)
      throw failure('usage', {
        problem: 'registry:login would show the password as it is typed',
        usage: 'registry:login --password-stdin <server> <username> < file',
      })
    const password = args.password ?? (await readLine(session.stdin, session.signal))
    if (password === '')
      throw failure('value-invalid', {
        what: 'password',
        value: '""',
        rule: 'it is read from stdin: registry:login --password-stdin <server> <username> < file',
      })
    const credentials = { username, password }
    await context.checkLogin(server, credentials, session.signal)
    context.store.registries.set(server, credentials)
    await write('Login Succeeded\n')
  },
})

const logout = declare({
  name: 'registry:logout',
  summary: 'Forgets the login at an image registry.',
  arguments: [server],
  options: {},
  access: 'any',
  async handler({ context, args }) {
    if (!context.store.registries.remove(args.server))
      throw failure('not-found', {
        what: 'login at',
        name: args.server,
        hint: 'registry:list shows those there are',
      })
  },
})

const list = declare({
  name: 'registry:list',
  summary: 'Lists the logins at image registries, without their passwords.',
  arguments: [],
  options: { format },
  access: 'any',
  async handler({ context, options, write }) {
    const logins = context.store.registries.list()
    if (options.format === 'json') return await write(json(logins.map((login) => ({ ...login }))))
    await write(columns(logins.map(({ server, username, createdAt }) => [server, username, createdAt])))
  },
})

export const registryCommands: readonly Command[] = [login, logout, list]
