import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import {
  type Substitute,
  type SubstituteRow,
  substituteFor,
  substituteRows,
  substitutesFor,
} from '../../../../src/builder/scratch/substitutes.ts'
import { findImageReference, officialName } from '../../../../src/core/image-reference.ts'
import { type Platform, parsePlatform } from '../../../../src/core/platform.ts'

const ARM = parsePlatform('linux/arm/v7')
const ARM64 = parsePlatform('linux/arm64')
const RISCV = parsePlatform('linux/riscv64')

/** Tags of one entry of the library each, as the library had them in August 2026. */
const TEMURIN_21_NOBLE = ['21.0.12_8-jdk-noble', '21-jdk-noble', '21-noble']
const TEMURIN_21_RESOLUTE = ['21.0.12_8-jdk-resolute', '21-jdk-resolute', '21-resolute', '21-jdk', '21']
const ENTRIES: readonly (readonly [image: string, ...tags: readonly string[]])[] = [
  ['eclipse-temurin', ...TEMURIN_21_NOBLE],
  ['eclipse-temurin', ...TEMURIN_21_RESOLUTE],
  ['eclipse-temurin', '8u502-b07-jre-jammy', '8-jre-jammy'],
  ['eclipse-temurin', '11.0.32_9-jdk-noble', '11-jdk-noble', '11-noble'],
  ['eclipse-temurin', '17.0.20_8-jre-jammy', '17-jre-jammy'],
  ['eclipse-temurin', '25.0.4_7-jre-noble', '25-jre-noble'],
  ['eclipse-temurin', '26.0.2_10-jdk-resolute', '26-jdk-resolute', '26-resolute'],
  ['eclipse-temurin', '26.0.2_10-jdk-noble', '26-jdk-noble', '26-noble'],
  ['eclipse-temurin', '17.0.20_8-jdk-alpine-3.24', '17-jdk-alpine-3.24', '17-alpine-3.24', '17-alpine'],
  ['eclipse-temurin', '25.0.4_7-jdk-alpine-3.23', '25-jdk-alpine-3.23', '25-alpine-3.23'],
  ['eclipse-temurin', '8u502-b07-jdk-alpine-3.24', '8-jdk-alpine-3.24', '8-alpine-3.24', '8-alpine'],
  ['eclipse-temurin', '11.0.32_9-jre-alpine-3.23', '11-jre-alpine-3.23'],
  ['amazoncorretto', '21-alpine3.23', '21.0.12-alpine3.23', '21-alpine3.23-full', '21-alpine3.23-jdk'],
  ['amazoncorretto', '11-al2023-headless', '11.0.32-al2023-headless', '11-headless'],
  ['amazoncorretto', '17-al2023', '17.0.20-al2023', '17-al2023-jdk', '17', '17-jdk', '17.0.20'],
  ['amazoncorretto', '25-alpine3.21', '25.0.4-alpine3.21', '25-alpine3.21-full', '25-alpine3.21-jdk'],
  ['ibm-semeru-runtimes', 'open-8.0.502.0-jdk-noble', 'open-8-jdk-noble'],
  ['ibm-semeru-runtimes', 'open-11.0.32.0-jre-jammy', 'open-11-jre-jammy'],
  ['ibm-semeru-runtimes', 'open-21.0.12.0-jdk-resolute', 'open-21-jdk-resolute'],
  ['ibm-semeru-runtimes', 'open-jdk-25.0.4.0-jre-jammy', 'open-25-jre-jammy'],
  ['ibm-semeru-runtimes', 'open-26.0.2.0-jdk-noble', 'open-26-jdk-noble'],
  ['sapmachine', 'lts', '25', '25-ubuntu', '25-jdk-ubuntu-noble', '25-ubuntu-noble', '25-jdk-ubuntu-24.04'],
  ['sapmachine', '17-jre-headless-ubuntu', '17-jre-headless-ubuntu-noble'],
  ['sapmachine', 'latest', '26', '26-ubuntu', '26-jdk-ubuntu-noble', '26-ubuntu-noble', 'jdk-ubuntu-24.04'],
  ['sapmachine', 'alpine', '26-alpine', '26-alpine-3.23', '26-jdk-alpine-3.23'],
  ['sapmachine', '21-alpine', '21-alpine-3.23', '21-jdk-alpine-3.23', '21.0.12.1-jdk-alpine-3.23'],
  ['azul-zulu', '21.52-21.0.12.1-jdk-debian13', '21', '21-jdk', '21-jdk-debian', '21-jdk-debian13'],
  ['azul-zulu', '25.36-25.0.4.1-jdk-headless-debian13', '25-headless', '25-headless-debian13'],
  ['azul-zulu', '11.90-11.0.32.1-jre-headless-debian13', '11-jre-headless', '11-jre-headless-debian13'],
  ['azul-zulu', '17.68-17.0.20.1-jdk-debian13', '17', '17-jdk', '17-jdk-debian', '17-jdk-debian13'],
  ['azul-zulu', '26.32-26.0.2.1-jdk-debian13', '26', '26-jdk', '26-jdk-debian', '26-jdk-debian13'],
  ['azul-zulu', '21.52-21.0.12.1-jre-alpine3.23', '21-jre-alpine', '21-jre-alpine3.23'],
  ['debian', 'bookworm', 'bookworm-20260803', '12.15', '12'],
  ['debian', 'bullseye-slim', 'bullseye-20260803-slim', '11.11-slim', '11-slim'],
  ['debian', 'bookworm-backports'],
  ['buildpack-deps', 'bookworm-scm', 'oldstable-scm'],
  ['node', '22-trixie-slim', '22.23-trixie-slim', '22.23.2-trixie-slim', 'jod-trixie-slim'],
  ['node', '24', '24-bookworm', '24.19', '24.19-bookworm', '24.19.0', '24.19.0-bookworm', 'lts'],
  ['node', '24-bookworm-slim', '24-slim', '24.19.0-bookworm-slim', '24.19.0-slim'],
]

