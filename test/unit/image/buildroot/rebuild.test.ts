import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PackageInfos, parsePackageInfo } from '../../../../src/image/buildroot/package-info.ts'
import { describeRebuild, type Made, planRebuild } from '../../../../src/image/buildroot/rebuild.ts'

const infos = (names: Readonly<Record<string, readonly string[]>>): PackageInfos =>
  parsePackageInfo(
    JSON.stringify(
      Object.fromEntries(
        Object.entries(names).map(([name, dependencies]) => [name, { type: 'target', name, dependencies }]),
      ),
    ),
  )

const PACKAGES = { linux: [], uboot: [], busybox: [], git: ['zlib'], zlib: [], 'host-git': [] }

const made = (
  config: Readonly<Record<string, string>> = {},
  rest: Partial<Made> = {},
  packages: Readonly<Record<string, readonly string[]>> = PACKAGES,
): Made => ({
  tree: '2026.08',
  config: new Map(Object.entries(config)),
  dependencies: new Map(Object.entries(packages)),
  overlay: [],
  patches: {},
  fragments: {},
  ...rest,
})

const plan = (before: Made, after: Made, packages: Readonly<Record<string, readonly string[]>> = PACKAGES) =>
  planRebuild(before, after, infos(packages))

test('nothing that changed is nothing to do, and so is a first compile', () => {
  assert.deepEqual(describeRebuild(plan(made({ BR2_A: 'y' }), made({ BR2_A: 'y' }))), [])
  assert.deepEqual(describeRebuild(planRebuild(undefined, made(), infos(PACKAGES))), [])
})

test('an option of a package has that package compiled anew, the one with the longest name that fits', () => {
  const { afresh, everything } = plan(
    made(),
    made({ BR2_PACKAGE_GIT_SVN: 'y', BR2_PACKAGE_HOST_GIT_X: 'y', BR2_LINUX_KERNEL_XZ: 'y' }),
  )
  assert.deepEqual([afresh, everything], [['git', 'host-git', 'linux'], undefined])
})

test('a package that is new needs nothing; one that found another library is compiled anew', () => {
  const more = { ...PACKAGES, curl: [], git: ['zlib', 'curl'] }
  const found = plan(made(), made({ BR2_PACKAGE_CURL: 'y' }, {}, more), more)
  assert.deepEqual([found.afresh, found.root], [['git'], undefined])
})

test('a package that is gone has the root put together anew', () => {
  const { git: _, ...fewer } = PACKAGES
  const found = plan(made({ BR2_PACKAGE_GIT: 'y' }), made({}, {}, fewer), fewer)
  assert.deepEqual([found.afresh, found.root], [[], 'git is gone'])
})

test('the compiler, its flags, the processor: everything', () => {
  for (const symbol of [
    'BR2_GCC_VERSION_15_X',
    'BR2_TARGET_OPTIMIZATION',
    'BR2_cortex_a53',
    'BR2_INIT_SYSTEMD',
  ])
    assert.match(
      plan(made(), made({ [symbol]: 'y' })).everything ?? '',
      new RegExp(`${symbol} was n and is y`),
    )
  assert.match(plan(made(), made({}, { tree: '2027.02' })).everything ?? '', /Buildroot was 2026.08/)
})

test('where downloads are, how many jobs run and what Buildroot found out changes nothing', () => {
  const found = plan(made(), made({ BR2_DL_DIR: '"/x"', BR2_JLEVEL: '9', BR2_HOST_GCC_AT_LEAST_12: 'y' }))
  assert.deepEqual(describeRebuild(found), [])
})

test('names and images are of the root', () => {
  const found = plan(made(), made({ BR2_TARGET_GENERIC_HOSTNAME: '"x"' }))
  assert.deepEqual(
    [found.everything, found.afresh, found.root],
    [undefined, [], 'BR2_TARGET_GENERIC_HOSTNAME changed'],
  )
})

test('a fragment has its package configured again; patches have it unpacked again', () => {
  const before = made({}, { fragments: { linux: 'a', busybox: 'a' }, patches: { uboot: 'a' } })
  const after = made({}, { fragments: { linux: 'b', busybox: 'a' }, patches: { uboot: '' } })
  assert.deepEqual(describeRebuild(plan(before, after)), ['Compiled anew: uboot', 'Configured anew: linux'])
})

test('a file that an overlay no longer has goes from the root', () => {
  const before = made({}, { overlay: ['etc/a', 'etc/b'] })
  assert.match(plan(before, made({}, { overlay: ['etc/b', 'etc/c'] })).root ?? '', /^etc\/a is gone/)
  assert.equal(
    plan(made({}, { overlay: ['etc/b'] }), made({}, { overlay: ['etc/b', 'etc/c'] })).root,
    undefined,
  )
})

test('who asks for everything gets it', () => {
  assert.match(planRebuild(made(), made(), infos(PACKAGES), true).everything ?? '', /asked for/)
})
