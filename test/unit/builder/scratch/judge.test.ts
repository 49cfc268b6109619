import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judgePlan, type ScratchMode } from '../../../../src/builder/scratch/judge.ts'
import type { Substitute } from '../../../../src/builder/scratch/substitutes.ts'
import { parsePlatform } from '../../../../src/core/platform.ts'
import { reportTo } from '../../../../src/core/report.ts'
import { arm64, FakeWorld, type Known } from './fake-world.ts'

const amd64 = parsePlatform('amd64')
const elsewhere: Known = { published: { state: 'other', platforms: [amd64] } }
const here: Known = { present: { image: 'sha256:here', platform: arm64 } }
const substitute: Substitute = {
  id: 'row',
  reason: 'It is another one.',
  source: 'https://example.org',
  unfit: '\\bapk add\\b',
  kind: 'image',
  reference: 'other:1',
}
const images = {
  'here:1': here,
  'other:1': here,
  'jdk:21': { ...elsewhere, substitute },
  'debian:trixie': elsewhere,
  'nowhere:1': elsewhere,
}

async function judge(image: string, mode: ScratchMode = 'auto', text = '') {
  const lines: string[] = []
  const plan = await new FakeWorld(images).plan(image)
  const needs = [{ reference: image, platform: undefined, text }]
  const refused = judgePlan(
    plan,
    { needs, platform: arm64, mode },
    reportTo((line) => lines.push(line)),
  )
  return { refused, said: lines.join('') }
}

test('what is there or published needs no word and no leave', async () => {
  for (const mode of ['auto', 'plan', 'off'] as const)
    assert.deepEqual(await judge('here:1', mode), { refused: undefined, said: '' })
})

describe('what has to be made', () => {
  test('is shown first, and made where that is allowed', async () => {
    const { refused, said } = await judge('debian:trixie')
    assert.equal(refused, undefined)
    assert.match(said, /1 image to make here/)
  })

  test('is only shown, or refused, where it is not', async () => {
    const planned = await judge('debian:trixie', 'plan')
    assert.match(planned.said, /1 image to make here/)
    assert.match(planned.refused?.hint ?? '', /scratch:build debian:trixie --arch linux\/arm64/)
    const off = await judge('debian:trixie', 'off')
    assert.equal(off.said, '')
    assert.equal(off.refused?.code, 'scratch-off')
  })
})

describe('a substitute, also one for which nothing has to be made', () => {
  test('is shown with its reason', async () => {
    const { refused, said } = await judge('jdk:21')
    assert.equal(refused, undefined)
    assert.match(said, /substitute: It is another one\./)
  })

  test('is refused where scratch is off', async () => {
    assert.equal((await judge('jdk:21', 'off')).refused?.code, 'scratch-off')
  })

  test('that the pushed Dockerfile cannot do with is refused before it is built', async () => {
    const { refused } = await judge('jdk:21', 'auto', 'RUN apk add git')
    assert.equal(refused?.code, 'scratch-blocked')
    assert.match(refused?.message ?? '', /the Dockerfile does not fit: .*jdk:21/)
  })
})

test('an image that nothing is known of is missing, without a plan', async () => {
  const { refused, said } = await judge('nowhere:1')
  assert.equal(refused?.code, 'base-missing')
  assert.equal(said, '')
})
