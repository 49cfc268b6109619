import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type Files, makeTree } from './packages/tree.ts'

const CLI = new URL('../../../src/image/cli.ts', import.meta.url).href
const PROGRAM = `const { main } = await import(process.env.CLI)
process.exitCode = await main(process.argv.slice(1), process.env, process.env.CHECKOUT)`

const FILES: Files = {
  'buildroot/configs/skiff/base/kernel/base': 'CONFIG_USB=m\n',
  'buildroot/configs/skiff/base/metadata/unlisted': '',
  'buildroot/configs/odroid/xu4/kernel/usb': 'CONFIG_USB=y\nCONFIG_STRAY\n',
  'buildroot/configs/odroid/xu4/metadata/description': 'ODROID-XU4',
  'buildroot/configs/odroid/xu4/metadata/commands': 'show Shows.\nlater Is not there yet.\n',
  'buildroot/configs/odroid/xu4/extensions/show!':
    '#!/bin/sh\necho "$SKIFF_CURRENT_CONF_NAME $PWD" "$@"\nexit 7\n',
  'buildroot/configs/odroid/xu4/extensions/plain': 'not executable\n',
  'buildroot/configs/odroid/xu4/extensions/wait!': '#!/bin/sh\necho $$\nexec sleep 60\n',
  'buildroot/configs/odroid/xu4/extensions/Makefile': 'hello:\n\t@echo hello from $(SKIFF_WORKSPACE)\n',
  'buildroot/configs/x/a/metadata/dependencies': 'x/b\n',
  'buildroot/configs/x/b/metadata/dependencies': 'x/a\n',
}

const ARGS = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', PROGRAM, '--']

function checkout(t: TestContext, files: Files = FILES) {
  const root = makeTree(t, files)
  // nothing of who runs the tests counts
  const base = { PATH: process.env.PATH, CLI, CHECKOUT: root }
  const skiff = (words: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...ARGS, ...words], {
      env: { ...base, ...env },
      encoding: 'utf8',
      timeout: 30_000,
    })
    return { status, stdout, stderr }
  }
  return { root, base, skiff }
}

const XU4 = { SKIFF_CONFIG: 'odroid/xu4' }

