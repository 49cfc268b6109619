// Other people's repositories, fetched with the machine's own git from servers that behave, and that do not.
import assert from 'node:assert/strict'
import { execFileSync, type StdioOptions, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CrewError, isFailure } from '../../src/core/errors.ts'
import { Sources } from '../../src/host/git/sources.ts'
import { freePort } from '../../src/host/net/free-port.ts'
import { eventually, execute } from './harness/execute.ts'

const folder = mkdtempSync(join(tmpdir(), 'crew-sources-'))
const served = join(folder, 'served')
const { signal } = new AbortController()
const IMAGE = 'tool:1'
const HOME = process.env.HOME

let port: number
let daemon: ReturnType<typeof startDaemon>
let repositories = 0

const git = (repository: string, ...args: string[]) =>
  execFileSync('git', ['-C', repository, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()

/** A repository that is served, with one commit for each text. */
function repositoryOf(...texts: string[]) {
  const name = `r${++repositories}`
  const path = join(served, name)
  mkdirSync(path, { recursive: true })
  git(path, 'init', '-q', '-b', 'main')
  const commits = texts.map((text) => {
    writeFileSync(join(path, 'Dockerfile'), text)
    git(path, 'add', '-A')
    git(path, 'commit', '-q', '-m', text)
    return git(path, 'rev-parse', 'HEAD')
  })
  return { name, path, commits, first: commits[0] ?? '', last: commits.at(-1) ?? '', url: urlOf(name) }
}

const urlOf = (name: string) => `git://127.0.0.1:${port}/${name}/.git`

/** The current branch begins anew with this text, and what was there is thrown away. */
function rewrite(path: string, text: string): string {
  git(path, 'checkout', '-q', '--orphan', 'anew')
  writeFileSync(join(path, 'Dockerfile'), text)
  git(path, 'add', '-A')
  git(path, 'commit', '-q', '-m', text)
  git(path, 'branch', '-q', '-M', 'anew', 'main')
  git(path, 'reflog', 'expire', '--expire=now', '--all')
  git(path, 'gc', '-q', '--prune=now')
  return git(path, 'rev-parse', 'HEAD')
}

function startDaemon() {
  const args = ['daemon', '--reuseaddr', '--export-all', '--listen=127.0.0.1', `--port=${port}`]
  const stdio: StdioOptions = ['ignore', 'ignore', 'inherit']
  return spawn('git', [...args, `--base-path=${served}`], { stdio, detached: true })
}

async function stopDaemon() {
  if (daemon.exitCode !== null || daemon.signalCode !== null || daemon.pid === undefined) return
  const ended = new Promise((resolve) => daemon.once('exit', resolve))
  process.kill(-daemon.pid, 'SIGTERM')
  await ended
}

async function daemonAnswers() {
  const { url } = repositoryOf('x')
  let words = ''
  const asked = eventually('the git daemon', async () => {
    if (daemon.exitCode !== null) throw new Error(`the git daemon ended with ${daemon.exitCode}`)
    const { status, stderr } = await execute('git', ['ls-remote', url])
    words = stderr
    return status === 0
  })
  await asked.catch((cause: Error) => {
    throw new Error(`${cause.message}; git said: ${words}`, { cause })
  })
}

/**
 * A server of the git protocol's first version: it hands out tips of branches and tags, and no commit by its id
 * (gitprotocol-pack). A git daemon cannot be made to speak only that.
 */
async function oldServer(): Promise<{ url: (name: string) => string } & AsyncDisposable> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let request = ''
    const read = (bytes: Buffer) => {
      request += bytes.toString('latin1')
      // a line begins with its own length, and comes in as many pieces as the network likes
      if (request.length < Number.parseInt(request.slice(0, 4), 16)) return
      socket.off('data', read)
      const name = /git-upload-pack \/(\w+)/.exec(request)?.[1] ?? ''
      const { GIT_PROTOCOL: _, ...env } = process.env
      const pack = spawn('git', ['upload-pack', join(served, name)], {
        stdio: ['pipe', 'pipe', 'ignore'],
        env,
      })
      pack.stdin.on('error', () => {})
      pack.stdout.pipe(socket)
      socket.pipe(pack.stdin)
    }
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.on('data', read)
  })
  const at = await listen(server)
  return {
    url: (name) => `git://127.0.0.1:${at}/${name}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A server that takes every connection and says nothing. */
async function silentServer(): Promise<{ url: string; connected: () => number } & AsyncDisposable> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.resume()
  })
  const at = await listen(server)
  return {
    url: `git://127.0.0.1:${at}/never`,
    connected: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return typeof address === 'object' && address ? address.port : assert.fail('no port')
}

