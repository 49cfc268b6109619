// Pushes and clones with the machine's own git and ssh against the real receiver; the pipeline behind it is the
// test's own.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { failure } from '../../src/core/errors.ts'
import { resolveCommit } from '../../src/host/git/repository.ts'
import type { Push, PushHandler } from '../../src/receiver/push.ts'
import { eventually } from './harness/execute.ts'
import { SshReceiver } from './harness/ssh-receiver.ts'

const ZERO = '0'.repeat(40)

/** Waits until a client's output matches. @returns all it has said */
function says(stream: NodeJS.ReadableStream | null, wanted: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    stream?.on('data', (chunk: Buffer) => {
      text += chunk
      if (wanted.test(text)) resolve(text)
    })
    stream?.once('end', () => reject(new Error(`it ended without ${wanted}: ${text}`)))
  })
}

describe('a push', () => {
  let receiver: SshReceiver
  let handler: PushHandler
  const pushes: Push[] = []
  before(async () => {
    receiver = await SshReceiver.start({
      settings: { 'push-max-size': '4m' },
      push: (push) => {
        pushes.push(push)
        return handler(push)
      },
    })
  })
  after(() => receiver[Symbol.asyncDispose]())
  const lastPush = () => {
    const push = pushes.at(-1)
    assert.ok(push)
    return push
  }
  const nothingLeft = () =>
    eventually('git and its quarantine to be gone', async () => receiver.leftovers().length === 0, 10_000)

  test('that is accepted makes the app, moves the ref, and shows the lines of the handler', async () => {
    const work = await receiver.workTree('accepted')
    let seen: string | undefined
    handler = async ({ report, objects }) => {
      seen = await resolveCommit(objects, 'refs/heads/master').then((before) => before ?? 'nothing yet')
      report.heading('Building accepted')
    }
    const { status, stderr } = await receiver.git(work, ['push', 'skiff', 'master'])
    assert.equal(status, 0, stderr)
    assert.match(stderr, /remote: =====> Building accepted/)
    assert.equal(seen, 'nothing yet')
    const commit = (await receiver.git(work, ['rev-parse', 'HEAD'])).stdout.trim()
    assert.equal(await receiver.branch('accepted'), commit)
    const { updates, who, app } = lastPush()
    assert.deepEqual(
      [updates, who, app],
      [[{ ref: 'refs/heads/master', from: ZERO, to: commit }], 'tester', 'accepted'],
    )
    await lastPush().finished
    await nothingLeft()
  })

  test('can be read from its quarantine before it is accepted', async () => {
    const work = await receiver.workTree('quarantined')
    let [inside, outside]: (string | undefined)[] = []
    handler = async ({ objects, updates }) => {
      const id = updates[0]?.to ?? ''
      inside = await resolveCommit(objects, id)
      outside = await resolveCommit({ ...objects, quarantine: {} }, id)
    }
    assert.equal((await receiver.git(work, ['push', 'skiff', 'master'])).status, 0)
    assert.match(inside ?? '', /^[0-9a-f]{40}$/)
    assert.equal(outside, undefined)
  })

  test('that is refused says why, ends with 1 and moves nothing; the same push works later', async () => {
    const work = await receiver.workTree('refused')
    handler = async () => {
      throw failure('build-failed', { problem: 'make: *** [all] Error 2' })
    }
    const refused = await receiver.git(work, ['push', 'skiff', 'master'])
    assert.equal(refused.status, 1)
    assert.match(refused.stderr, /remote: {2}! {5}the build failed: make: \*\*\* \[all\] Error 2/)
    assert.match(refused.stderr, /\[remote rejected\] master -> master/)
    assert.equal(await receiver.branch('refused'), undefined)
    await nothingLeft()
    handler = async () => {}
    assert.equal((await receiver.git(work, ['push', 'skiff', 'master'])).status, 0)
  })

  test('shows each line when it is produced, not at the end', async () => {
    const work = await receiver.workTree('live')
    const gate = Promise.withResolvers<void>()
    let ended = false
    handler = async ({ report }) => {
      report.line('first line')
      await gate.promise
      ended = true
      report.line('second line')
    }
    const client = receiver.start('git', ['push', 'skiff', 'master'], work)
    const output = says(client.stderr, /second line/)
    await says(client.stderr, /first line/)
    assert.equal(ended, false)
    gate.resolve()
    await output
    await new Promise((resolve) => client.once('close', resolve))
    assert.equal(client.exitCode, 0)
  })

  test('whose pusher leaves fires the signal, and is rejected when the handler gives up', async () => {
    const work = await receiver.workTree('vanished')
    const begun = Promise.withResolvers<void>()
    const fired = Promise.withResolvers<void>()
    handler = async ({ signal }) => {
      begun.resolve()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      fired.resolve()
      throw failure('canceled', { what: 'the push' })
    }
    const client = receiver.start('git', ['push', 'skiff', 'master'], work)
    await begun.promise
    process.kill(-(client.pid ?? 0), 'SIGKILL')
    await fired.promise
    await lastPush().finished
    assert.equal(await receiver.branch('vanished'), undefined)
    await nothingLeft()
  })

  test('whose pusher leaves too late is recorded all the same', async () => {
    const work = await receiver.workTree('too-late')
    const begun = Promise.withResolvers<void>()
    handler = async ({ signal, report }) => {
      begun.resolve()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      // far more than fits into any pipe to a pusher who is gone
      for (let line = 0; line < 20_000; line++) report.line('x'.repeat(100))
    }
    const client = receiver.start('git', ['push', 'skiff', 'master'], work)
    await begun.promise
    process.kill(-(client.pid ?? 0), 'SIGKILL')
    await eventually('a finished push', async () => (await receiver.branch('too-late')) !== undefined)
    await lastPush().finished
    await nothingLeft()
  })

  test('whose pusher leaves while git still receives leaves nothing behind', async () => {
    const asked = pushes.length
    const work = await receiver.workTree('cut-off', randomBytes(3_000_000))
    const options = [...receiver.sshOptions(), '-p', String(receiver.port), 'crew@127.0.0.1']
    const client = receiver.start('ssh', [...options, 'git-receive-pack cut-off'], work)
    await says(client.stdout, /0000/)
    const head = (await receiver.git(work, ['rev-parse', 'HEAD'])).stdout.trim()
    client.stdin?.write(pktLine(`${ZERO} ${head} refs/heads/master\0report-status\n`))
    client.stdin?.write('0000PACK\0\0\0\u0002\0\0\0\u0003')
    await eventually('a quarantine', async () =>
      receiver.leftovers().some((name) => name.startsWith('tmp_objdir')),
    )
    process.kill(-(client.pid ?? 0), 'SIGKILL')
    await nothingLeft()
    assert.equal(pushes.length, asked)
  })

  test('may be forced, may delete, and may move several refs at once', async () => {
    const work = await receiver.workTree('forced')
    handler = async () => {}
    await receiver.git(work, ['push', 'skiff', 'master', 'master:old', 'master:v1'])
    const first = await receiver.branch('forced')
    await receiver.git(work, ['commit', '-q', '--amend', '-m', 'another'])
    assert.equal((await receiver.git(work, ['push', 'skiff', 'master'])).status, 1)
    assert.equal((await receiver.git(work, ['push', '-f', 'skiff', 'master', ':old'])).status, 0)
    assert.notEqual(await receiver.branch('forced'), first)
    assert.equal(await receiver.branch('forced', 'old'), undefined)
    assert.equal(await receiver.branch('forced', 'v1'), first)
    assert.deepEqual(
      lastPush().updates.map(({ ref, to }) => [ref, to === ZERO]),
      [
        ['refs/heads/master', false],
        ['refs/heads/old', true],
      ],
    )
    assert.equal((await receiver.git(work, ['push', 'skiff', ':v1'])).status, 0)
    assert.deepEqual(lastPush().objects.quarantine, {})
    // the branch that HEAD points at
    assert.equal((await receiver.git(work, ['push', 'skiff', ':master'])).status, 0)
  })

  test('of nothing new, or of an empty repository, ends without asking anybody', async () => {
    const work = await receiver.workTree('unchanged')
    handler = async () => {}
    await receiver.git(work, ['push', 'skiff', 'master'])
    const asked = pushes.length
    const again = await receiver.git(work, ['push', 'skiff', 'master'])
    assert.equal(again.status, 0)
    assert.match(again.stderr, /Everything up-to-date/)
    const empty = join(receiver.folder, 'empty')
    await receiver.git(receiver.folder, ['init', '-q', empty])
    assert.equal((await receiver.git(empty, ['push', receiver.url('empty-one'), 'master'])).status, 1)
    assert.equal(pushes.length, asked)
    await nothingLeft()
  })

  test('larger than the limit is refused with a hint', async () => {
    const work = await receiver.workTree('large', randomBytes(12 * 2 ** 20))
    const { status, stderr } = await receiver.git(work, ['push', 'skiff', 'master'])
    assert.equal(status, 1)
    assert.match(stderr, /the push is larger than 4\.0 MiB/)
    assert.match(stderr, /push-max-size/)
    assert.equal(await receiver.branch('large'), undefined)
    await nothingLeft()
  })

  test('with a corrupt pack is refused, and nobody is asked', async () => {
    const work = await receiver.workTree('corrupt')
    const asked = pushes.length
    const head = (await receiver.git(work, ['rev-parse', 'HEAD'])).stdout.trim()
    writeFileSync(join(work, 'ids'), `${head}\n`)
    const made = await receiver.git(work, ['pack-objects', '--all', '-q', 'pack'])
    const pack = readFileSync(join(work, `pack-${made.stdout.trim()}.pack`))
    pack.writeUInt8(pack.readUInt8(40) ^ 0xff, 40)
    const options = [...receiver.sshOptions(), '-p', String(receiver.port), 'crew@127.0.0.1']
    const client = receiver.start('ssh', [...options, "git-receive-pack 'corrupt'"], work)
    let answer = ''
    client.stdout?.on('data', (chunk: Buffer) => (answer += chunk))
    let hint = ''
    client.stderr?.on('data', (chunk: Buffer) => (hint += chunk))
    client.stdin?.write(pktLine(`${ZERO} ${head} refs/heads/master\0report-status\n`))
    client.stdin?.write('0000')
    client.stdin?.end(pack)
    await new Promise((resolve) => client.once('close', resolve))
    assert.match(answer, /unpack (?!ok)|ng refs\/heads\/master/)
    assert.match(hint, /damaged|inflate|pack/)
    assert.equal(pushes.length, asked)
    assert.equal(await receiver.branch('corrupt'), undefined)
    await nothingLeft()
  })

  test('with objects that git fsck would reject is refused', async () => {
    const work = await receiver.workTree('malformed')
    const tree = (await receiver.git(work, ['rev-parse', 'HEAD^{tree}'])).stdout.trim()
    writeFileSync(join(work, 'bad'), `tree ${tree}\nauthor nobody\ncommitter nobody\n\nbad\n`)
    const bad = await receiver.git(work, ['hash-object', '-t', 'commit', '--literally', '-w', 'bad'])
    await receiver.git(work, ['update-ref', 'refs/heads/bad', bad.stdout.trim()])
    const { status, stderr } = await receiver.git(work, ['push', 'skiff', 'bad'])
    assert.equal(status, 1)
    assert.match(stderr, /damaged or malformed/)
  })

  test('of two at once into one app: each is asked for, and both end', async () => {
    const first = await receiver.workTree('pair')
    handler = async () => {}
    await receiver.git(first, ['push', 'skiff', 'master'])
    const both = await Promise.all(
      ['a', 'b'].map((name) => receiver.git(first, ['push', 'skiff', `master:${name}`])),
    )
    assert.deepEqual(
      both.map(({ status }) => status),
      [0, 0],
    )
  })

  test('to a name that is no app is refused with the rule, and runs nothing', async () => {
    const work = await receiver.workTree('unused')
    const before = receiver.appNames
    for (const name of ['../../x', 'a;id', '-rf', '$(id)', 'a'.repeat(300), 'größe', 'a b', "it's", '%0a']) {
      const { status, stderr } = await receiver.git(
        work,
        ['push', `crew@127.0.0.1:${name}`, 'master', '-o', '']
          .slice(0, 3)
          .with(1, `ssh://crew@127.0.0.1:${receiver.port}/${name}`),
      )
      assert.notEqual(status, 0, name)
      assert.match(stderr, /invalid app name/, name)
      assert.match(stderr, /lowercase letters, digits and dashes/, name)
    }
    assert.deepEqual(receiver.appNames, before)
  })

  test('leaves no line of an unexpected error in the log', () => {
    assert.deepEqual(
      receiver.log.filter((line) => line.startsWith('error')),
      [],
    )
  })
})

