import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseBuilderHost } from '../../../../src/core/builder-host.ts'
import { explain, sshArguments } from '../../../../src/host/ssh/command.ts'

const pc = parseBuilderHost('ssh://me@pc:2222')

describe('the arguments of ssh', () => {
  const optionsOf = (args: readonly string[]) =>
    args.flatMap((word, index) => (args[index - 1] === '-o' ? [word] : []))

  test('end with the destination after the dashes, then the command', () => {
    const args = sshArguments(pc, { kind: 'own' }, ['docker', 'system', 'dial-stdio'])
    assert.deepEqual(args.slice(args.indexOf('--')), ['--', 'me@pc', 'docker', 'system', 'dial-stdio'])
    assert.equal(args[args.indexOf('-p') + 1], '2222')
    const plain = sshArguments(parseBuilderHost('ssh://pc'), { kind: 'own' }, ['true'])
    assert.ok(!plain.includes('-p'), 'the configuration says the port')
  })

  test('ask nobody, forward nothing, and say nothing about host keys, which is for the configuration', () => {
    const options = optionsOf(sshArguments(pc, { kind: 'own' }, ['true']))
    for (const wanted of ['BatchMode=yes', 'ForwardAgent=no', 'ClearAllForwardings=yes', 'ControlPersist=no'])
      assert.ok(options.includes(wanted), wanted)
    assert.ok(!options.some((option) => /HostKey|KnownHosts/i.test(option)))
  })

  test('make a master, share one, or do without, whatever the configuration says', () => {
    const control = (kind: 'own' | 'share' | 'master') =>
      optionsOf(sshArguments(pc, kind === 'own' ? { kind } : { kind, socket: '/run/s' }, ['true'])).filter(
        (option) => /^Control(Master|Path)/.test(option),
      )
    assert.deepEqual(control('own'), ['ControlMaster=no', 'ControlPath=none'])
    assert.deepEqual(control('share'), ['ControlMaster=no', 'ControlPath=/run/s'])
    assert.deepEqual(control('master'), ['ControlMaster=yes', 'ControlPath=/run/s'])
  })

  test('quote what a shell over there could take for more than a word', () => {
    const [word] = sshArguments(pc, { kind: 'own' }, ['echo "$1"; id']).slice(-1)
    assert.equal(word, `'echo "$1"; id'`)
    for (const bad of ["it's", 'a\nb', 'a\0b', 'a\\b', 'a!b'])
      assert.throws(() => sshArguments(pc, { kind: 'own' }, [bad]), TypeError, bad)
  })
})

describe('what ssh, a shell and docker say', () => {
  const cases: readonly [string, number, RegExp, RegExp][] = [
    [
      '@@@@@\nWARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!\nHost key verification failed.\r\n',
      255,
      /not the one that is known/,
      /ssh-keygen -R '\[pc\]:2222'/,
    ],
    [
      'No ED25519 host key is known for pc and you have requested strict checking.\nHost key verification failed.',
      255,
      /not known here/,
      /ssh -p 2222 me@pc true/,
    ],
    ['me@pc: Permission denied (publickey).', 255, /none of our keys/, /authorized_keys/],
    ['ssh: Could not resolve hostname pc: Name or service not known', 255, /no address/, /write its address/],
    ['ssh: connect to host pc port 22: No route to host', 255, /^connect to host pc .*No route/, /is it on/],
    ['Connection closed by 10.0.0.2 port 22', 255, /^Connection closed by/, /is it on/],
    ['bash: line 1: docker: command not found', 127, /no docker/, /install it there/],
    ['sh: 1: docker: not found', 127, /no docker/, /install it there/],
    ['fish: Unknown command: docker', 127, /no docker/, /install it there/],
    ['zsh:1: command not found: docker', 127, /no docker/, /install it there/],
    ["docker: 'system dial-stdio' is not a docker command.\nSee 'docker --help'", 1, /too old/, /18\.09/],
    [
      'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock',
      1,
      /may not use Docker/,
      /group docker/,
    ],
    [
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      1,
      /engine does not answer/,
      /start it there/,
    ],
    ['Warning: something\nthe last word\n\n', 3, /^the last word$/, /see what this says: ssh -p 2222 me@pc/],
    ['', 3, /^ssh ended with status 3$/, /see what this says/],
  ]
  for (const [stderr, status, problem, hint] of cases) {
    test(`${JSON.stringify(stderr.slice(0, 60))} becomes a problem and what to do`, () => {
      const explained = explain(pc, stderr, status)
      assert.match(explained.problem, problem)
      assert.match(explained.hint, hint)
    })
  }
})
