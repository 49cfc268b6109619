// A dockerd for one test, which may stop it, kill it or let its disk run full.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Engine } from '../../../src/host/docker/engine.ts'
import { eventually, execute } from './execute.ts'

let started = 0

export class PrivateEngine implements AsyncDisposable {
  readonly engine: Engine
  readonly #folder: string
  readonly #data: string
  // the kernel allows 15 characters
  readonly #bridge: string
  readonly #address: string
  #process: ChildProcess | undefined

  private constructor(folder: string, data: string) {
    this.#folder = folder
    this.#data = data
    const number = started++
    this.#bridge = `crewt${process.pid}-${number}`
    this.#address = `10.222.${(process.pid + 97 * number) % 256}.1/24`
    this.engine = new Engine(`unix://${join(folder, 'docker.sock')}`)
  }

  /** @param folder for sockets and logs @param data for images and containers; another file system, say */
  static async start(folder: string, data = join(folder, 'data')): Promise<PrivateEngine> {
    mkdirSync(folder, { recursive: true })
    const engine = new PrivateEngine(folder, data)
    await engine.start()
    return engine
  }

  async start(): Promise<void> {
    const at = (name: string) => join(this.#folder, name)
    // a bridge of its own and no firewall rules, so that it collides with no other dockerd
    await this.#addBridge()
    const flags = [`--bridge=${this.#bridge}`, '--iptables=false', '--ip6tables=false', '--ip-forward=false']
    const child = spawn(
      'dockerd',
      [
        '--data-root',
        this.#data,
        '--exec-root',
        at('exec'),
        '-H',
        this.engine.address,
        '--pidfile',
        at('pid'),
        ...flags,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    let log = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk))
    this.#process = child
    await eventually('dockerd to answer', async () => {
      if (child.exitCode !== null) throw new Error(`dockerd ended:\n${log.slice(-3000)}`)
      return this.engine.info().catch(() => undefined)
    })
  }

  async #addBridge(): Promise<void> {
    for (const words of [
      `link add ${this.#bridge} type bridge`,
      `addr add ${this.#address} dev ${this.#bridge}`,
      `link set ${this.#bridge} up`,
    ]) {
      const { status, stderr } = await execute('ip', words.split(' '))
      if (status !== 0 && !/File exists|already assigned/.test(stderr))
        throw new Error(`ip ${words}: ${stderr} (this test needs root)`)
    }
  }

  /** SIGTERM stops its containers in order; SIGKILL leaves containerd and them for the next start. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await new Promise((resolve) => child.once('exit', resolve))
    // containerd dies with a dockerd that is killed, and the next one would wait for the pid that it left
    if (signal === 'SIGKILL') rmSync(join(this.#folder, 'exec/containerd/containerd.pid'), { force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await execute('ip', ['link', 'del', this.#bridge])
    // what dockerd left mounted below its folders
    const below = (path: string) => path.startsWith(`${this.#folder}/`) || path.startsWith(`${this.#data}/`)
    const mounts = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '')
      .filter(below)
    for (const mount of mounts.reverse()) await execute('umount', ['-l', mount]).catch(() => {})
  }
}
