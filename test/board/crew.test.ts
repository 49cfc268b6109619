// Crew aboard: an app is pushed to a board over port 22, built on it and fetched from it. Then the plug is pulled, and
// the next boot serves it again.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../src/host/net/free-port.ts'
import { makeBootDisk, makeDisk } from '../../src/image/qemu/disks.ts'
import { eventually, execute } from '../engine/harness/execute.ts'
import { type Board, boot, IN_RAM, rootMounts, sshWords } from './harness/board.ts'
import {
  CREW_CHAIN,
  commit,
  crewAnswers,
  crew as crewOf,
  push,
  SLOW,
  saidOfCrew,
  takeBusybox,
} from './harness/crew.ts'
import { makeTestImage, type TestImage } from './harness/image.ts'

const DEMO = new URL('../../demo-board/', import.meta.url).pathname
const signal = () => AbortSignal.timeout(120_000)

describe('a board with Crew', { timeout: 1_500_000 }, () => {
  let image: TestImage
  let app: string
  let page: number
  let disks: { file: string; readOnly?: boolean }[]

  before(async () => {
    image = await makeTestImage(CREW_CHAIN)
    page = await freePort()
    const persist = join(image.folder, 'crew.img')
    const engine = join(image.folder, 'crew-boot.img')
    const files = { 'skiff/keys/ann.pub': image.persistPublic }
    await makeDisk(persist, { label: 'persist', megabytes: 2048, files }, signal())
    await makeBootDisk(engine, image.output, signal())
    disks = [{ file: persist }, { file: engine, readOnly: true }]
    app = await makeApp(image)
  })
  after(async () => image[Symbol.asyncDispose]())

  const start = () =>
    boot(image, { disks, memory: 1024, key: image.persistKey, forwards: [{ port: page, to: 20_000 }] })
  const crew = (board: Board, command: string, words: string[] = [], key = image.persistKey) =>
    crewOf(board, key, command, words)
  const fetched = async (path: string) => {
    const { status, stdout } = await execute('curl', ['-sf', '-m', '20', `http://127.0.0.1:${page}/${path}`])
    return status === 0 ? stdout : undefined
  }

  it('builds a pushed app for its own processor, serves it, and serves it again after the plug was pulled', async () => {
    {
      await using board = await start()
      console.log(`login after ${(board.login / 1000).toFixed(0)} s`)
      assert.deepEqual(await rootMounts(board), IN_RAM)
      await crewAnswers(board, image.persistKey)

      const pushed = await push(board, image.persistKey, app, 'demo')
      assert.equal(pushed.status, 0, pushed.stderr)
      assert.match(pushed.stderr, /Application deployed: release 1 of demo/)
      assert.equal(await fetched('machine'), 'built on aarch64\n')
      const byName = await board.sh('wget -q -O - --header "Host: demo.$(hostname)" http://127.0.0.1/machine')
      assert.equal(byName.stdout, 'built on aarch64\n', byName.stderr)
      assert.match((await crew(board, 'apps:list')).stdout, /^demo$/m)
      await passesThrough(board)
      // git's own clean-up runs behind everybody's back, and needed a program that no board had
      const { stdout: said } = await board.sh('journalctl -b --no-pager -u crew -o cat')
      assert.match(said, /"msg":"crew serves"/)
      assert.deepEqual(
        said.split('\n').filter((line) => /"level":[4-6]0/.test(line)),
        [],
      )

      await execute('sed', ['-i', 's/It runs/It still runs/', join(app, 'www/index.html')])
      await commit(app, 'two')
      const again = await push(board, image.persistKey, app, 'demo')
      assert.equal(again.status, 0, again.stderr)
      await board.guest.cut()
    }
    await using board = await start()
    const text = await eventually('the page', () => fetched('index.html'), SLOW).catch(async (error) => {
      throw new Error(`${error.message}\n${await saidOfCrew(board)}`)
    })
    assert.match(text, /It still runs on the board/, 'what was deployed when the power went')
    await crewAnswers(board, image.persistKey)
    const report = await crew(board, 'releases:list demo')
    assert.match(report.stdout, /2/, report.stderr)
    assert.match((await board.sh('skiff status')).stdout, /^docker +active/m)
    // what one types to stop a board, which BusyBox's shell once took for a command of its own
    await board.sh('poweroff')
    await eventually('the board to switch itself off', async () => !board.guest.running(), 120_000)
  })

  /** What reaches Crew over two SSH servers, and comes back. */
  async function passesThrough(board: Board) {
    const unknown = await crew(board, "nope 'a  b'")
    assert.deepEqual(
      [unknown.status, /"nope" is not a command/.test(unknown.stderr)],
      [2, true],
      unknown.stderr,
    )
    assert.equal((await crew(board, 'config:set demo TEXT="a  b" --no-restart')).status, 0)
    assert.equal((await crew(board, 'config:get demo TEXT')).stdout, 'a  b\n')
    // no shell, whatever is asked for, and no way past Crew
    const none = await crew(board, '; id', ['-tt'])
    assert.doesNotMatch(none.stdout, /uid=/)
    const forward = await crew(board, 'version', ['-o', 'ExitOnForwardFailure=yes', '-R', '0:127.0.0.1:22'])
    assert.notEqual(forward.status, 0)
    // the key of the image is an admin's too, until it is removed: from then on sshd still knows it, and Crew does not
    const other = (command: string) => crew(board, command, [], image.imageKey)
    assert.equal((await other('version')).status, 0)
    assert.equal((await crew(board, 'ssh-keys:remove image-key')).status, 0)
    assert.match((await other('version')).stderr, /is not registered with Crew/)
    await callsOff(board)
  }

  /** A client that goes away ends what Crew does for it. */
  async function callsOff(board: Board) {
    const words = [...sshWords(board.guest.sshPort, image.persistKey, 'crew'), 'logs demo --tail']
    const client = spawn('ssh', words, { stdio: 'ignore' })
    const gone = once(client, 'close')
    const hops = async () => (await board.sh('pidof ssh')).stdout.trim().split(' ').filter(Boolean)
    await eventually('the session at Crew', async () => (await hops()).length > 0, 60_000)
    await sleep(500)
    client.kill('SIGKILL')
    await gone
    await eventually('the end of the session', async () => (await hops()).length === 0, 60_000)
  }
})

/** The repository of the demo, with the BusyBox of the image in it. */
async function makeApp(image: TestImage): Promise<string> {
  const app = join(image.folder, 'app')
  cpSync(DEMO, app, { recursive: true })
  await takeBusybox(image, app)
  await commit(app, 'one')
  return app
}