describe('reading', () => {
  let receiver: SshReceiver
  before(async () => {
    receiver = await SshReceiver.start()
    const work = await receiver.workTree('library', 'a book\n')
    await receiver.git(work, ['push', 'skiff', 'master'])
  })
  after(() => receiver[Symbol.asyncDispose]())

  test('clone, fetch and archive give what was pushed', async () => {
    const clone = join(receiver.folder, 'clone')
    assert.equal(
      (await receiver.git(receiver.folder, ['clone', '-q', receiver.url('library.git'), clone])).status,
      0,
    )
    assert.equal(readFileSync(join(clone, 'file'), 'utf8'), 'a book\n')
    assert.equal((await receiver.git(clone, ['fetch', 'origin'])).status, 0)
    const tar = await receiver.git(clone, [
      'archive',
      `--remote=${receiver.url('~/library')}`,
      'master',
      'file',
    ])
    assert.match(tar.stdout, /a book/)
  })

  test('speaks protocol 2 when the client asks for it', async () => {
    const { stdout } = await receiver.ssh("git-upload-pack '/library'", {
      input: '0000',
      options: ['-o', 'SetEnv=GIT_PROTOCOL=version=2'],
    })
    assert.match(stdout, /^000eversion 2/)
    const odd = await receiver.ssh("git-upload-pack '/library'", {
      input: '0000',
      options: ['-o', 'SetEnv=GIT_PROTOCOL=version=2;id'],
    })
    assert.doesNotMatch(odd.stdout, /version 2/)
  })

  test('an unknown app is not made by reading it', async () => {
    const { status, stderr } = await receiver.git(receiver.folder, ['ls-remote', receiver.url('no-such')])
    assert.equal(status, 128)
    assert.match(stderr, /app no-such does not exist/)
    assert.equal((await receiver.ssh('git-upload-pack no-such')).status, 20)
    assert.deepEqual(receiver.appNames, ['library'])
  })

  test('a client that leaves in the middle of a clone takes git along', async () => {
    const work = await receiver.workTree('library', randomBytes(8 * 2 ** 20))
    await receiver.git(work, ['push', '-f', 'skiff', 'master'])
    const options = [...receiver.sshOptions(), '-p', String(receiver.port), 'crew@127.0.0.1']
    const client = receiver.start('ssh', [...options, 'git-upload-pack library'], work)
    const head = (await receiver.git(work, ['rev-parse', 'HEAD'])).stdout.trim()
    client.stdin?.write(`${pktLine(`want ${head}\n`)}0000${pktLine('done\n')}`)
    await says(client.stdout, /PACK/)
    client.stdout?.pause()
    process.kill(-(client.pid ?? 0), 'SIGKILL')
    await eventually('git to be gone', async () => receiver.leftovers().length === 0, 10_000)
  })
})

/** A line of git's protocol (gitprotocol-common(5)). */
const pktLine = (text: string) => `${(Buffer.byteLength(text) + 4).toString(16).padStart(4, '0')}${text}`
