// Imports point one way, and each outside library has one home.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { filesIn, importsOf } from './files.ts'

const STAGES = ['receiver', 'builder', 'deployer', 'image']

/** What each folder of src may import besides itself, and why. */
const MAY_IMPORT: Record<string, { folders: readonly string[]; why: string }> = {
  core: { folders: [], why: 'the words of the domain know nothing of the machine' },
  config: { folders: ['core'], why: 'a setting is a word, whoever reads it' },
  host: { folders: ['core', 'config'], why: 'an adapter serves every stage, so it knows none' },
  receiver: { folders: ['core', 'config', 'host'], why: 'stages meet in values of core, not in each other' },
  builder: { folders: ['core', 'config', 'host'], why: 'stages meet in values of core, not in each other' },
  deployer: { folders: ['core', 'config', 'host'], why: 'stages meet in values of core, not in each other' },
  image: { folders: ['core', 'config', 'host'], why: 'stages meet in values of core, not in each other' },
  commands: {
    folders: ['core', 'config', 'host', ...STAGES, 'pipeline-port.ts'],
    why: 'a command asks the pipeline; it starts and joins nothing',
  },
  'pipeline-port.ts': { folders: ['core', 'receiver'], why: 'what can be changed, without how' },
  'pipeline.ts': {
    folders: ['core', 'config', 'host', ...STAGES, 'pipeline-port.ts'],
    why: 'the story joins the stages; who tells it is not its business',
  },
  'log.ts': { folders: ['core'], why: 'a log is a port of core' },
  'daemon.ts': {
    folders: ['core', 'config', 'host', ...STAGES, 'commands', 'pipeline.ts'],
    why: 'the composition root joins what there is, but no entry',
  },
  'cli.ts': {
    folders: ['core', 'config', 'receiver', 'daemon.ts', 'log.ts'],
    why: 'the executable serves, or asks the daemon',
  },
  'main.ts': { folders: ['cli.ts'], why: 'the entry has a few lines' },
  'skiff.ts': { folders: ['image'], why: 'the entry of the other program has a few lines too' },
}

/** The one place of each outside library. */
const HOMES: Record<string, { path: string; why: string }> = {
  ssh2: { path: 'src/receiver/ssh/', why: 'SSH is one way in; a command does not know how it came' },
  dockerode: { path: 'src/host/docker/', why: "the engine's answers are parsed where they arrive" },
  'tar-fs': { path: 'src/host/docker/', why: 'a tar is how the engine takes a tree' },
  'tar-stream': {
    path: 'src/host/',
    why: 'a tar is how the engine takes a tree, and how mmdebstrap gives one',
  },
  'p-queue': { path: 'src/host/queue/', why: 'turns are given in one place, or two changes of an app meet' },
  zod: { path: 'src/', why: 'what comes from outside is parsed where it comes in' },
  pino: { path: 'src/log.ts', why: 'everything else writes to the Log it is given' },
}

const top = (path: string) => path.split('/')[1] ?? ''

describe('imports', () => {
  for (const [folder, { folders, why }] of Object.entries(MAY_IMPORT)) {
    it(`of src/${folder} stay within ${['itself', ...folders].join(', ')}: ${why}`, () => {
      for (const file of filesIn(`src/${folder}`)) {
        for (const target of importsOf(file).filter((name) => name.startsWith('src/'))) {
          const allowed = top(target) === folder || folders.includes(top(target))
          assert.ok(allowed, `${file.path} imports ${target}`)
        }
      }
    })
  }

  it('are ruled for every folder of src', () => {
    const unruled = filesIn('src').filter(({ path }) => !Object.hasOwn(MAY_IMPORT, top(path)))
    assert.deepEqual(unruled, [])
  })

  it('never lead from src to tests, scripts or benches', () => {
    const strays = filesIn('src').flatMap((file) =>
      importsOf(file).filter((name) => /^(test|scripts|bench)\//.test(name)),
    )
    assert.deepEqual(strays, [])
  })
})

describe('an outside library has one home', () => {
  for (const [library, { path, why }] of Object.entries(HOMES)) {
    it(`${library} in ${path}: ${why}`, () => {
      const elsewhere = filesIn('src')
        .filter((file) => importsOf(file).includes(library) && !file.path.startsWith(path))
        .map((file) => file.path)
      assert.deepEqual(elsewhere, [])
    })
  }

  it('zod comes as a namespace: `{ z }` brings half a megabyte of it that nobody calls into the program', () => {
    const whole = filesIn('src').filter(({ text }) => /import \{[^}]*\bz\b[^}]*\} from 'zod'/.test(text))
    assert.deepEqual(
      whole.map(({ path }) => path),
      [],
    )
  })

  it('node:sqlite in src/host/store/, and the lock: state has one way to the disk', () => {
    const elsewhere = filesIn('src')
      .filter((file) => importsOf(file).includes('node:sqlite') && !file.path.startsWith('src/host/store/'))
      .map((file) => file.path)
    // the lock of a root is SQLite's: Node has no flock
    assert.deepEqual(elsewhere, ['src/host/files/lock.ts'])
  })

  it('and every one that src imports is ruled here', () => {
    const outside = filesIn('src').flatMap((file) =>
      importsOf(file).filter((name) => !name.startsWith('src/') && !name.startsWith('node:')),
    )
    assert.deepEqual(
      [...new Set(outside)].filter((name) => !Object.hasOwn(HOMES, name)),
      [],
    )
  })
})