describe('skiff', () => {
  it('lists its commands, and tells all about one', (t) => {
    const { skiff } = checkout(t)
    assert.match(skiff(['help']).stdout, /configure {2}.*\n {4}compile {4}/)
    assert.match(
      skiff(['compile', '--help']).stdout,
      /^usage: skiff compile \[--json\] \[--assembler <name>\]/,
    )
    assert.ok(
      JSON.parse(skiff(['help', '--json']).stdout).some((each: { name: string }) => each.name === 'run'),
    )
  })

  it('refuses what it does not know with status 2 and what may have been meant', (t) => {
    const { skiff } = checkout(t)
    assert.deepEqual(skiff(['complie']), {
      status: 2,
      stdout: '',
      stderr:
        ' !     "complie" is not a command\n !     did you mean compile? skiff help lists the commands\n',
    })
    assert.equal(skiff(['status', '--bogus']).status, 2)
    assert.equal(skiff(['status', 'word']).status, 2)
    assert.equal(skiff(['run']).status, 2)
  })

  it('lists packages without the unlisted, and the layers of the chain', (t) => {
    const { skiff } = checkout(t)
    const { stdout } = skiff(['configs'])
    assert.match(stdout, /odroid\/xu4 {2}ODROID-XU4/)
    assert.doesNotMatch(stdout, /skiff\/base/)
    const found = JSON.parse(skiff(['configs', '--json'], XU4).stdout)
    assert.deepEqual(found.chain, ['skiff/base', 'odroid/xu4'])
  })

  it('explains a symbol layer by layer', (t) => {
    const { skiff } = checkout(t)
    const { stdout } = skiff(['configs', 'explain', 'CONFIG_USB'], XU4)
    assert.match(
      stdout,
      /^ {7}CONFIG_USB=m {2}skiff\/base {2}.*:1\n {4}-> CONFIG_USB=y {2}odroid\/xu4 {2}.*usb:1$/m,
    )
    assert.equal(skiff(['configs', 'explain', 'CONFIG_NONE'], XU4).status, 1)
  })

  it('configures, says what was passed over, and remembers the chain', (t) => {
    const { skiff, root } = checkout(t)
    const { status, stdout } = skiff(['configure'], XU4)
    assert.equal(status, 0)
    assert.match(stdout, /! {5}passed over .*usb:2: it assigns nothing: CONFIG_STRAY/)
    assert.match(stdout, /-----> anew: everything/)
    assert.match(skiff(['status']).stdout, /^workspace default: odroid\/xu4 \(remembered\)/)
    assert.match(readFileSync(join(root, 'workspaces/default/config/kernel'), 'utf8'), /CONFIG_USB=y/)
    const told = JSON.parse(skiff(['configure', '--json']).stdout)
    assert.deepEqual([told.overrides.length, told.warnings.length], [1, 1])
  })

  it('leaves nothing behind of a chain that cannot be', (t) => {
    const { skiff, root } = checkout(t)
    const { status, stderr } = skiff(['configure'], { SKIFF_CONFIG: 'odroid/xu5' })
    assert.equal(status, 1)
    assert.match(stderr, /no configuration package odroid\/xu5\n ! {5}did you mean odroid\/xu4\?/)
    assert.match(skiff(['compile'], { SKIFF_CONFIG: 'x/a' }).stderr, /in a circle: x\/a -> x\/b -> x\/a/)
    assert.match(skiff(['compile']).stderr, /workspace default has no configuration yet/)
    assert.equal(existsSync(join(root, 'workspaces')), false)
  })

  it('refuses an assembler that there is none of', (t) => {
    const { skiff } = checkout(t)
    assert.match(skiff(['compile', '--assembler', 'gentoo'], XU4).stderr, /one of debian, buildroot/)
    assert.match(skiff(['compile'], { ...XU4, SKIFF_ASSEMBLER: 'gentoo' }).stderr, /setting SKIFF_ASSEMBLER/)
  })

  it('on a full disk keeps what the workspace had', (t) => {
    const { skiff, root, base } = checkout(t)
    skiff(['configure'], XU4)
    const state = join(root, 'workspaces/default/workspace.json')
    const before = readFileSync(state, 'utf8')
    writeFileSync(
      join(root, 'buildroot/configs/odroid/xu4/kernel/more'),
      `CONFIG_A="${'x'.repeat(100_000)}"\n`,
    )
    const script = `mount -t tmpfs -o size=32k none "$1" && cp -a "$2"/. "$1" && shift 2 && "$@"; s=$?; cat "$W/default/workspace.json"; exit $s`
    const small = makeTree(t)
    const namespace = process.getuid?.() === 0 ? ['-m'] : ['-rm']
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      [
        ...namespace,
        'sh',
        '-c',
        script,
        'sh',
        small,
        join(root, 'workspaces'),
        process.execPath,
        ...ARGS,
        'configure',
        '--json',
      ],
      { env: { ...base, SKIFF_WORKSPACES: small, W: small }, encoding: 'utf8', timeout: 30_000 },
    )
    assert.equal(status, 1, stderr)
    assert.match(stderr, /^ ! {5}the disk is full: ENOSPC/)
    assert.equal(stdout, before)
  })
})

