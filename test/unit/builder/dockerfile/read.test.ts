import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type DockerfileOptions,
  MAX_DOCKERFILE,
  parseDockerfile,
  readDockerfile,
} from '../../../../src/builder/dockerfile/read.ts'

const read = (text: string, options: Partial<DockerfileOptions> = {}) =>
  parseDockerfile(text, { path: 'Dockerfile', buildArgs: {}, platform: 'linux/arm64', ...options })
const references = (text: string, options?: Partial<DockerfileOptions>) =>
  read(text, options).images.map(({ reference }) => reference)

describe('images of a Dockerfile', () => {
  it('are each named once, with latest where no tag is said', () => {
    const text =
      'FROM debian\nCOPY --from=debian:12 / /\nCOPY --from=debian / /\nCOPY --from=localhost:5000/a/b / /\n'
    assert.deepEqual(references(text), ['debian:latest', 'debian:12', 'localhost:5000/a/b:latest'])
  })

  it('are named with the line that asks first', async () => {
    const { images } = await readDockerfile('# x\n\nFROM a \\\n  AS b\nCOPY --from=c \\\n  /x /x\n', {
      path: 'Dockerfile',
      buildArgs: {},
      platform: 'linux/arm64',
    })
    assert.deepEqual(
      images.map(({ reference, line }) => [reference, line]),
      [
        ['a:latest', 3],
        ['c:latest', 5],
      ],
    )
  })

  it('keep digests and ids as they are', () => {
    const digest = `a@sha256:${'0'.repeat(64)}`
    assert.deepEqual(references(`FROM ${digest}\nCOPY --from=${'1'.repeat(64)} / /`), [
      digest,
      '1'.repeat(64),
    ])
  })

  it('are those that files are taken from, but no stages', () => {
    const text =
      'FROM a:1 AS Build\nRUN --mount=type=bind,from=c:1,target=/x ls\nFROM b:1\nCOPY --from=build /x /x\nCOPY --chown=1 --from=0 /y /y\nCOPY --from=d:1 /z /z\n'
    assert.deepEqual(references(text), ['a:1', 'c:1', 'b:1', 'd:1'])
  })

  it('are those of ONBUILD triggers too, and say so', () => {
    const { uses } = read('FROM a\nONBUILD COPY --from=b /x /x\nONBUILD COPY --from=1 /x /x\n')
    assert.deepEqual(
      uses.map(({ reference, onbuild }) => [reference, onbuild]),
      [
        ['a:latest', false],
        ['b:latest', true],
      ],
    )
  })

  it('are told apart by the platform that FROM asks for', () => {
    const text = 'FROM --platform=$BUILDPLATFORM a AS x\nFROM a\nCOPY --from=x / /\n'
    assert.deepEqual(
      read(text, { buildPlatform: 'linux/amd64' }).images.map(({ platform }) => platform),
      ['linux/amd64', undefined],
    )
    assert.equal(references(text, { buildPlatform: 'linux/arm64' }).length, 1)
  })
})

describe('variables', () => {
  it('come from build arguments and defaults', () => {
    const text = `ARG NAME=node\nARG TAG=\${MAJOR:-24}-slim\nARG UNSET\nFROM $NAME:\${TAG} AS y\nFROM x:\${UNSET:-y}\nCOPY --from=y / /`
    assert.deepEqual(references(text), ['node:24-slim', 'x:y'])
    assert.deepEqual(references(text, { buildArgs: { NAME: 'deno', MAJOR: '9' } }), ['deno:24-slim', 'x:y'])
  })

  it('are all those of one ARG', () => {
    assert.deepEqual(references('ARG NAME=node TAG="24" \\\n  KIND=slim\nFROM $NAME:$TAG-$KIND'), [
      'node:24-slim',
    ])
  })

  it('tell the wanted platform from the machine that builds', () => {
    const options = { platform: 'linux/arm/v7', buildPlatform: 'linux/amd64' }
    assert.deepEqual(references('FROM x:$TARGETARCH$TARGETVARIANT-$BUILDARCH', options), ['x:armv7-amd64'])
    assert.deepEqual(
      references('ARG TARGETARCH=zzz\nFROM x:$TARGETARCH', { buildArgs: { TARGETARCH: 'y' } }),
      ['x:y'],
    )
  })

  it('are not those of a stage', () => {
    assert.throws(() => read('FROM a AS x\nARG B=b\nFROM $B\nCOPY --from=x / /'), /line 3: \$B is empty/)
  })

  it('never come from the prototype of an object', () => {
    assert.deepEqual(references('ARG constructor=a\nFROM $constructor'), ['a:latest'])
  })
})

