// A builder in reach of ssh: what goes wrong on the way to it, and how an image comes from it to the board.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import tarStream from 'tar-stream'
import { parseBuilderHost } from '../../src/core/builder-host.ts'
import { type CrewError, isFailure } from '../../src/core/errors.ts'
import { buildImage } from '../../src/host/docker/build.ts'
import { BuildOutput } from '../../src/host/docker/build-output.ts'
import { Engine } from '../../src/host/docker/engine.ts'
import { findImage, listImages, removeImage } from '../../src/host/docker/images.ts'
import { imageLayers } from '../../src/host/docker/layers.ts'
import { transferImage } from '../../src/host/docker/transfer.ts'
import { SshHost } from '../../src/host/ssh/host.ts'
import { BASE_IMAGE, ensureBaseImage } from './harness/engine.ts'
import { eventually } from './harness/execute.ts'
import { PrivateEngine } from './harness/private-engine.ts'
import { noise, processes, RemoteEngine, sshChildren } from './harness/remote-engine.ts'

const folder = mkdtempSync(join(tmpdir(), 'crew-remote-'))
const control = join(folder, 'control')
const limit = () => AbortSignal.timeout(60_000)
let remote: RemoteEngine
/** Of this test alone: what is left there is compared with what was there before. */
let own: PrivateEngine
let board: Engine
/** The builder, over ssh. */
let pc: Engine