describe('skiff run', () => {
  it('runs an executable of the package with its arguments, and ends with its status', (t) => {
    const { skiff, root } = checkout(t)
    const { status, stdout } = skiff(['run', 'odroid/xu4/show', '--image', 'a b'])
    assert.equal(stdout, `odroid/xu4 ${root}/buildroot/configs/odroid/xu4/extensions --image a b\n`)
    assert.equal(status, 7)
  })

  it('runs a target of its Makefile', (t) => {
    assert.equal(checkout(t).skiff(['run', 'odroid/xu4/hello']).stdout, 'hello from default\n')
  })

  it('refuses a link that leads out of the package', (t) => {
    const { skiff, root } = checkout(t)
    symlinkSync('/bin/true', join(root, 'buildroot/configs/odroid/xu4/extensions/out'))
    const { status, stderr } = skiff(['run', 'odroid/xu4/out'])
    assert.equal(status, 1)
    assert.match(stderr, /a link leads out of the package odroid\/xu4/)
  })

  it('says so when a command is named and nothing carries it out, or when there is none', (t) => {
    const files = { ...FILES }
    delete files['buildroot/configs/odroid/xu4/extensions/Makefile']
    const { skiff } = checkout(t, files)
    assert.match(
      skiff(['run', 'odroid/xu4/later']).stderr,
      /the command odroid\/xu4\/later is not in this version/,
    )
    assert.match(skiff(['run', 'odroid/xu4/shwo']).stderr, /did you mean odroid\/xu4\/show\?/)
    assert.match(skiff(['run', '../../x']).stderr, /does not exist/)
  })

  it('that is called off ends what it runs', async (t) => {
    const { base } = checkout(t)
    const child = spawn(process.execPath, [...ARGS, 'run', 'odroid/xu4/wait'], { env: base })
    t.after(() => child.kill('SIGKILL'))
    const [first] = await once(child.stdout, 'data')
    child.kill('SIGINT')
    const asked = performance.now()
    const [status] = await once(child, 'close')
    assert.equal(status, 130)
    assert.ok(performance.now() - asked < 8000, 'it was ended by force, not asked to end')
    assert.throws(() => process.kill(Number(String(first).trim()), 0), /ESRCH/)
  })
})

describe('skiff flash', () => {
  const files: Files = {
    ...FILES,
    'buildroot/configs/skiff/standard/extensions/format!': '#!/bin/sh\necho format "$@"\nexit $FAIL\n',
    'buildroot/configs/odroid/xu4/metadata/commands': 'install Installs.\n',
    'buildroot/configs/odroid/xu4/extensions/install!': '#!/bin/sh\necho install "$@"\n',
  }

  it('formats, then installs as the board of the chain does', (t) => {
    const { skiff } = checkout(t, files)
    assert.equal(skiff(['flash', '--image', 'x'], XU4).stdout, 'format --image x\ninstall --image x\n')
  })

  it('installs nothing when the format failed, and formats nothing when there is no install', (t) => {
    const { skiff } = checkout(t, files)
    const { status, stdout } = skiff(['flash', 'x'], { ...XU4, FAIL: '3' })
    assert.deepEqual([status, stdout], [3, 'format x\n'])
    const other = skiff(['flash'], { SKIFF_CONFIG: 'skiff/standard' })
    assert.deepEqual([other.status, other.stdout], [1, ''])
  })
})

it('words of a package cannot speak to the terminal', (t) => {
  const files = {
    ...FILES,
    'buildroot/configs/odroid/xu4/metadata/description': 'X\u001b]0;owned\u0007\u001b[2J',
  }
  const { stdout } = checkout(t, files).skiff(['configs'])
  assert.ok(!stdout.includes('\u001b') && !stdout.includes('\u0007'), stdout)
})

describe('skiff clean', () => {
  it('asks, and nobody to ask is no yes', (t) => {
    const { skiff, root } = checkout(t)
    skiff(['configure'], XU4)
    const { status, stderr } = skiff(['clean'])
    assert.equal(status, 1)
    assert.match(stderr, /not confirmed, so nothing was changed\n.*SKIFF_NO_INTERACTIVE=1/)
    assert.ok(existsSync(join(root, 'workspaces/default/config')))
  })

  it('removes what can be made again when SKIFF_NO_INTERACTIVE answers', (t) => {
    const { skiff, root } = checkout(t)
    skiff(['configure'], XU4)
    assert.equal(skiff(['clean'], { SKIFF_NO_INTERACTIVE: '1' }).stdout, '-----> removed config\n')
    assert.deepEqual(readdirSync(join(root, 'workspaces/default')), ['lock', 'workspace.json'])
    assert.match(skiff(['status']).stdout, /odroid\/xu4 \(remembered\)/)
  })
})