const ask = (image: string, platform: Platform, ...tags: readonly string[]) =>
  substituteFor({ image, tags, platform })

const text = (found: Substitute | undefined) =>
  found?.kind === 'image' ? found.reference : (found?.dockerfile ?? '')

const inTable = (cell: string) => cell.replaceAll('|', '\\|')

/** Every answer that the row gives for a known entry. */
const answersOf = (row: SubstituteRow): (Substitute & { readonly platform: Platform })[] =>
  ENTRIES.flatMap(([image, ...tags]) =>
    row.platforms.flatMap((platform) => {
      const found = substituteFor({ image, tags, platform })
      return found?.id === row.id ? [{ ...found, platform }] : []
    }),
  )

describe('a substitute', () => {
  it('for Temurin without a build for the board is the JDK of the Ubuntu that the image is on', () => {
    const found = ask('eclipse-temurin', ARM, ...TEMURIN_21_NOBLE)
    assert.equal(found?.kind, 'dockerfile')
    assert.match(text(found), /^FROM ubuntu:noble\n/)
    assert.match(text(found), /^ENV JAVA_HOME=\/opt\/java\/openjdk$/m)
    assert.match(text(found), / openjdk-21-jdk-headless;/)
    assert.match(text(found), /^ENTRYPOINT \["\/__cacert_entrypoint\.sh"\]$/m)
  })

  it('is found for a tag alone, a JDK when the tag does not say which', () => {
    assert.match(text(ask('eclipse-temurin', ARM, '21-jammy')), / openjdk-21-jdk-headless;/)
    assert.match(text(ask('eclipse-temurin', ARM, '21-jre-jammy')), / openjdk-21-jre-headless;/)
  })

  it('says that a Java is interpreted, where it is', () => {
    assert.match(ask('eclipse-temurin', ARM, '25-jre-noble')?.reason ?? '', /only interprets there/)
    assert.match(ask('eclipse-temurin', RISCV, '11-jdk-noble')?.reason ?? '', /only interprets there/)
    assert.doesNotMatch(ask('eclipse-temurin', ARM, '21-jre-noble')?.reason ?? '', /interprets/)
  })

  it('stays with the vendor where he has the platform on another release', () => {
    const found = ask('eclipse-temurin', RISCV, ...TEMURIN_21_RESOLUTE)
    assert.equal(text(found), 'eclipse-temurin:21-jdk-noble')
    assert.equal(text(ask('node', ARM, '22-trixie-slim', '22.23.2-trixie-slim')), 'node:22-bookworm-slim')
  })

  it('for a suite of Debian that lacks the architecture is the first that has it, variant kept, date not', () => {
    assert.equal(text(ask('debian', RISCV, 'bookworm-slim')), 'debian:trixie-slim')
    assert.equal(text(ask('debian', RISCV, 'bookworm-20260803-slim')), 'debian:trixie-slim')
    assert.equal(text(ask('debian', RISCV, '12.15')), 'debian:trixie')
    assert.equal(text(ask('buildpack-deps', RISCV, 'bookworm-curl')), 'buildpack-deps:trixie-curl')
  })

  it('keeps the exact version of Node.js', () => {
    const found = ask('node', RISCV, '24-bookworm-slim', '24.19.0-bookworm-slim')
    assert.match(text(found), /^FROM debian:trixie-slim\n/)
    assert.match(text(found), /^ENV NODE_VERSION=24\.19\.0 /m)
    assert.match(text(found), /sha256sum -c -/)
  })

  it('puts JAVA_HOME where the image has it', () => {
    for (const [image, tag, home] of [
      ['sapmachine', '21-jre-alpine-3.23', '/usr/lib/jvm/java-21-sapmachine-jre'],
      ['sapmachine', '21-jdk-headless-ubuntu-noble', '/usr/lib/jvm/sapmachine-21'],
      ['azul-zulu', '21-jdk-debian13', '/usr/lib/jvm/zulu21'],
      ['amazoncorretto', '21-alpine3.23', '/usr/lib/jvm/default-jvm'],
      ['azul-zulu', '11-jdk-debian13', '/usr/lib/jvm/zulu11'],
    ] as const)
      assert.match(text(ask(image, RISCV, tag)), new RegExp(`^ENV JAVA_HOME=${home}$`, 'm'))
    for (const [image, tag, names] of [
      ['sapmachine', '26-jre-alpine-3.23', 'sapmachine-26 java-26-sapmachine-jre'],
      ['azul-zulu', '17-jdk-debian13', 'zulu17'],
      ['amazoncorretto', '17', 'java-17-amazon-corretto default-jvm'],
    ] as const) {
      const found = text(ask(image, RISCV, tag))
      assert.match(found, /^FROM eclipse-temurin:\d+-(jdk|jre)-noble$/m)
      assert.ok(found.includes(`for home in ${names}; do ln -s /opt/java/openjdk `), found)
    }
  })
})