before(async () => {
  mkdirSync(control)
  own = await PrivateEngine.start(join(folder, 'board'), join(folder, 'board/engine'))
  board = own.engine
  remote = await RemoteEngine.start(folder)
  pc = new Engine(remote.address, { controlFolder: control })
  await ensureBaseImage(remote.private.engine)
})
after(async () => {
  await pc?.[Symbol.asyncDispose]()
  assert.deepEqual(sshChildren(), [], 'an ssh was left over')
  await remote?.[Symbol.asyncDispose]()
  await own?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** Builds on an engine from the files of a context. @returns the id */
async function build(engine: Engine, files: Record<string, string | Buffer>): Promise<string> {
  const pack = tarStream.pack()
  // the same time each time, so that the same files make the same layer
  for (const [name, content] of Object.entries(files)) pack.entry({ name, mtime: new Date(0) }, content)
  pack.finalize()
  const output = new BuildOutput(() => {})
  const options = {
    builder: 'classic',
    dockerfile: 'Dockerfile',
    buildArgs: {},
    labels: {},
    tag: '',
  } as const
  await buildImage(engine, pack as unknown as Readable, { ...options, hasTriggers: true }, output, limit())
  assert.equal(output.failure, undefined)
  return output.image ?? assert.fail('no image')
}

let names = 0
/** Brings an image of the builder to the board. */
async function bring(image: string, from = pc, signal = limit(), onLine = (_: string) => {}) {
  const lines: string[] = []
  const tag = `crew-remote/app:r${++names}`
  const line = (text: string) => {
    lines.push(text)
    onLine(text)
  }
  return { ...(await transferImage(from, board, image, tag, { line }, signal)), lines, tag }
}

const failureOf = async (work: Promise<unknown>): Promise<CrewError> => {
  const error = await work.then(
    () => assert.fail('it worked'),
    (thrown: unknown) => thrown,
  )
  return error instanceof Error && isFailure(error) ? error : assert.fail(String(error))
}

describe('an engine over ssh', () => {
  test('answers as one of this machine does, and one login serves it', async () => {
    assert.deepEqual(await pc.info(), await remote.private.engine.info())
    const image = await build(pc, { Dockerfile: `FROM ${BASE_IMAGE}\nCMD ["true"]\n` })
    assert.equal((await findImage(pc, image))?.id, image)
    assert.ok((await listImages(pc, {})).some(({ id }) => id === image))
    await eventually('only the login to be left', async () => sshChildren().length === 1)
    assert.equal(readdirSync(control).length, 1)
  })

  test('also when more is open at once than sshd allows on one login', async () => {
    const stop = new AbortController()
    const streams = Array.from({ length: 12 }, () => pc.docker.getEvents({ abortSignal: stop.signal }))
    for (const stream of await Promise.all(streams)) (stream as Readable).on('error', () => {})
    await pc.info()
    stop.abort()
    await eventually('only the login to be left', async () => sshChildren().length === 1)
  })

  test('also without a folder for the login to be shared in', async () => {
    await using own = new Engine(remote.address)
    await own.info()
    await using deep = new Engine(remote.address, { controlFolder: join(folder, 'x'.repeat(100)) })
    await deep.info()
  })

  test('logs in anew when the login is gone', async () => {
    await pc.info()
    const [before] = readdirSync(control)
    for (const { pid } of sshChildren()) process.kill(pid, 'SIGKILL')
    await eventually('another login to be shared', async () => {
      // right after the loss a request may log in by itself
      await pc.info()
      const [socket] = readdirSync(control)
      return socket !== undefined && socket !== before
    })
  })

  // a master that nobody ends holds its connection for good
  test('leaves no login behind when this process is killed', async () => {
    const sockets = join(folder, 'killed')
    mkdirSync(sockets)
    const url = new URL('../../src/host/docker/engine.ts', import.meta.url)
    const program = `
      const { Engine } = await import('${url}')
      await new Engine('${remote.address}', { controlFolder: '${sockets}' }).info()
      console.log('ready')
      setInterval(() => {}, 1000)`
    const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => child.stdout?.once('data', resolve))
    assert.equal(readdirSync(sockets).length, 1)
    child.kill('SIGKILL')
    await eventually('its login to end', async () => readdirSync(sockets).length === 0)
    const left = () => processes().filter(({ words }) => words.join(' ').includes(sockets))
    await eventually('its ssh to end', async () => left().length === 0)
  })

  test('a request that is called off ends its session', async () => {
    const stop = new AbortController()
    const events = (await pc.docker.getEvents({ abortSignal: stop.signal })) as Readable
    events.on('error', () => {})
    assert.equal(sshChildren().length, 2)
    assert.equal(remote.logins(), 1, 'it logged in by itself')
    stop.abort()
    await eventually('its ssh to end', async () => sshChildren().length === 1)
    const dialling = () => processes().filter(({ words }) => words.includes('dial-stdio'))
    await eventually('its docker over there to end', async () => dialling().length === 0)
  })

  test('the login ends when nobody has used it for a while', async () => {
    await using host = new SshHost(parseBuilderHost(remote.address), { controlFolder: control, idle: 300 })
    const before = sshChildren().length
    const session = await host.start(['cat'])
    await sleep(600)
    assert.equal(sshChildren().length, before + 2, 'it ended under a session')
    await session[Symbol.asyncDispose]()
    await eventually('it to end', async () => sshChildren().length === before)
    await (await host.start(['cat']))[Symbol.asyncDispose]()
  })

  test('one that takes the connection and says nothing can be called off', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    const address = silent.address()
    assert.ok(address !== null && typeof address === 'object')
    const engine = new Engine(`ssh://root@127.0.0.1:${address.port}`, { controlFolder: control })
    const asked = failureOf(transferImage(engine, board, BASE_IMAGE, 'x/y:z', { line() {} }, signalIn(500)))
    assert.equal((await asked).code, 'canceled')
    const host = engine.ssh ?? assert.fail()
    assert.equal((await failureOf(host.start(['cat'], signalIn(300)))).code, 'canceled')
    await engine[Symbol.asyncDispose]()
    silent.close()
    await eventually('its ssh to end', async () => sshChildren().length <= 1)
  })
})

const signalIn = (milliseconds: number) => AbortSignal.timeout(milliseconds)

describe('an engine over ssh that cannot be used is refused with what to do', () => {
  const refusal = async (): Promise<CrewError> => {
    await using engine = new Engine(remote.address, { controlFolder: control })
    const error = await failureOf(engine.info())
    assert.equal(error.code, 'builder-unreachable')
    return error
  }

  test('a host key that is not known', async () => {
    remote.knows(undefined)
    const { message, hint } = await refusal()
    remote.knows('host')
    assert.match(message, /ssh:\/\/pc .*its host key is not known here/)
    assert.match(hint, /ssh pc true/)
  })

  test('a host key that changed', async () => {
    remote.knows('other')
    const { message, hint } = await refusal()
    remote.knows('host')
    assert.match(message, /not the one that is known/)
    assert.match(hint, /ssh-keygen -R pc/)
  })

  test('a key of ours that it does not let in', async () => {
    remote.login('other')
    const { message, hint } = await refusal()
    remote.login('user')
    assert.match(message, /lets none of our keys in/)
    assert.match(hint, /authorized_keys/)
  })

  test('no docker there', async () => {
    remote.hasDocker(false)
    const { message, hint } = await refusal()
    remote.hasDocker(true)
    assert.match(message, /no docker on the PATH/)
    assert.match(hint, /ssh pc docker version/)
  })

  test('no engine there', async () => {
    await remote.private.stop()
    const { message, hint } = await refusal()
    await remote.private.start()
    assert.match(message, /its Docker engine does not answer/)
    assert.match(hint, /start it there/)
  })

  test('no sshd there', async () => {
    await remote.hush()
    const { message } = await refusal()
    await remote.serve()
    assert.match(message, /Connection refused/)
  })
})