let stores = 0
const newStore = () => join(folder, `store-${++stores}`)
const sourcesAt = (store = newStore(), limit = 20_000) => new Sources({ folder: store, limit })

async function failureOf(promise: Promise<unknown>): Promise<CrewError> {
  const error = await promise.then(
    () => assert.fail('it was fetched'),
    (error: unknown) => error,
  )
  if (!isFailure(error)) throw error
  return error
}

const textIn = ({ objects, commit }: { objects: { repository: string }; commit: string }) =>
  execFileSync('git', ['--git-dir', objects.repository, 'show', `${commit}:Dockerfile`], { encoding: 'utf8' })
const commitsIn = (repository: string, commit: string) =>
  Number(execFileSync('git', ['--git-dir', repository, 'rev-list', '--count', commit], { encoding: 'utf8' }))

/** Processes whose command line has this text: git, and what it starts. */
async function processesWith(text: string): Promise<string[]> {
  const { stdout } = await execute('ps', ['-eo', 'args'])
  return stdout.split('\n').filter((line) => line.includes(text) && !line.startsWith('ps '))
}

before(async () => {
  port = await freePort()
  // a git daemon ends at once without it
  mkdirSync(served)
  daemon = startDaemon()
  await daemonAnswers()
})
afterEach(() => {
  process.env.HOME = HOME
})
after(async () => {
  await stopDaemon()
  rmSync(folder, { recursive: true, force: true })
})

describe('a pinned commit', () => {
  test('comes alone, without what was before it, and is there the next time without a server', async () => {
    const { url, path, first, commits } = repositoryOf('one', 'two', 'three')
    const store = newStore()
    const two = commits[1] ?? ''
    const found = await sourcesAt(store).commit(url, two, 'refs/heads/main', IMAGE, signal)
    assert.equal(textIn(found), 'two')
    assert.equal(commitsIn(found.objects.repository, two), 1, 'the history stays where it is')
    rmSync(path, { recursive: true })
    assert.equal(textIn(await sourcesAt(store).commit(url, two, undefined, IMAGE, signal)), 'two')
    const gone = await failureOf(sourcesAt(store).commit(url, first, undefined, IMAGE, signal))
    assert.equal(gone.code, 'source-failed')
  })

  test('outlives git’s garbage collection', async () => {
    const { url, first } = repositoryOf('one', 'two')
    const found = await sourcesAt().commit(url, first, undefined, IMAGE, signal)
    execFileSync('git', ['--git-dir', found.objects.repository, 'gc', '-q', '--prune=now'])
    assert.equal(textIn(found), 'one')
  })

  test('comes with its branch from a server that hands out no commit by its id', async () => {
    await using server = await oldServer()
    const { name, first } = repositoryOf('one', 'two')
    const found = await sourcesAt().commit(server.url(name), first, 'refs/heads/main', IMAGE, signal)
    assert.equal(textIn(found), 'one')
    const tip = repositoryOf('only')
    assert.equal(
      textIn(await sourcesAt().commit(server.url(tip.name), tip.first, undefined, IMAGE, signal)),
      'only',
    )
  })

  test('comes with any branch or tag when the one that is named has it not', async () => {
    await using server = await oldServer()
    const { name, path, first } = repositoryOf('one', 'two')
    git(path, 'branch', 'elsewhere', first)
    writeFileSync(join(path, 'Dockerfile'), 'tagged')
    git(path, 'commit', '-qam', 'tagged')
    const tagged = git(path, 'rev-parse', 'HEAD')
    git(path, 'tag', '-a', '-m', 'x', 'v1')
    git(path, 'reset', '-q', '--hard', 'HEAD~1')
    for (const ref of ['refs/heads/gone', undefined, 'refs/heads/main']) {
      const found = await sourcesAt().commit(server.url(name), tagged, ref, IMAGE, signal)
      assert.equal(textIn(found), 'tagged')
    }
  })

  test('that a forced push threw away is an error of its own, and nothing else is taken for it', async () => {
    const { url, path, first } = repositoryOf('one')
    rewrite(path, 'anew')
    const store = newStore()
    for (const ref of ['refs/heads/main', undefined]) {
      const error = await failureOf(sourcesAt(store).commit(url, first, ref, IMAGE, signal))
      assert.equal(error.code, 'source-commit-gone')
      assert.ok(error.message.includes(first) && error.message.includes(url) && error.message.includes(IMAGE))
      assert.match(error.hint, /scratch:source add tool:1/)
    }
  })

  test('of a repository that is not there is told in git’s words', async () => {
    const error = await failureOf(
      sourcesAt().commit(urlOf('nowhere'), 'a'.repeat(40), undefined, IMAGE, signal),
    )
    assert.equal(error.code, 'source-failed')
    assert.match(error.message, /nowhere\/\.git: .*(access denied|not exported|Could not read)/s)
  })

  test('is fetched once when two want it at once, and two commits of one repository do not meet', async () => {
    const { url, first, last } = repositoryOf('one', 'two')
    const sources = sourcesAt()
    const found = await Promise.all(
      [first, last, first, last].map((commit) => sources.commit(url, commit, undefined, IMAGE, signal)),
    )
    assert.deepEqual(found.map(textIn), ['one', 'two', 'one', 'two'])
    assert.equal(new Set(found.map(({ objects }) => objects.repository)).size, 1)
  })
})

