import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Progress, readStep } from '../../../../src/image/buildroot/progress.ts'
import { keepTimes, parseBuildTimes, readTimes } from '../../../../src/image/buildroot/times.ts'

test('the lines of make that name a package and its step are read, on a terminal too', () => {
  assert.deepEqual(readStep('>>> linux 7.1.9 Building'), {
    package: 'linux',
    version: '7.1.9',
    step: 'Building',
  })
  assert.deepEqual(readStep('\u001b[7m>>> skeleton  Extracting\u001b[27m'), {
    package: 'skeleton',
    version: '',
    step: 'Extracting',
  })
  assert.deepEqual(readStep('>>>   Finalizing target directory'), {
    package: '',
    version: '',
    step: 'Finalizing target directory',
  })
  for (const line of ['  CC      init/main.o', 'a >>> b c d', '>>>'])
    assert.equal(readStep(line), undefined, line)
})

test('each package is counted once, also when make leaves it for those it needs and comes back', () => {
  const progress = new Progress(['a', 'b', 'c'], new Map(), () => 0)
  const said = [
    '>>> a 1 Extracting',
    '>>> a 1 Patching',
    '>>> b 2 Extracting',
    '>>> b 2 Building',
    '>>> b 2 Installing to target',
    '>>> a 1 Configuring',
    '>>> a 1 Building',
    '>>> a 1 Installing to target',
    '>>> c  Building',
    'gcc -c x.c',
    '>>>   Generating filesystem image rootfs.tar',
  ].flatMap((line) => progress.take(line) ?? [])
  assert.deepEqual(said, [
    '[1 of 3] a 1: extracting',
    '[1 of 3] b 2: extracting',
    '[1 of 3] b 2: building',
    '[2 of 3] a 1: configuring',
    '[2 of 3] a 1: building',
    '[3 of 3] c: building',
    'Generating filesystem image rootfs.tar',
  ])
})

test('the rest is estimated from earlier times, when enough of them are known', () => {
  const times = new Map([
    ['a', 60_000],
    ['b', 120_000],
  ])
  let now = 0
  const progress = new Progress(['a', 'b', 'c'], times, () => now)
  // c, which nobody timed, is taken for one in the middle
  assert.equal(progress.left(), 300_000)
  progress.take('>>> b 1 Building')
  now = 30_000
  assert.equal(progress.left(), 270_000)
  // longer than last time: not less than nothing
  now = 500_000
  assert.equal(progress.left(), 180_000)
  assert.equal(new Progress(['a', 'x', 'y'], times, () => 0).left(), undefined)
  assert.equal(new Progress([], times, () => 0).left(), 0)
})

const LOG = `1.500:start:configure           : zlib
2.000:end  :configure           : zlib
2.000:start:build               : zlib
4.000:end  :build               : zlib
5.000:start:build               : linux
`

test("Buildroot's own log tells how long a package took; a step that was cut short does not count", () => {
  assert.deepEqual([...parseBuildTimes(LOG)], [['zlib', 2500]])
  assert.deepEqual(
    [
      ...parseBuildTimes(
        `${LOG}9.000:start:build               : zlib\n9.100:end  :build               : zlib\n`,
      ),
    ],
    [['zlib', 600]],
  )
})

test('times are kept from one compile to the next, and unreadable ones are as good as none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'times-'))
  try {
    const [path, log] = [join(folder, 'times.json'), join(folder, 'build-time.log')]
    await writeFile(path, '{"busybox": 7, "zlib": 1}')
    await writeFile(log, LOG)
    await keepTimes(path, log)
    assert.deepEqual(Object.fromEntries(await readTimes(path)), { busybox: 7, zlib: 2500 })
    await writeFile(path, '{"busybox": "soon"}')
    assert.equal((await readTimes(path)).size, 0)
    await keepTimes(path, join(folder, 'none'))
  } finally {
    await rm(folder, { recursive: true })
  }
})
