import assert from 'node:assert/strict'
import { test } from 'node:test'
import { app, declare } from '../../../src/commands/command.ts'
import { commands } from '../../../src/commands/table.ts'
import { failure } from '../../../src/core/errors.ts'
import { Bench, web } from './harness.ts'

test('nothing typed, --help and help list every command', async () => {
  using bench = new Bench()
  const help = await bench.out([])
  assert.equal(await bench.out(['--help']), help)
  assert.equal(await bench.out(['help']), help)
  for (const { name, summary } of commands)
    assert.match(help, new RegExp(`^    ${name} +${summary.slice(0, 20).replace(/[<>.*]/g, '.')}`, 'm'))
})

test('a group is told about by its name, with :help and with help', async () => {
  using bench = new Bench()
  const help = await bench.out(['ps:help'])
  assert.match(help, /^usage: ps\[:<command>\]\n\n {4}ps:rebuild \[--all\] \[<app>\] {2,}Builds/)
  assert.equal(await bench.out(['ps']), help)
  assert.equal(await bench.out(['help', 'ps']), help)
  assert.equal((await bench.run(['nosuch:help'])).status, 2)
})

test('a command is told about with help and with --help, wherever that stands', async () => {
  using bench = new Bench()
  const help = await bench.out(['help', 'config:set'])
  assert.match(help, /^usage: config:set \[--encoded\] \[--no-restart\] <app> <KEY=value>\.\.\.\n/)
  assert.equal(await bench.out(['config:set', '--help']), help)
  assert.equal(await bench.out(['config:set', 'node', 'A=1', '-h']), help)
  assert.equal(await bench.out(['--help', 'config:set']), help)
  assert.match(await bench.out(['help', 'logs']), /-n, --num <lines> {2,}How many lines/)
})

test('help --format json has what a shell needs to complete a line', async () => {
  using bench = new Bench()
  const found = (await bench.json(['help'])) as { name: string }[]
  assert.deepEqual(
    found.find(({ name }) => name === 'apps:destroy'),
    {
      name: 'apps:destroy',
      aliases: [],
      summary: 'Removes an app and all that belongs to it; asks for its name first.',
      usage: 'apps:destroy [--force] <app>',
      arguments: [{ name: 'app', doc: 'Name of an app.', required: true, variadic: false }],
      options: [{ name: 'force', short: null, placeholder: null, doc: 'Does not ask.' }],
      access: 'any',
    },
  )
})

test('an unknown command is refused, with what may have been meant', async () => {
  using bench = new Bench()
  assert.deepEqual(await bench.run(['apps:lsit']), {
    status: 2,
    stdout: '',
    stderr: ' !     "apps:lsit" is not a command\n !     did you mean apps:list? help lists the commands\n',
  })
  const { status, stderr } = await bench.run([`\u001b]0;x\u0007${'x'.repeat(1_000_000)}`, ''])
  assert.equal(status, 2)
  assert.ok(stderr.length < 300)
  assert.ok(!stderr.includes('\u001b'))
})

test('a missing, a superfluous and an unknown word are told with the usage', async () => {
  using bench = new Bench()
  const told = async (...argv: string[]) => {
    const { status, stderr } = await bench.run(argv)
    return [status, ...stderr.split('\n')]
  }
  assert.deepEqual(await told('apps:create'), [
    2,
    ' !     apps:create needs <app>',
    ' !     usage: apps:create <app>',
    '',
  ])
  assert.deepEqual(await told('apps:create', 'a', 'b'), [
    2,
    ' !     apps:create takes 1 argument at most, and got "b" too',
    ' !     usage: apps:create <app>',
    '',
  ])
  assert.deepEqual(await told('url', 'a', '--loud\n'), [
    2,
    " !     url: Unknown option '--loud",
    ' !     usage: url <app>',
    '',
  ])
  assert.deepEqual(await told('logs', 'a', '-n'), [
    2,
    " !     logs: Option '-n, --num <value>' argument missing",
    ' !     usage: logs [-n|--num <lines>] [-p|--ps <process>] [-t|--tail] <app>',
    '',
  ])
})