describe('the newest commit', () => {
  const ask = (sources: Sources, url: string, ref?: string, maxAge = 0) =>
    sources.newest(url, ref, { image: IMAGE, maxAge, signal })

  test('is that of the branch, the tag, or what the repository begins with', async () => {
    const { url, path, last, first } = repositoryOf('one', 'two')
    git(path, 'branch', 'side', first)
    git(path, 'tag', '-a', '-m', 'x', 'v1', first)
    const sources = sourcesAt()
    for (const [ref, commit] of [
      [undefined, last],
      ['main', last],
      ['side', first],
      ['v1', first],
      ['refs/heads/side', first],
    ] as const)
      assert.deepEqual([(await ask(sources, url, ref)).commit, ref], [commit, ref])
  })

  test('is asked for again when it is too old, and not before', async () => {
    const { url, path, first } = repositoryOf('one')
    const sources = sourcesAt()
    await ask(sources, url, 'main')
    const anew = rewrite(path, 'anew')
    assert.equal((await ask(sources, url, 'main', 60_000)).commit, first)
    const found = await ask(sources, url, 'main')
    assert.deepEqual([found.commit, found.stale], [anew, undefined], 'a forced push is followed')
  })

  test('is the one that is here when the server is gone, and it is said why', async () => {
    const { url, first } = repositoryOf('one')
    const store = newStore()
    await ask(sourcesAt(store), url, 'main')
    await stopDaemon()
    try {
      const found = await ask(sourcesAt(store), url, 'main')
      assert.equal(found.commit, first)
      assert.match(found.stale ?? '', /Connection refused/)
      const other = await failureOf(ask(sourcesAt(store), url, 'other'))
      assert.equal(other.code, 'source-failed')
      assert.match(other.message, /Connection refused/)
    } finally {
      daemon = startDaemon()
      await daemonAnswers()
    }
  })

  test('of a branch that is not there, or of an empty repository, is an error', async () => {
    const { url, path } = repositoryOf('one')
    assert.equal((await failureOf(ask(sourcesAt(), url, 'nowhere'))).code, 'source-failed')
    const empty = `${path}-empty`
    mkdirSync(empty)
    git(empty, 'init', '-q')
    const error = await failureOf(ask(sourcesAt(), urlOf(empty.slice(served.length + 1))))
    assert.equal(error.code, 'source-failed')
  })
})

describe('a server that never answers', () => {
  test('is left when the limit passes, and nothing of it goes on', async () => {
    await using server = await silentServer()
    const began = performance.now()
    const error = await failureOf(
      sourcesAt(newStore(), 1000).commit(server.url, 'a'.repeat(40), 'refs/heads/main', IMAGE, signal),
    )
    assert.equal(error.code, 'source-failed')
    assert.match(error.message, /took longer than 1 s/)
    assert.ok(performance.now() - began < 8000)
    await eventually('the end of git', async () => (await processesWith(server.url)).length === 0, 8000)
    assert.equal(server.connected(), 0)
  })

  test('leaves what is here as the newest', async () => {
    const { path, first } = repositoryOf('one')
    await using server = await silentServer()
    process.env.HOME = homeLeadingTo(path, server.url)
    const store = newStore()
    await sourcesAt(store).newest(server.url, 'main', { image: IMAGE, maxAge: 0, signal })
    process.env.HOME = HOME
    const found = await sourcesAt(store, 500).newest(server.url, 'main', { image: IMAGE, maxAge: 0, signal })
    assert.deepEqual([found.commit, /longer than 0\.5 s/.test(found.stale ?? '')], [first, true])
  })

  test('is left at once when the fetch is called off, and the next one can begin', async () => {
    await using server = await silentServer()
    const off = new AbortController()
    const sources = sourcesAt()
    const fetching = failureOf(sources.commit(server.url, 'a'.repeat(40), undefined, IMAGE, off.signal))
    const waiting = failureOf(sources.commit(server.url, 'b'.repeat(40), undefined, IMAGE, off.signal))
    await eventually('a connection', async () => server.connected() > 0)
    await sleep(300)
    assert.equal(server.connected(), 1, 'git locks a shallow repository, so the second waits for its turn')
    const began = performance.now()
    off.abort()
    assert.deepEqual([(await fetching).code, (await waiting).code], ['canceled', 'canceled'])
    assert.ok(performance.now() - began < 6000)
    await eventually('the end of git', async () => (await processesWith(server.url)).length === 0, 8000)
    const { url, first } = repositoryOf('one')
    assert.equal(textIn(await sources.commit(url, first, undefined, IMAGE, signal)), 'one')
  })
})

