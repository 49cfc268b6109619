import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  chainChange,
  type Part,
  parts,
  plan,
  type State,
  type Step,
  touches,
} from '../../../../src/image/workspace/plan.ts'

const rules = { reads: parts, targetOfOption: () => 'everything' as const }

/** A state in which the given parts differ from the plain one. */
const state = (changed: Partial<Record<Part, string>> = {}, more: Partial<State> = {}): State => ({
  version: '1',
  chain: ['a/a', 'b/b'],
  options: { SKIFF_ASSEMBLER: 'debian' },
  effects: Object.fromEntries(parts.map((part) => [part, changed[part] ?? ''])) as Record<Part, string>,
  files: Object.fromEntries(parts.map((part) => [`a/a: ${part}/x`, changed[part] ?? ''])),
  ...more,
})

const said = (steps: readonly Step[]) =>
  steps.map(({ target, reasons }) => `${target}: ${reasons.join('; ')}`)
const between = (before: State, now: State) => said(plan({ compiled: before }, { state: now }, rules))

describe('the plan of a compile', () => {
  it('is empty when nothing changed', () => {
    assert.deepEqual(between(state(), state()), [])
  })

  it('makes everything when there was no compile, or when the last one was of another version', () => {
    assert.deepEqual(said(plan({}, { state: state() }, rules)), [
      'everything: this workspace was never compiled',
    ])
    assert.deepEqual(between(state(), state({}, { version: '2' })), [
      'everything: it was compiled by Skiff 1, and this is 2',
    ])
  })

  it('touches what a changed file belongs to, and names the file', () => {
    assert.deepEqual(between(state(), state({ kernel: 'new' })), [
      'kernel: a/a: kernel/x changed',
      'image: it is put together of these',
    ])
    assert.deepEqual(between(state(), state({ uboot: '1', root_overlay: '1' })), [
      'bootloader: a/a: uboot/x changed',
      'root: a/a: root_overlay/x changed',
      'image: it is put together of these',
    ])
  })

  it('says of a file whether it is new or gone', () => {
    const more = state({ kernel: '1' }, { files: { ...state().files, 'b/b: kernel/y': '1' } })
    assert.deepEqual(between(state(), more)[0], 'kernel: b/b: kernel/y is new')
    assert.deepEqual(between(more, state())[0], 'kernel: b/b: kernel/y is gone')
  })

  it('makes nothing anew for a file whose change has no effect, such as a remark', () => {
    const remark = state({}, { files: { ...state().files, 'a/a: kernel/x': 'remark' } })
    assert.deepEqual(between(state(), remark), [])
  })

  it('names the change of the chain with what it touches, and nothing when it touches nothing', () => {
    const added = { chain: ['a/a', 'b/b', 'c/c'], files: { ...state().files, 'c/c: kernel/z': '1' } }
    assert.deepEqual(
      between(state(), state({ kernel: '1' }, { ...added }))[0],
      'kernel: the chain changed: +c/c; c/c: kernel/z is new',
    )
    assert.deepEqual(between(state(), state({}, { chain: ['b/b', 'a/a'] })), [])
    assert.equal(chainChange(['a/a', 'b/b'], ['b/b', 'a/a']), 'the order of the chain changed: b/b,a/a')
    assert.equal(chainChange(['a/a', 'b/b'], ['a/a', 'c/c']), 'the chain changed: +c/c -b/b')
  })

  it('makes everything for a changed option, and says what it was', () => {
    assert.deepEqual(
      between(state(), state({ kernel: '1' }, { options: { SKIFF_ASSEMBLER: 'buildroot' } })),
      ['everything: SKIFF_ASSEMBLER was debian and is buildroot'],
    )
  })

  it('leaves out parts that the assembler does not look at', () => {
    const reads: Part[] = ['debian', 'root_overlay']
    const now = { state: state({ kernel: '1', debian: '1' }) }
    const steps = plan({ compiled: state() }, now, { ...rules, reads })
    assert.deepEqual(said(steps), ['packages: a/a: debian/x changed', 'image: it is put together of these'])
  })

  it('counts files when there are many', () => {
    const files = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`a/a: scripts/${n}`, '1']))
    const [first] = between(state(), state({ scripts: '1' }, { files: { ...state().files, ...files } }))
    assert.match(first ?? '', /scripts\/4 is new; and 4 files more$/)
  })

  it('puts the image together again when the output is not whole', () => {
    const steps = plan(
      { compiled: state() },
      { state: state(), output: 'kernel is not in its output' },
      rules,
    )
    assert.deepEqual(said(steps), ['image: kernel is not in its output'])
  })
})

describe('a compile that did not come to its end', () => {
  it('is begun anew when it was the first', () => {
    assert.deepEqual(said(plan({ attempted: state() }, { state: state() }, rules)), [
      'everything: the last compile did not come to its end',
    ])
  })

  it('leaves what it touched to be made again, also when its change was taken back', () => {
    const attempted = state({ kernel: 'half' })
    const steps = plan({ compiled: state(), attempted }, { state: state() }, rules)
    assert.deepEqual(said(steps), [
      'kernel: a/a: kernel/x changed',
      'image: the last compile did not come to its end',
    ])
  })
})

it('an assembler asks whether a plan touches something', () => {
  assert.equal(touches([{ target: 'everything', reasons: [] }], 'kernel'), true)
  assert.equal(touches([{ target: 'root', reasons: [] }], 'kernel', 'root'), true)
  assert.equal(touches([{ target: 'root', reasons: [] }], 'kernel'), false)
})