describe('no substitute', () => {
  it('exists where no distribution has the package', () => {
    // Ubuntu has OpenJDK 8 not for RISC-V; Debian's Node.js is 24
    assert.equal(ask('eclipse-temurin', RISCV, '8-jdk-noble'), undefined)
    assert.equal(ask('eclipse-temurin', RISCV, '8-jdk-alpine-3.24'), undefined)
    assert.equal(ask('azul-zulu', RISCV, '8-jdk-debian13'), undefined)
    assert.equal(ask('ibm-semeru-runtimes', RISCV, 'open-8-jdk-noble'), undefined)
    assert.equal(ask('node', ARM, '26-trixie'), undefined)
  })

  it('is given for other tags, platforms and images, or for part of a tag', () => {
    assert.equal(ask('eclipse-temurin', ARM, '21-jdk-ubi9-minimal'), undefined)
    assert.equal(ask('eclipse-temurin', ARM64, ...TEMURIN_21_NOBLE), undefined)
    assert.equal(ask('amazoncorretto', ARM, '21-al2', '21.0.12-al2'), undefined)
    assert.equal(ask('azul-zulu', ARM, '21-jdk-almalinux10'), undefined)
    assert.equal(ask('ibm-semeru-runtimes', ARM, 'certified-21-jdk-noble'), undefined)
    assert.equal(ask('ibm-semeru-runtimes', ARM64, 'open-21-jdk-noble'), undefined)
    assert.equal(ask('debian', RISCV, 'trixie'), undefined)
    assert.equal(ask('debian', RISCV, 'bookworm-slim-of-mine'), undefined)
    assert.equal(ask('node', RISCV, '24.12.0-bookworm'), undefined)
    assert.equal(ask('node', RISCV, '26.7.0-trixie'), undefined)
    assert.equal(ask('debian', RISCV), undefined)
  })
})