/** A home whose git is told that an address lies in a folder of this machine. */
function homeLeadingTo(path: string, url: string): string {
  const home = mkdtempSync(join(folder, 'home-'))
  writeFileSync(join(home, '.gitconfig'), `[url "file://${path}"]\n\tinsteadOf = ${url}\n`)
  return home
}

describe('the configuration of this machine’s git', () => {
  test('may lead an address elsewhere, also to a mirror on its disk', async () => {
    const { path, first, last } = repositoryOf('one', 'two')
    const url = 'https://git.invalid/owner/tool.git'
    process.env.HOME = homeLeadingTo(path, url)
    const sources = sourcesAt()
    assert.equal(textIn(await sources.commit(url, first, undefined, IMAGE, signal)), 'one')
    assert.equal((await sources.newest(url, undefined, { image: IMAGE, maxAge: 0, signal })).commit, last)
  })

  test('is the only one who may: addresses of files, helpers and options are refused, and nothing runs', async () => {
    const { path, first } = repositoryOf('one')
    const mark = join(folder, 'ran')
    const bad = [
      `file://${path}`,
      path,
      './r1',
      `ext::sh -c touch% ${mark}`,
      `--upload-pack=touch ${mark}`,
      `-u${mark}`,
      'fd::7',
      'https://example.org/a b',
      `https://example.org/${'x'.repeat(3000)}`,
      '',
    ]
    const store = newStore()
    for (const url of bad) {
      const error = await failureOf(sourcesAt(store).commit(url, first, undefined, IMAGE, signal))
      assert.equal(error.code, 'source-failed', url)
      const newest = sourcesAt(store).newest(url, undefined, { image: IMAGE, maxAge: 0, signal })
      assert.equal((await failureOf(newest)).code, 'source-failed', url)
    }
    assert.ok(!existsSync(mark))
    assert.ok(!existsSync(store), 'not even a folder is made for them')
  })

  test('is not asked for names or passwords by a program', async () => {
    const home = mkdtempSync(join(folder, 'home-'))
    const mark = join(home, 'asked')
    writeFileSync(join(home, 'ask'), `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 })
    writeFileSync(join(home, '.gitconfig'), `[core]\n\taskPass = ${join(home, 'ask')}\n`)
    process.env.HOME = home
    const server = createServer((socket) => {
      const answer = 'HTTP/1.1 401 x\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n'
      socket.on('error', () => {}).on('data', () => socket.write(answer))
    })
    const at = await listen(server)
    try {
      const fetching = sourcesAt().commit(
        `http://127.0.0.1:${at}/x`,
        'a'.repeat(40),
        undefined,
        IMAGE,
        signal,
      )
      const error = await failureOf(fetching)
      assert.equal(error.code, 'source-failed')
      assert.ok(!existsSync(mark))
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  })
})

describe('the folder of sources', () => {
  test('has one repository for each address, which is found again without a network', async () => {
    const { url, first } = repositoryOf('one')
    const store = newStore()
    const sources = sourcesAt(store)
    assert.equal(sources.there(url), undefined)
    const { objects } = await sources.commit(url, first, undefined, IMAGE, signal)
    assert.equal(sourcesAt(store).there(url), objects.repository)
    assert.equal(sources.there(`${url}x`), undefined)
    assert.equal(readdirSync(store).length, 1)
  })

  test('is pruned of what nobody has asked for in a while, and of nothing else', async () => {
    const [old, young] = [repositoryOf('old'), repositoryOf('young')]
    const store = newStore()
    const sources = sourcesAt(store)
    assert.equal(await sources.prune(0), 0, 'a folder that is not there is fine')
    const { objects } = await sources.commit(old.url, old.first, undefined, IMAGE, signal)
    await sources.commit(young.url, young.first, undefined, IMAGE, signal)
    cpSync(objects.repository, join(store, 'mine.git'), { recursive: true })
    const week = new Date(Date.now() - 7 * 86_400_000)
    utimesSync(objects.repository, week, week)
    assert.equal(await sources.prune(86_400_000), 1)
    assert.equal(sources.there(old.url), undefined)
    assert.ok(sources.there(young.url))
    await sleep(10)
    assert.equal(await sources.prune(0), 1)
    assert.deepEqual(readdirSync(store), ['mine.git'], 'what is not ours stays')
  })
})