describe('stages', () => {
  const text =
    'FROM a AS one\nFROM b AS two\nFROM ONE AS three\nRUN x\nFROM scratch AS four\nCOPY --from=three / /\n'

  it('that the target does not need do not count', () => {
    assert.deepEqual(references(text), ['a:latest'])
    assert.deepEqual(
      read(text).stages.map(({ name, needed, base }) => [name, needed, base.kind]),
      [
        ['one', true, 'image'],
        ['two', false, 'image'],
        ['three', true, 'stage'],
        ['four', true, 'scratch'],
      ],
    )
  })

  it('all count up to the target with the classic builder', () => {
    assert.deepEqual(references(text, { classic: true }), ['a:latest', 'b:latest'])
    assert.deepEqual(references(text, { classic: true, target: 'one' }), ['a:latest'])
  })

  it('are targets by name in any case, and by number', () => {
    assert.deepEqual(references(text, { target: 'TWO' }), ['b:latest'])
    assert.deepEqual(references(text, { target: '1' }), ['b:latest'])
    assert.throws(() => read(text, { target: 'five' }), /it has no stage "five"/)
  })

  it('hide the image of the same name behind them only', () => {
    assert.deepEqual(references('FROM debian AS debian\nFROM debian\n'), ['debian:latest'])
  })

  it('are needed through a mount', () => {
    assert.deepEqual(references('FROM a AS x\nFROM b\nRUN --mount=from=X,target=/x ls'), [
      'a:latest',
      'b:latest',
    ])
  })

  it('are not needed by a trigger: its numbers are those of another file', () => {
    assert.deepEqual(references('FROM a\nFROM b\nONBUILD COPY --from=0 / /'), ['b:latest'])
  })

  it('that are not there are refused by number', () => {
    assert.throws(() => read('FROM a\nCOPY --from=3 / /'), /line 2: COPY takes files from stage 3/)
  })
})

describe('the image of a syntax line', () => {
  it('is named apart', () => {
    const { images, syntax } = read('# syntax=docker/dockerfile:1\nFROM a\n')
    assert.deepEqual(syntax, { reference: 'docker/dockerfile:1', line: 1, platform: undefined })
    assert.equal(images.length, 1)
  })

  it('may come from a build argument', () => {
    assert.equal(read('FROM a', { buildArgs: { BUILDKIT_SYNTAX: 'x:2' } }).syntax?.reference, 'x:2')
  })

  it('is none when something stands before it', () => {
    assert.equal(read('#\n# syntax=x\nFROM a').syntax, undefined)
  })
})

describe('what is no Dockerfile', () => {
  it('is refused with the line', async () => {
    assert.throws(() => read(''), /Dockerfile: it has no FROM/)
    assert.throws(() => read('RUN x\nFROM a'), /line 1: RUN comes before the first FROM/)
    assert.throws(() => read('\nFROM $NOTHING'), /line 2: \$NOTHING is empty/)
    assert.throws(() => read('FROM a\nCOPY --from=up/ER / /'), /line 2: "up\/ER" is no name of an image/)
    assert.throws(() => read('FROM -x'), /no name of an image/)
    assert.throws(() => read(`FROM \${x:?needed}`), /line 1: x: needed/)
    assert.throws(() => read('# escape=x\nFROM a'), /line 1: # escape= is either/)
    assert.throws(() => read('FROM a\nRUN <<EOF\nFROM b'), /line 2: the heredoc EOF has no end/)
    await assert.rejects(
      readDockerfile('', { path: 'D', buildArgs: {}, platform: 'linux/arm64' }),
      /D: it has no FROM/,
    )
  })

  it('is refused when it is too large, with the limit', () => {
    assert.throws(() => read(`FROM a\n${'#'.repeat(10 * 2 ** 20)}`), /it has more than 256 KiB/)
  })

  it('costs no more than moments, whatever is in it', () => {
    const nasty = [
      ['', 'ARG a=$a$a\n'],
      [`ARG v=${'a'.repeat(200)}\n`, `ARG x=\${v/*a*a*a*a*ab/b}\n`],
      ['ARG x=', `\${a:-`],
      ['FROM a', '\\\n'],
      ['FROM a\nRUN <<-A\n', '\t'],
      ['FROM a\nRUN a \\', '  \t'],
      ['FROM a\n', 'FROM 0\n'],
      ['FROM a\nRUN --mount=', 'type=bind,from=x,'],
      ['FROM a\nRUN ', '<<A '],
    ] as const
    for (const [head, repeated] of nasty) {
      const text = (head + repeated.repeat(MAX_DOCKERFILE / repeated.length)).slice(0, MAX_DOCKERFILE)
      const before = performance.now()
      try {
        read(text)
      } catch {} // refused is as good as read
      const took = performance.now() - before
      assert.ok(took < 5000, `${JSON.stringify(head + repeated)} took ${took} ms`)
    }
  })
})
