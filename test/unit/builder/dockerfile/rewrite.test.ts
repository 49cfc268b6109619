import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseDockerfile } from '../../../../src/builder/dockerfile/read.ts'
import { rewriteImages } from '../../../../src/builder/dockerfile/rewrite.ts'

const options = { path: 'Dockerfile', buildArgs: {}, platform: 'linux/riscv64', buildPlatform: 'linux/amd64' }
const rewrite = (text: string, replace: (reference: string) => string | undefined) =>
  rewriteImages(text, parseDockerfile(text, options), replace)
const all = (text: string) => rewrite(text, () => 'new:1')

describe('a rewrite', () => {
  it('replaces names and nothing else', () => {
    const text =
      '\uFEFF# FROM debian\r\nfrom  --platform=$BUILDPLATFORM\tdebian:12   as  B # debian:12\r\n' +
      'COPY --chown=1 --from=debian:12 --link debian:12 /x\r\nRUN --mount=target=/x,from=debian:12,type=bind debian:12\r\n' +
      'FROM \\\r\n# debian\r\n  debian:12\r\nCOPY --from=b debian:12 /\r\nONBUILD COPY --from=debian:12 / /\r\n'
    const [first = '', second = '', ...rest] = text.split('debian:12')
    assert.equal(rest.length, 8)
    assert.equal(
      all(text),
      `${first}new:1${second}debian:12${rest[0]}new:1${rest[1]}debian:12${rest[2]}new:1${rest[3]}debian:12` +
        `${rest[4]}new:1${rest[5]}debian:12${rest[6]}new:1${rest[7]}`,
    )
  })

  it('replaces a name that came out of variables, and leaves the ARG', () => {
    assert.equal(all(`ARG BASE=debian\nFROM \${BASE}:12 AS x`), 'ARG BASE=debian\nFROM new:1 AS x')
  })

  it('leaves quotes where they are', () => {
    assert.equal(all('FROM "a:1"\nCOPY --from="b:1" / /'), 'FROM "new:1"\nCOPY --from="new:1" / /')
    assert.equal(
      all('FROM a\nRUN --mount=type=bind,"from=b:1" x'),
      'FROM new:1\nRUN --mount=type=bind,"from=new:1" x',
    )
    assert.equal(
      all(`FROM a\nRUN --mount='type=bind,"from=b:1"' x`),
      `FROM new:1\nRUN --mount='type=bind,"from=new:1"' x`,
    )
  })

  it('joins a name that went over two lines', () => {
    assert.equal(all('FROM deb\\\nian:12\nRUN x'), 'FROM new:1\nRUN x')
  })

  it('leaves what continues the line behind a name', () => {
    assert.equal(all('FROM a:1\\\n AS x'), 'FROM new:1\\\n AS x')
  })

  it('leaves heredocs alone', () => {
    const text = 'FROM a\nRUN <<E\nFROM a\nE\n'
    assert.equal(all(text), 'FROM new:1\nRUN <<E\nFROM a\nE\n')
  })

  it('is told the reference and the platform', () => {
    const text = 'FROM --platform=linux/amd64 a AS x\nFROM a'
    const seen: unknown[] = []
    rewriteImages(text, parseDockerfile(text, options), (...asked) => void seen.push(asked))
    assert.deepEqual(seen, [
      ['a:latest', 'linux/amd64'],
      ['a:latest', undefined],
    ])
  })
})

/** Numbers that are the same in every run. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    yield state >>> 16
  }
}

describe('any Dockerfile, rewritten', () => {
  it('needs exactly the new names, and has all its other bytes', () => {
    const random = numbers(7)
    const below = (count: number) => (random.next().value ?? 0) % count
    const pick = (from: readonly string[]) => from[below(from.length)] ?? ''
    const space = () => pick([' ', '  ', '\t', ' \\\n  ', ' \\\r\n# a comment \\\n ', ' \\\n\n '])
    const end = () => pick(['\n', '\r\n', '\n\n', ' \n', '\n# FROM no\n'])
    for (let round = 0; round < 400; round++) {
      const names: string[] = []
      const name = () => {
        const made = `${pick(['img', 'host.example:5000/a', 'a/b_c'])}${names.length}:${pick(['1', 'v2.x', 'latest'])}`
        names.push(made)
        return pick(['M', 'M', 'M', '"M"']).replace('M', `<${names.length - 1}>`)
      }
      let marked = pick(['', '\uFEFF', '# syntax=x/y\n', '# a comment\n'])
      for (let stage = 0, count = 1 + below(3); stage < count; stage++) {
        marked += `${pick(['FROM', 'from', 'From'])}${space()}${pick(['', '--platform=$BUILDPLATFORM '])}${name()}${space()}${pick(['AS', 'as'])}${space()}s${stage}${end()}`
        for (let line = below(4); line > 0; line--)
          marked += pick([
            `COPY${space()}--from=${name()}${space()}/a${space()}/b${end()}`,
            `COPY --from=0 /img0:1 /b${end()}`,
            `RUN${space()}--mount=type=bind,from=${name().replaceAll('"', '')},target=/x${space()}echo img0:1${end()}`,
            `ONBUILD${space()}COPY${space()}--from=${name()} /a /b${end()}`,
            `RUN cat <<EOF > x\nFROM img0:1\nCOPY --from=img1:1 a b\nEOF\n`,
            `RUN echo 'FROM img0:1'${end()}`,
          ])
      }
      const text = (by: (index: number) => string) =>
        marked.replace(/<(\d+)>/g, (_, index) => by(Number(index)))
      const used = new Set([...marked.matchAll(/<(\d+)>/g)].map(([, index]) => Number(index)))
      const before = text((index) => names[index] ?? '')
      const renamed = (reference: string) => `new.example/r${names.indexOf(reference)}:9`
      const after = rewrite(before, renamed)
      assert.equal(
        after,
        text((index) => renamed(names[index] ?? '')),
      )
      const wanted = [...used].map((index) => renamed(names[index] ?? '')).toSorted()
      const needed = parseDockerfile(after, { ...options, classic: false }).uses.map(
        ({ reference }) => reference,
      )
      assert.deepEqual(needed.toSorted(), wanted)
    }
  })
})
