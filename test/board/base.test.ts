// What Skiff is for, on the board itself: a Dockerfile whose base no registry in reach has for the board's processor is
// pushed, the base is made on the board of Debian's packages, and a second app finds it there.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { freePort } from '../../src/host/net/free-port.ts'
import { makeBootDisk, makeDisk } from '../../src/image/qemu/disks.ts'
import { eventually, execute } from '../engine/harness/execute.ts'
import { suiteFor } from '../engine/harness/suites.ts'
import { type Board, boot } from './harness/board.ts'
import { CREW_CHAIN, commit, crewAnswers, push, SLOW, saidOfCrew, takeBusybox } from './harness/crew.ts'
import { makeTestImage, type TestImage } from './harness/image.ts'

/** Making a base unpacks and configures a hundred packages, every instruction emulated. */
const MAKING = 2_400_000
const HOUR = 3_600_000
const signal = () => AbortSignal.timeout(120_000)

const dockerfile = (suite: string) => `FROM debian:${suite}-slim
COPY busybox /usr/local/bin/busybox
RUN mkdir /www && . /etc/os-release && echo "$ID $VERSION_CODENAME $(dpkg --print-architecture) $(uname -m)" >/www/machine
EXPOSE 5000
CMD ["sh", "-c", "exec busybox httpd -f -p \${PORT:-5000} -h /www"]
`

describe('a board to which an app is pushed whose base nobody publishes', { timeout: HOUR }, () => {
  let image: TestImage
  let suite: string
  let page: number
  let disks: { file: string; readOnly?: boolean }[]

  before(async () => {
    image = await makeTestImage(CREW_CHAIN)
    page = await freePort()
    const found = await suiteFor('arm64')
    suite = found.suite
    const settings = [
      `ground-debian-mirror = ${found.mirror}`,
      ...(found.aptOptions.length > 0 ? [`ground-apt-options = ${found.aptOptions.join(' ')}`] : []),
    ]
    const files = {
      'skiff/keys/ann.pub': image.persistPublic,
      'skiff/crew/settings.conf': settings.map((line) => `${line}\n`).join(''),
    }
    const persist = join(image.folder, 'base.img')
    const engine = join(image.folder, 'base-boot.img')
    await makeDisk(persist, { label: 'persist', megabytes: 3072, files }, signal())
    await makeBootDisk(engine, image.output, signal())
    disks = [{ file: persist }, { file: engine, readOnly: true }]
  })
  after(async () => image?.[Symbol.asyncDispose]())

  async function makeApp(name: string): Promise<string> {
    const folder = join(image.folder, name)
    mkdirSync(folder)
    await takeBusybox(image, folder)
    writeFileSync(join(folder, 'Dockerfile'), dockerfile(suite))
    await commit(folder, name)
    return folder
  }

  async function pushed(board: Board, name: string): Promise<{ words: string; seconds: number }> {
    const begun = performance.now()
    const { status, stdout, stderr } = await push(board, image.persistKey, await makeApp(name), name, MAKING)
    const seconds = (performance.now() - begun) / 1000
    console.log(`${stdout}${stderr}`.replaceAll(/^remote: /gm, '       '))
    assert.equal(status, 0, await saidOfCrew(board))
    return { words: stderr, seconds }
  }

  it('makes the base itself, and has it for the next app', { timeout: HOUR }, async () => {
    await using board = await boot(image, {
      disks,
      memory: 1024,
      key: image.persistKey,
      forwards: [{ port: page, to: 20_000 }],
    })
    await crewAnswers(board, image.persistKey)

    const first = await pushed(board, 'first')
    const answer = async () => {
      const { stdout } = await execute('curl', ['-sf', '-m', '20', `http://127.0.0.1:${page}/machine`])
      return stdout || undefined
    }
    assert.equal(await eventually('the page', answer, SLOW), `debian ${suite} arm64 aarch64\n`)
    const { stdout } = await board.sh('docker image ls; free -m; df -h /mnt/persist; skiff status')
    console.log(stdout)

    const second = await pushed(board, 'second')
    console.log(
      `first app ${first.seconds.toFixed(0)} s with its base, second app ${second.seconds.toFixed(0)} s`,
    )
    assert.ok(first.words.includes(`Making debian ${suite}-slim for linux/arm64`), first.words)
    assert.doesNotMatch(second.words, /Making /)
    // in the folder of Crew nothing of the making is left
    const { stdout: left } = await board.sh(
      'ls /mnt/persist/skiff/crew/work; docker ps --all --quiet | wc -l',
    )
    assert.equal(left, '2\n')
  })
})
