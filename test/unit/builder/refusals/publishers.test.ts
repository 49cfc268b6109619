import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  findPublisher,
  helpers,
  publishers,
  publishersSchema,
  publishesFor,
  sources,
} from '../../../../src/builder/refusals/publishers.ts'
import { architectureOf, architectures, parsePlatform } from '../../../../src/core/platform.ts'

const on = (name: string) => architectureOf(parsePlatform(name))

describe('the table of publishers', () => {
  it('is what its schema says, with a source for each row', () => {
    publishersSchema.parse({ publishers, sources, helpers })
  })

  it('names architectures that there are', () => {
    const known = new Set(architectures.map(({ library }) => library))
    const named = publishers.flatMap(({ publishes }) => (publishes === 'all' ? [] : publishes))
    assert.deepEqual(
      named.filter((name) => !known.has(name)),
      [],
    )
  })

  it('has patterns of hosts and paths, without a scheme, and each in one row', () => {
    const patterns = publishers.flatMap(({ urls }) => urls)
    assert.deepEqual(
      patterns.filter((pattern) => pattern.includes('://') || !/^(?:\*|[\w-]+)\.[\w.-]+/.test(pattern)),
      [],
    )
    assert.equal(new Set(patterns).size, patterns.length)
  })
})

describe('a publisher', () => {
  it('is found by the address', () => {
    assert.equal(findPublisher('https://user:pw@repo.mysql.com/yum/x')?.name, 'MySQL')
    assert.equal(findPublisher('https://example.org/repo.mysql.com/x'), undefined)
    assert.equal(findPublisher('https://rpm.nodesource.com/setup')?.name, 'NodeSource')
    assert.equal(findPublisher('https://example.org/x.nodesource.com/setup'), undefined)
  })

  it('serves processors that run what it publishes', () => {
    const gosu = findPublisher('https://github.com/tianon/gosu/releases/download/1/gosu-armel')
    assert.ok(gosu)
    assert.ok(publishesFor(gosu, on('arm/v7')))
    assert.ok(publishesFor({ ...gosu, publishes: ['arm32v5'] }, on('arm/v6')))
    assert.ok(!publishesFor({ ...gosu, publishes: ['arm32v7'] }, on('arm/v6')))
    assert.ok(!publishesFor({ ...gosu, publishes: ['arm32v7'] }, on('arm64')))
    assert.ok(publishesFor({ ...gosu, publishes: 'all' }, on('riscv64')))
  })
})