describe('the table of substitutes', () => {
  const page = readFileSync(new URL('../../../../docs/substitutes.md', import.meta.url), 'utf8')

  it('has no two rows of one name', () => {
    const ids = substituteRows.map(({ id }) => id)
    assert.deepEqual([...new Set(ids)], ids)
  })

  it('leaves no answer to the order of the tags: all that match say the same', () => {
    for (const [image, ...tags] of ENTRIES)
      for (const platform of [ARM, ARM64, RISCV]) {
        const answers = tags.map((tag) => ask(image, platform, tag)).filter((found) => found !== undefined)
        const kinds = new Set(answers.map((found) => `${found.id}\n${text(found)}`))
        assert.ok(kinds.size <= 1, `${image} ${tags.join(' ')} on ${platform}: ${[...kinds].join('\n')}`)
      }
  })

  it('has no two rows about one tag on one platform', () => {
    for (const [image, ...tags] of ENTRIES)
      for (const platform of [ARM, ARM64, RISCV])
        for (const tag of tags) {
          const about = substitutesFor({ image, tags: [tag], platform }).map(({ id }) => id)
          assert.ok(about.length <= 1, `${image}:${tag} on ${platform}: ${about.join(', ')}`)
        }
  })

  it('never leads from a substitute to another', () => {
    for (const row of substituteRows)
      for (const found of answersOf(row)) {
        const base = found.kind === 'image' ? found.reference : /^FROM (\S+)/.exec(found.dockerfile)?.[1]
        const reference = findImageReference(base ?? '')
        assert.ok(reference?.tag, `${row.id}: ${base}`)
        assert.equal(ask(officialName(reference) ?? '', found.platform, reference.tag), undefined, row.id)
      }
  })

  for (const row of substituteRows) {
    describe(row.id, () => {
      const answers = answersOf(row)

      it('is anchored, and every name that it uses is a group or a value', () => {
        assert.match(row.tags, /^\^.*\$$/)
        const known = new Set([...row.tags.matchAll(/\(\?<(\w+)>/g)].map(([, name]) => name))
        for (const name of Object.keys(row.values ?? {})) known.add(name)
        const conditions = (row.where ?? []).flatMap((condition) => Object.keys(condition))
        for (const name of conditions) assert.ok(known.has(name) || name === 'platform', name)
        for (const value of Object.values(row.values ?? {}))
          for (const [, name] of value.matchAll(/\$\{(\w+)\}/g)) assert.ok(known.has(name), name)
        assert.equal([row.reference, row.dockerfile].filter((way) => way !== undefined).length, 1)
        if (row.unfit !== undefined) assert.ok(!new RegExp(row.unfit).test(''))
      })

      it('answers for an entry that the library has, and leaves nothing unfilled', () => {
        assert.notEqual(answers.length, 0)
        for (const found of answers) {
          assert.doesNotMatch(text(found), /\$\{|undefined/)
          if (found.kind === 'image') assert.ok(findImageReference(found.reference))
          else assert.match(found.dockerfile, /^FROM \S+:\S+\n/)
        }
      })

      it('is a Dockerfile whose steps are shell that can be read', () => {
        for (const found of answers) {
          if (found.kind === 'image') continue
          const lines = found.dockerfile.replace(/^#.*\n/gm, '').replaceAll('\\\n', '')
          for (const [, step = ''] of lines.matchAll(/^RUN (.*)$/gm))
            execFileSync('sh', ['-n'], { input: step, timeout: 10_000 })
          assert.deepEqual(
            lines.split('\n').filter((line) => !/^(FROM|ENV|RUN|ENTRYPOINT|CMD) |^$/.test(line)),
            [],
          )
        }
      })

      it('is on docs/substitutes.md with its reason and source', () => {
        const start = `| \`${row.id}\` | \`${row.image}\` |`
        const line = page.split('\n').find((each) => each.startsWith(start)) ?? ''
        assert.ok(line.includes(row.reason), row.reason)
        assert.ok(line.includes(`<${row.source}>`))
        for (const platform of row.platforms) assert.ok(line.includes(platform))
        const { unfit } = row
        const rest = unfit && page.split('\n').find((each) => each.includes(`\` | \`${inTable(unfit)}\` |`))
        if (unfit !== undefined) assert.ok(rest?.includes(`\`${row.id}\``), `unfit: ${unfit}`)
      })
    })
  }

  it('is what docs/substitutes.md shows, no row of which is gone', () => {
    const shown = [...page.matchAll(/^\| `([a-z0-9-]+)` \| `[a-z-]+` \| linux/gm)].map(([, id]) => id)
    assert.deepEqual(
      shown,
      substituteRows.map(({ id }) => id),
    )
  })
})