test('every command that names an app says so when there is none, with status 20', async () => {
  using bench = new Bench()
  const words: Record<string, string[]> = {
    KEY: ['KEY'],
    'KEY=value': ['KEY=value'],
    'new-name': ['other'],
    domain: ['example.org'],
    'host-port': ['80'],
    'scheme:host-port:container-port': ['http:8000:5000'],
    property: ['property'],
    release: ['1'],
  }
  for (const command of commands) {
    if (command.arguments[0]?.name !== 'app' || ['apps:create', 'apps:rename'].includes(command.name))
      continue
    const others = command.arguments
      .slice(1)
      .flatMap(({ name, required }) => (required ? (words[name] ?? []) : []))
    const options = command.name === 'resource:limit' ? ['--cpu', '1'] : []
    assert.deepEqual(
      await bench.run([command.name, ...options, 'nosuch', ...others]),
      {
        status: 20,
        stdout: '',
        stderr: ' !     app nosuch does not exist\n !     apps:list shows the apps there are\n',
      },
      command.name,
    )
  }
  assert.deepEqual(bench.calls, [])
})

test('hostile names of apps are refused with the rule, whatever the command', async () => {
  using bench = new Bench()
  const names = [
    '../../x',
    'a;id',
    '-rf',
    '$(id)',
    'x'.repeat(300),
    'ünicode',
    '',
    'A',
    'a b',
    'a\0b',
    '--force',
  ]
  for (const name of names) {
    for (const argv of [
      ['apps:create', '--', name],
      ['apps:destroy', '--force', '--', name],
      ['logs', '--', name],
    ]) {
      const { status, stderr } = await bench.run(argv)
      assert.equal(status, 1)
      assert.match(stderr, /^ ! {5}invalid app name ".*"\n ! {5}a name starts with a lowercase letter/)
      assert.ok(stderr.length < 400)
    }
  }
  assert.match((await bench.run(['apps:create', '-rf'])).stderr, /^ ! {5}invalid app name "-rf"\n/)
  assert.deepEqual(bench.calls, [])
})

test('options may stand before the command, as Dokku has them', async () => {
  using bench = new Bench()
  bench.app('node')
  bench.prepared = { destroy: () => {} }
  assert.equal(await bench.out(['--force', 'apps:destroy', 'node']), 'Destroying node... done\n')
})

test('a command for the machine itself is refused over SSH', async () => {
  using bench = new Bench()
  const local = declare({
    name: 'local',
    summary: 'For the test.',
    arguments: [],
    options: {},
    access: 'local-only',
    async handler({ write }) {
      await write('done\n')
    },
  })
  assert.deepEqual(await bench.run(['local'], { commands: [local], who: 'admin' }), {
    status: 2,
    stdout: '',
    stderr: ' !     local works on the machine itself only\n !     usage: crew local\n',
  })
  assert.deepEqual(await bench.run(['local'], { commands: [local], who: 'local' }), {
    status: 0,
    stdout: 'done\n',
    stderr: '',
  })
})

test('what the pipeline throws reaches the reader, and a fault of ours is also told to the daemon', async () => {
  using bench = new Bench()
  bench.app('node', web)
  bench.prepared = {
    restart: () => {
      throw failure('app-not-deployed', { app: 'node' })
    },
    stop: () => {
      throw new Error('out of luck')
    },
  }
  assert.deepEqual(await bench.run(['ps:restart', 'node']), {
    status: 1,
    stdout: '',
    stderr: ' !     app node has no release that ran\n !     deploy it first: git push\n',
  })
  assert.deepEqual(bench.faults, [])
  assert.deepEqual(await bench.run(['ps:stop', 'node']), {
    status: 1,
    stdout: '',
    stderr: ' !     internal error: out of luck\n',
  })
  assert.equal(bench.faults.length, 1)
})

test('a command whose reader left ends as called off', async () => {
  using bench = new Bench()
  bench.app('node', web)
  const leave = new AbortController()
  bench.prepared = {
    stop: (actor) => {
      leave.abort()
      actor?.signal.throwIfAborted()
    },
  }
  const { status, stderr } = await bench.run(['ps:stop', 'node'], { signal: leave.signal })
  assert.deepEqual({ status, stderr }, { status: 130, stderr: ' !     the command was called off\n' })
  assert.deepEqual(bench.faults, [])
})

test('arguments of commands are required first, variadic last, and names are unique', () => {
  const names = commands.flatMap(({ name, aliases = [] }) => [name, ...aliases])
  assert.equal(new Set(names).size, names.length)
  for (const command of commands) {
    const order = command.arguments.map(({ required, variadic }) => (variadic ? 2 : required ? 0 : 1))
    assert.deepEqual(order, order.toSorted(), command.name)
    assert.match(command.summary, /^[A-Z].*\.$/)
  }
  assert.equal(commands.find(({ name }) => name === 'apps:create')?.arguments[0], app)
})
