// What must not be built on a substitute: a table of regular expressions is right only if it lets plain Dockerfiles by.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Substitute, substituteFor } from '../../../../src/builder/scratch/substitutes.ts'
import { type Platform, parsePlatform } from '../../../../src/core/platform.ts'

const ARM = parsePlatform('linux/arm/v7')
const ARM64 = parsePlatform('linux/arm64')
const RISCV = parsePlatform('linux/riscv64')

/** The Dockerfile of a program that only adds itself to a Java, on whatever distribution. */
const PLAIN = `FROM maven AS build
RUN mvn package
FROM some-java
COPY --from=build /src/target/app.jar /app.jar
RUN useradd app && mkdir /data
CMD ["java", "-jar", "/app.jar"]
`

const ask = (image: string, platform: Platform, ...tags: readonly string[]) =>
  substituteFor({ image, tags, platform })

const text = (found: Substitute | undefined) => (found?.kind === 'dockerfile' ? found.dockerfile : '')

describe('what does not fit on a substitute', () => {
  const refuses = (found: Substitute | undefined, dockerfile: string) =>
    found?.unfit !== undefined && new RegExp(found.unfit).test(dockerfile)

  it('is what fills a class cache of OpenJ9, where that is HotSpot', () => {
    for (const [platform, tag] of [
      [ARM, 'open-8-jre-noble'],
      [ARM, 'open-17-jre-noble'],
      [ARM, 'open-25-jre-jammy'],
      [RISCV, 'open-11-jre-noble'],
      [RISCV, 'open-21-jdk-resolute'],
    ] as const) {
      const found = ask('ibm-semeru-runtimes', platform, tag)
      assert.ok(refuses(found, 'RUN if [ "$OPENJ9_SCC" = "true" ]; then populate_scc.sh; fi'))
      assert.ok(refuses(found, 'CMD ["java", "-Xshareclasses:name=mine", "-jar", "/app.jar"]'))
      assert.ok(!refuses(found, PLAIN))
    }
  })

  it('is an option of OpenJ9 where HotSpot has no flag to pass it over: in Java 8 alone', () => {
    const tuned = 'CMD ["java", "-Xtune:virtualized", "-jar", "/app.jar"]'
    assert.ok(refuses(ask('ibm-semeru-runtimes', ARM, 'open-8-jdk-noble'), tuned))
    for (const [platform, tag] of [
      [ARM, 'open-11-jdk-noble'],
      [ARM, 'open-21-jdk-noble'],
      [RISCV, 'open-25-jdk-noble'],
    ] as const) {
      const found = ask('ibm-semeru-runtimes', platform, tag)
      assert.ok(!refuses(found, tuned))
      assert.match(text(found), /^ENV JAVA_TOOL_OPTIONS='-XX:\+IgnoreUnrecognizedVMOptions'$/m)
    }
  })

  it('is what needs Alpine, where that is Ubuntu', () => {
    for (const [image, platform, tag] of [
      ['eclipse-temurin', ARM, '17-jre-alpine-3.24'],
      ['eclipse-temurin', ARM, '21-jre-alpine-3.24'],
      ['eclipse-temurin', RISCV, '11-jre-alpine-3.24'],
      ['sapmachine', ARM64, '26-jre-alpine-3.23'],
      ['azul-zulu', ARM, '25-jre-alpine3.23'],
      ['amazoncorretto', ARM, '21-alpine3.23'],
    ] as const) {
      const found = ask(image, platform, tag)
      assert.ok(refuses(found, 'RUN apk add --no-cache curl'))
      assert.ok(refuses(found, 'RUN addgroup -S app && adduser -S app -G app'))
      assert.ok(refuses(found, 'COPY --from=java --chown=0 /opt/java/openjdk /opt/java/openjdk'))
      assert.ok(!refuses(found, PLAIN))
    }
  })

  it('is nothing where Alpine is Alpine and Debian Debian', () => {
    assert.equal(ask('eclipse-temurin', RISCV, '21-jdk-alpine-3.24')?.unfit, undefined)
    assert.equal(ask('debian', RISCV, 'bookworm')?.unfit, undefined)
  })

  it('is what needs Amazon Linux, where that is Ubuntu', () => {
    for (const [platform, tag] of [
      [ARM, '8-jre'],
      [ARM, '25'],
      [RISCV, '11'],
      [RISCV, '21'],
    ] as const) {
      const found = ask('amazoncorretto', platform, tag)
      assert.ok(refuses(found, 'RUN yum install -y shadow-utils'))
      assert.ok(refuses(found, 'RUN dnf -y install tar'))
      assert.ok(!refuses(found, PLAIN))
    }
  })
})
