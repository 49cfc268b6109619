// The container of skiff/core, on real boots: what `ssh core@board` leads into, what lasts, and what is said when
// there is no container. Root's own login is the board's all the time.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'ssh2'
import { makeBootDisk, makeDisk } from '../../src/image/qemu/disks.ts'
import type { Disk } from '../../src/image/qemu/machine.ts'
import { type Ended, execute } from '../engine/harness/execute.ts'
import { type Board, boot, sshWords } from './harness/board.ts'
import { coreenv } from './harness/coreenv.ts'
import { makeTestImage, type TestImage } from './harness/image.ts'

const CHAIN = ['skiff/base', 'virt/common', 'virt/qemu', 'apps/docker', 'skiff/core']
const LIMIT = 400_000
const signal = () => AbortSignal.timeout(120_000)
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

describe('the container of skiff/core', { timeout: 3_000_000 }, () => {
  let image: TestImage
  let engine: Disk
  let board: Board
  const disk = async (name: string, files: Record<string, string | Buffer>) => {
    const file = join(image.folder, name)
    await makeDisk(file, { label: 'persist', megabytes: 1024, files }, signal())
    return file
  }
  const start = (file: string) => boot(image, { disks: [{ file }, engine], memory: 1024 })
  const words = (user: string) => sshWords(board.guest.sshPort, image.imageKey, user)
  /** Runs a command as core. */
  const core = (command: string, input = '') =>
    execute('ssh', [...words('core'), command], { input, timeout: 200_000 })

  /** Logs in as core until that works. @returns all that was said meanwhile */
  async function entered(): Promise<string> {
    const begun = performance.now()
    const said: string[] = []
    for (;;) {
      const { status, stdout, stderr } = await core('echo entered')
      said.push(stderr)
      if (status === 0 && stdout === 'entered\n') return said.join('')
      assert.equal(status, 75, `${stdout}${stderr}`)
      if (performance.now() - begun > LIMIT)
        assert.fail(`no login to core:\n${said.join('')}\n${(await rooted()).journal}`)
      await sleep(500)
    }
  }
  /** What holds all the time: root's login is the board's own. */
  async function rooted(): Promise<{ readonly journal: string; readonly status: string }> {
    const { stdout, stderr, status } = await board.sh('grep " / " /proc/mounts; skiff status', 120_000)
    assert.match(stdout, /^overlay \/ overlay /, `${status}: ${stderr}`)
    return {
      status: stdout,
      journal: (await board.sh('journalctl --no-pager --boot --unit skiff-core', 120_000)).stdout,
    }
  }
  const runs = async (what: string) => {
    const { stdout } = await board.sh(`ps -o args | grep -c '^${what}$'`)
    return Number(stdout)
  }
  async function until(what: string, holds: () => Promise<boolean>, limit = 90_000): Promise<void> {
    const end = performance.now() + limit
    while (!(await holds())) {
      if (performance.now() > end) assert.fail(`not within ${limit / 1000} s: ${what}`)
      await sleep(500)
    }
  }

  before(
    async () => {
      image = await makeTestImage(CHAIN)
      engine = { file: join(image.folder, 'boot.img'), readOnly: true }
      await makeBootDisk(engine.file, image.output, signal())
    },
    { timeout: 700_000 },
  )
  after(async () => image[Symbol.asyncDispose]())

  describe('with a context on persist', () => {
    let persist: string
    before(
      async () => {
        const files = await coreenv(image, 'echo started >>/start; sleep 20', 'RUN sleep 20')
        persist = await disk('core.img', files)
        board = await start(persist)
      },
      { timeout: LIMIT },
    )
    after(async () => board[Symbol.asyncDispose]())

    it('is built at the first boot; a login says so meanwhile, and that it waits for /core-startup.sh', async () => {
      const said = await entered()
      assert.match(said, /the image of the container is being built; try again later/)
      assert.match(said, /skiff: {3}Step \d\/\d/)
      assert.match(said, /\/core-startup\.sh of the container is still running/)
      assert.match((await rooted()).status, /-----> core: the container runs/)
    })

    it('is where commands of core run, as its user core; root stays on the board', async () => {
      const inside = await core(
        'hostname; uname -m; id -u; cat /start /proc/self/oom_score_adj; echo $USER $SHELL; echo err >&2',
      )
      assert.deepEqual(
        [inside.stdout, inside.stderr],
        ['core\naarch64\n1000\nstarted\n300\ncore /bin/sh\n', 'err\n'],
      )
      assert.equal((await board.sh('hostname')).stdout, 'skiff\n')
    })

    it('passes exit status, quotes and 100 KB of stdin as they are', async () => {
      assert.equal((await core('exit 7')).status, 7)
      const quoted = await core(`echo 'a  b' "c'd" '$HOME' \\$x "$((1 + 1))"`)
      assert.equal(quoted.stdout, "a  b c'd $HOME $x 2\n")
      const input = 'line of text that is piped\n'.repeat(4000)
      assert.equal((await core('cat', input)).stdout, input)
    })

    it('gives a terminal to who asks for one, and TERM with it', async () => {
      const { stdout, status } = await execute('ssh', ['-tt', ...words('core')], {
        ...{ input: 'tty; echo "<$TERM>"\nexit 3\n', timeout: 200_000 },
        env: { TERM: 'vt220' },
      })
      assert.match(stdout, /\/dev\/pts\/\d/)
      assert.match(stdout, /<vt220>/)
      assert.equal(status, 3)
      assert.match((await core('tty')).stdout, /not a tty/)
    })

    it('has the sftp-server of the container, where that system keeps it', async () => {
      const { stdout } = await execute('ssh', ['-s', ...words('core'), 'sftp'], {
        input: 'bytes\n',
        timeout: 200_000,
      })
      assert.equal(stdout, 'sftp in core\nbytes\n')
    })

    it('ends what runs in it when the client is gone, with a terminal and without; not what has its own session', async () => {
      for (const [seconds, options] of [
        ['7771', []],
        ['7772', ['-tt']],
      ] as const) {
        const command = `setsid sleep 9${seconds} & sleep ${seconds}; true`
        const client = spawn('ssh', [...options, ...words('core'), command], {
          stdio: ['pipe', 'ignore', 'ignore'],
        })
        try {
          await until(`sleep ${seconds} runs`, async () => (await runs(`sleep ${seconds}`)) === 1)
        } finally {
          client.kill('SIGKILL')
        }
        await until(`sleep ${seconds} has ended`, async () => (await runs(`sleep ${seconds}`)) === 0, 60_000)
        assert.equal(await runs(`sleep 9${seconds}`), 1)
      }
      await until(
        'no session is left',
        async () => (await board.sh('ls /run/skiff/core/sessions')).stdout === 'begun\nstarted\n',
      )
      assert.doesNotMatch((await board.sh('ps -o args')).stdout, /core-login/)
    })

    it('hears signals of the protocol', async () => {
      const client = new Client()
      const port = board.guest.sshPort
      const ended = new Promise<string>((resolve, reject) => {
        client.once('error', reject)
        client.once('ready', () =>
          client.exec(
            "trap 'echo heard; exit 9' TERM; echo waits; while :; do sleep 1; done",
            (error, stream) => {
              if (error) return reject(error)
              let text = ''
              stream.on('data', (data: Buffer) => {
                text += data
                if (text === 'waits\n') stream.signal('TERM')
              })
              stream.once('close', (status: number) => resolve(`${text}${status}`))
            },
          ),
        )
      })
      client.connect({ host: '127.0.0.1', port, username: 'core', privateKey: readFileSync(image.imageKey) })
      try {
        const late = sleep(120_000, 'no end', { ref: false })
        assert.equal(await Promise.race([ended, late]), 'waits\nheard\n9')
      } finally {
        client.end()
      }
    })

    it('has the folder core of persist at /mnt/core', async () => {
      await core('echo inside >/mnt/core/a')
      assert.equal(
        (await board.sh('cat /mnt/persist/core/a; echo board >/mnt/persist/core/b')).stdout,
        'inside\n',
      )
      assert.equal((await core('cat /mnt/core/b')).stdout, 'board\n')
    })

    it('costs this much', async () => {
      const timed = async (run: () => Promise<Ended>) => {
        const times: number[] = []
        for (let turn = 0; turn < 5; turn += 1) {
          const begun = performance.now()
          assert.equal((await run()).status, 0)
          times.push(performance.now() - begun)
        }
        return `${(median(times) / 1000).toFixed(2)} s`
      }
      const exec = await board.sh(
        'for i in 1 2 3 4 5; do a=$(cut -d " " -f 1 /proc/uptime); docker exec core true; b=$(cut -d " " -f 1 /proc/uptime); echo $a $b; done',
        120_000,
      )
      const alone = exec.stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' ').map(Number))
      const free = async () =>
        Number((await board.sh("awk '/^MemAvailable/ {print $2}' /proc/meminfo")).stdout) / 1000
      console.log(
        `ssh core@ true ${await timed(() => core('true'))}, ssh root@ true ${await timed(() => board.sh('true'))}`,
      )
      console.log(`docker exec alone ${median(alone.map(([from = 0, to = 0]) => to - from)).toFixed(2)} s`)
      const without = await free()
      const client = spawn('ssh', [...words('core'), 'sleep 7773'], { stdio: ['pipe', 'ignore', 'ignore'] })
      await until('a session runs', async () => (await runs('sleep 7773')) === 1)
      const session = without - (await free())
      client.kill()
      await until('it has ended', async () => (await runs('sleep 7773')) === 0)
      const running = await free()
      await board.sh('docker stop --time 1 core', 120_000)
      console.log(
        `available MB: ${((await free()) - running).toFixed(1)} less by the container, ${session.toFixed(1)} by a session`,
      )
      const stopped = await core('true')
      assert.match(
        stopped.stderr,
        /the container could not be entered.*systemctl restart skiff-core starts it/,
      )
      assert.equal((await board.sh('systemctl restart skiff-core', 200_000)).status, 0)
      await entered()
    })

    it('keeps over a reboot what was changed in it, and is not built again', async () => {
      await core('echo kept >/home/core/mine')
      const before = (await board.sh('docker inspect --format "{{.Id}} {{.Image}}" core')).stdout
      await board.sh('systemctl reboot')
      await Promise.race([board.guest.ended, sleep(120_000, undefined, { ref: false })])
      await board[Symbol.asyncDispose]()
      board = await start(persist)
      const begun = performance.now()
      await entered()
      console.log(
        `core can be entered ${((performance.now() - begun) / 1000).toFixed(1)} s after root can, on a later boot`,
      )
      assert.equal((await core('cat /home/core/mine; cat /start')).stdout, `kept\n${'started\n'.repeat(3)}`)
      assert.equal((await board.sh('docker inspect --format "{{.Id}} {{.Image}}" core')).stdout, before)
      const { journal } = await rooted()
      assert.doesNotMatch(journal, /Step/)
      assert.match(journal, /the container runs/)
    })

    it('is made anew of a changed context, with the old one beside; what cannot be built changes nothing', async () => {
      const file = '/mnt/persist/skiff/coreenv/Dockerfile'
      await board.sh(`echo 'ENV NEW=yes' >>${file}; systemctl restart skiff-core`, 300_000)
      await entered()
      assert.equal((await core('echo $NEW; cat /home/core/mine')).stdout, 'yes\n')
      assert.equal(
        (await board.sh('docker cp core-before:/home/core/mine - | tar -xO', 120_000)).stdout,
        'kept\n',
      )
      await board.sh(`echo 'RUN false' >>${file}; systemctl restart skiff-core`, 300_000)
      const { stdout, stderr } = await execute('ssh', ['-tt', ...words('core'), 'echo $NEW'], {
        timeout: 200_000,
      })
      assert.match(stdout, /yes/)
      assert.match(stdout + stderr, /this is the container of before/)
      assert.match((await rooted()).status, / ! {5}core: its image could not be built/)
    })
  })

  it('that cannot be built leaves root as ever, and a login to core says what to do', async () => {
    board = await start(
      await disk('broken.img', { 'skiff/coreenv/Dockerfile': 'FROM scratch\nRUN broken\n' }),
    )
    await using _ = board
    await until(
      'the build has failed',
      async () => (await board.sh('cat /run/skiff/core/state')).stdout === 'failed\n',
      LIMIT,
    )
    const { status, stdout, stderr } = await core('true')
    assert.deepEqual([status, stdout], [75, ''])
    assert.match(stderr, /there is no container/)
    assert.match(stderr, /journalctl -u skiff-core tells all, systemctl restart skiff-core tries again/)
    assert.match(
      (await rooted()).status,
      / ! {5}core: its image could not be built from \/mnt\/persist\/skiff\/coreenv/,
    )
  })
})