describe('an image that a builder made', () => {
  const MEGABYTE = 2 ** 20
  const big = noise(48 * MEGABYTE)
  const dockerfile = `FROM ${BASE_IMAGE}\nCOPY dependencies /dependencies\nCOPY app /app\nCMD ["cat", "/app"]\n`
  const app = (text: string) => build(pc, { Dockerfile: dockerfile, dependencies: big, app: text })

  /** Everything that a load which was broken off could leave on the board. */
  const kept = () => {
    const data = join(dirname(new URL(board.address).pathname), 'engine')
    const listing = (path: string) => readdirSync(join(data, path)).sort()
    return {
      temporary: listing('tmp'),
      layers: listing('image/overlay2/layerdb/sha256'),
      images: listing('image/overlay2/imagedb/content/sha256'),
      half: listing('image/overlay2/layerdb/tmp'),
    }
  }

  const spoolIsEmpty = () =>
    eventually('the archive to be removed over there', async () => readdirSync(remote.spool).length === 0)

  test('is on the board under its id and tag, and the first time all of it was sent', async () => {
    const image = await app('one')
    const { lines, tag, ...result } = await bring(image)
    assert.equal(result.image, image)
    assert.deepEqual([result.layersSent, result.layersKept], [3, 0])
    assert.ok(result.bytesSent > 48 * MEGABYTE, `${result.bytesSent} bytes`)
    assert.match(lines[0] ?? '', /^receiving 3 layers, \d+(\.\d)? MiB$/)
    assert.equal((await findImage(board, tag))?.id, image)
    await spoolIsEmpty()
  })

  test('and it runs', async () => {
    const image = await app('runs')
    await bring(image)
    const container = await board.docker.createContainer({ Image: image })
    await container.start()
    const { StatusCode } = await container.wait()
    await container.remove()
    assert.equal(StatusCode, 0)
  })

  test('after a change only the layer that changed is sent', async () => {
    const { layersSent, layersKept, bytesSent, lines } = await bring(await app('two'))
    assert.deepEqual([layersSent, layersKept], [1, 2])
    assert.ok(bytesSent < 10_000, `${bytesSent} bytes`)
    assert.match(lines[0] ?? '', /^receiving 1 layer, \d.* KiB; 2 layers here already$/)
  })

  test('brought again, nothing is sent', async () => {
    const image = await app('again')
    await bring(image)
    const { bytesSent, layersSent, tag } = await bring(image)
    assert.deepEqual([bytesSent, layersSent], [0, 0])
    assert.equal((await findImage(board, tag))?.id, image)
  })

  test('a layer that only another image of the board has is not sent', async () => {
    const other = await build(pc, { Dockerfile: `FROM ${BASE_IMAGE}\nCOPY a /a\n`, a: noise(MEGABYTE) })
    await bring(other)
    const Dockerfile = `FROM ${other}\nCOPY b /b\n`
    const { layersSent, layersKept, bytesSent } = await bring(await build(pc, { Dockerfile, b: 'b' }))
    assert.deepEqual([layersSent, layersKept], [1, 2])
    assert.ok(bytesSent < 10_000, `${bytesSent} bytes`)
  })

  test('the same layer on another base is sent, since engines know a layer by what is below it', async () => {
    const layer = { a: noise(1000).toString('hex') }
    const one = await build(pc, { Dockerfile: `FROM ${BASE_IMAGE}\nCOPY a /a\n`, ...layer })
    const two = await build(pc, { Dockerfile: `FROM ${BASE_IMAGE}\nRUN touch /x\nCOPY a /a\n`, ...layer })
    const tops = [one, two].map(async (image) => (await imageLayers(pc, image, limit())).layers.at(-1))
    assert.equal(await tops[0], await tops[1])
    await bring(one)
    const { layersSent, layersKept, lines } = await bring(two)
    assert.deepEqual([layersSent, layersKept], [2, 1])
    assert.equal(lines.length, 1, lines.join('\n'))
  })

  // 20.10 writes a layer once and links to it where it comes again
  test('with the same layer twice arrives, over ssh and from an engine of this machine', async () => {
    for (const from of [pc, remote.private.engine]) {
      const [a, b] = [noise(1000).toString('hex'), noise(1000).toString('hex')]
      const once = `FROM ${BASE_IMAGE}\nCOPY a /a\nCOPY b /a\n`
      const twice = await build(from, { Dockerfile: `${once}COPY a /a\nCOPY b /a\n`, a, b })
      const { layers } = await imageLayers(from, twice, limit())
      assert.equal(new Set(layers).size, layers.length - 2, 'the layers are not the same')
      const whole = await bring(twice, from)
      assert.deepEqual([whole.image, whole.layersSent], [twice, 4])
      // the link is wanted, and what it leads to is not
      const more = await build(from, { Dockerfile: `${once}COPY a /b\nCOPY a /a\nCOPY b /a\n`, a, b })
      const { image, layersSent, lines } = await bring(more, from)
      assert.deepEqual([image, layersSent], [more, 3])
      assert.equal(lines.length, 1, lines.join('\n'))
    }
  })

  test('from an engine of this machine only what the board lacks is sent too', async () => {
    const image = await app('here')
    const { image: arrived, layersSent, layersKept, bytesSent } = await bring(image, remote.private.engine)
    assert.deepEqual([arrived, layersSent, layersKept], [image, 1, 2])
    assert.ok(bytesSent < 20_000, `${bytesSent} bytes`)
  })

  test('a layer that goes from the board meanwhile is sent after all', async () => {
    const base = await build(pc, { Dockerfile: `FROM ${BASE_IMAGE}\nCOPY a /a\n`, a: noise(MEGABYTE) })
    const { tag } = await bring(base)
    const image = await build(pc, { Dockerfile: `FROM ${base}\nCOPY b /b\n`, b: 'b' })
    let removed: Promise<boolean> | undefined
    // said before the first byte goes
    const { layersSent, lines } = await bring(image, pc, limit(), () => {
      removed ??= removeImage(board, tag)
    })
    assert.equal(await removed, true)
    assert.ok(layersSent > 1, lines.join('\n'))
    assert.equal((await findImage(board, image))?.id, image)
  })

  test('when the connection breaks in the middle the board is as before, and the next time it works', async () => {
    const image = await build(pc, { Dockerfile: `FROM ${BASE_IMAGE}\nCOPY a /a\n`, a: noise(64 * MEGABYTE) })
    const before = kept()
    const error = await failureOf(
      bring(image, pc, limit(), () => {
        setTimeout(() => {
          for (const { pid } of sshChildren()) process.kill(pid, 'SIGKILL')
        }, 200)
      }),
    )
    assert.equal(error.code, 'transfer-failed')
    assert.match(error.message, /from ssh:\/\/pc: the connection broke after \d.* MiB/)
    assert.match(error.hint, /nothing of it is left here/)
    await eventually('the board to have dropped it', async () => kept().temporary.length === 0)
    assert.deepEqual(kept(), before)
    await spoolIsEmpty()
    assert.equal((await bring(image)).image, image)
  })

  test('called off in the middle, both sides end and keep nothing', async () => {
    const image = await build(pc, { Dockerfile: `FROM ${BASE_IMAGE}\nCOPY a /a\n`, a: noise(64 * MEGABYTE) })
    const before = kept()
    const stop = new AbortController()
    const error = await failureOf(
      bring(image, pc, stop.signal, () => {
        setTimeout(() => stop.abort(), 200)
      }),
    )
    assert.equal(error.code, 'canceled')
    await eventually('only the login to be left', async () => sshChildren().length === 1)
    await eventually('the board to have dropped it', async () => kept().temporary.length === 0)
    assert.deepEqual(kept(), before)
    await spoolIsEmpty()
  })

  test('called off while the archive is made, nothing is left over there', async () => {
    const image = await app('early')
    const stop = new AbortController()
    const bringing = failureOf(bring(image, pc, stop.signal))
    await eventually('the archive', async () => readdirSync(remote.spool).length > 0)
    stop.abort()
    assert.equal((await bringing).code, 'canceled')
    await spoolIsEmpty()
  })

  test('one that the builder does not have is named', async () => {
    const error = await failureOf(bring(`sha256:${'0'.repeat(64)}`))
    assert.equal(error.code, 'not-found')
    assert.match(error.hint, /ssh:\/\/pc/)
  })
})
