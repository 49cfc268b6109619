// From push to live for a change of one file: ours against push, build, run and first answer by hand.
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { freePort } from '../src/host/net/free-port.ts'
import { execute } from '../test/engine/harness/execute.ts'
import { type Instance, webApp } from '../test/engine/harness/instance.ts'
import { mustEnd, startInstance } from './instance.ts'
import { OpenSsh } from './openssh.ts'
import { median, type Result, result, timed } from './result.ts'

const RUNS = 7

/** Asks until the page is `wanted`. */
async function answered(port: number, host: string, wanted: string): Promise<void> {
  const end = performance.now() + 30_000
  while (performance.now() < end) {
    const body = await new Promise<string>((resolve) => {
      const asked = request(
        { host: '127.0.0.1', port, headers: { host }, agent: false, timeout: 5_000 },
        (answer) => {
          let text = ''
          answer.on('data', (chunk: Buffer) => (text += chunk))
          answer.on('close', () => resolve(text))
        },
      )
      asked.on('error', () => resolve(''))
      asked.end()
    })
    if (body === wanted) return
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  throw new Error('the new page never came')
}

/** A docker client that can build with this builder; newer ones need a plugin for BuildKit. */
async function clientFor(buildkit: boolean, instance: Instance, tree: string): Promise<string | undefined> {
  for (const client of ['docker', '/usr/bin/docker']) {
    const { status } = await docker(client, buildkit, instance, ['build', '-q', '-t', 'crew-bench:0', tree])
    if (status === 0) return client
  }
  return undefined
}

const docker = (client: string, buildkit: boolean, { engine }: Instance, args: readonly string[]) =>
  execute(client, ['--host', engine.address, ...args], {
    env: { DOCKER_BUILDKIT: buildkit ? '1' : '0' },
    timeout: 120_000,
  })

async function byHand(
  client: string,
  buildkit: boolean,
  instance: Instance,
  tree: string,
  url: string,
): Promise<number> {
  const port = await freePort()
  const page = readFileSync(join(tree, 'index.html'), 'utf8')
  const took = await timed(async () => {
    mustEnd('git push', await instance.git(tree, ['push', '-q', url, 'master']))
    mustEnd(
      'docker build',
      await docker(client, buildkit, instance, ['build', '-q', '-t', 'crew-bench:1', tree]),
    )
    const publish = `127.0.0.1:${port}:5000`
    mustEnd(
      'docker run',
      await docker(client, buildkit, instance, [
        'run',
        '-d',
        '--name',
        `bench-${port}`,
        '-p',
        publish,
        'crew-bench:1',
      ]),
    )
    await answered(port, 'localhost', page)
  })
  await docker(client, buildkit, instance, ['rm', '-f', `bench-${port}`])
  return took
}

async function compare(builder: 'classic' | 'buildkit'): Promise<Result[]> {
  await using instance = await startInstance({ CREW_BUILDER: builder })
  await using openssh = await OpenSsh.start(instance.key)
  const buildkit = builder === 'buildkit'
  const tree = await instance.repository('live', webApp('0\n'))
  const client = await clientFor(buildkit, instance, tree)
  if (client === undefined) {
    console.error(`no docker client here builds with ${builder}, so there is nothing to compare with`)
    return []
  }
  const url = await openssh.repository('live')
  const ours: number[] = []
  const theirs: number[] = []
  // the first of each is cold
  for (let run = 0; run <= RUNS; run++) {
    const page = `${builder} ${run}\n`
    await instance.commit(tree, { 'index.html': page })
    const own = await timed(async () => {
      mustEnd('git push', await instance.push(tree))
      await answered(instance.httpPort, 'live.localhost', page)
    })
    // another change, or the engine would have the layer of our build
    await instance.commit(tree, { 'index.html': `by hand ${page}` })
    const peer = await byHand(client, buildkit, instance, tree, url)
    if (run > 0) {
      ours.push(own)
      theirs.push(peer)
    }
  }
  await docker(client, buildkit, instance, ['rmi', '-f', 'crew-bench:0', 'crew-bench:1'])
  const [a, b] = [median(ours) / 1000, median(theirs) / 1000]
  return [
    result(
      `push to live, one file changed (${builder} builder)`,
      {
        ours: a,
        against: b,
        what_against: 'OpenSSH push + docker build + docker run + first answer',
        unit: 's',
      },
      'at most 0.4 s on top',
      a - b <= 0.4,
    ),
  ]
}

export const live = async (): Promise<Result[]> => [
  ...(await compare('classic')),
  ...(await compare('buildkit')),
]
