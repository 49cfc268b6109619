import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseDockerfile } from '../../../../src/builder/dockerfile/read.ts'
import { findRefusals } from '../../../../src/builder/refusals/find.ts'
import { type Platform, parsePlatform } from '../../../../src/core/platform.ts'

const find = (text: string, on: string) => {
  const platform: Platform = parsePlatform(on)
  return findRefusals(parseDockerfile(text, { path: 'Dockerfile', buildArgs: {}, platform }), platform)
}
/** What a script is refused for, in short. */
const codes = (script: string, on: string) =>
  find(`FROM debian\n${script}\n`, on).map(({ code, severity }) =>
    severity === 'blocks' ? code : `${code}?`,
  )
const run = (...lines: string[]) => `RUN set -eux; \\\n${lines.map((line) => `\t${line}`).join(' \\\n')}`

const NODE = run(
  `dpkgArch="$(dpkg --print-architecture)";`,
  `case "\${dpkgArch##*-}" in`,
  `  amd64) ARCH='x64';;`,
  `  arm64) ARCH='arm64';;`,
  `  *) echo "unsupported architecture"; exit 1 ;;`,
  'esac;',
  `curl -fsSLO "https://nodejs.org/dist/v24/node-v24-linux-$ARCH.tar.xz"`,
)

describe('a case on the architecture', () => {
  it('is refused where its way ends in an error, with the line of the case', () => {
    const [refusal, ...others] = find(`FROM debian\n\n${NODE}`, 'riscv64')
    assert.deepEqual(others, [])
    assert.equal(refusal?.code, 'architecture-case')
    assert.equal(refusal?.line, 5)
    assert.match(refusal?.text ?? '', /^case "\$\{dpkgArch##\*-\}" in amd64\)/)
    assert.match(refusal?.why ?? '', /gives up on linux\/riscv64/)
    assert.match(refusal?.offers.join() ?? '', /the alpine variant/)
  })

  it('is not where there is a way', () => {
    assert.deepEqual(codes(NODE, 'arm64'), [])
    assert.deepEqual(codes(NODE, 'amd64'), [])
  })

  it('is not where the rest builds from source', () => {
    const script = run(
      'apkArch="$(apk --print-arch)";',
      'case "$apkArch" in',
      "  x86_64) CHECKSUM='abc' ;;",
      '  *) ;;',
      'esac;',
      'if [ -n "$CHECKSUM" ]; then curl -O https://example.org/x-linux-x64-musl.tar.xz;',
      'else curl -O https://example.org/x.tar.gz; make; fi',
    )
    assert.deepEqual(codes(script, 'arm/v7'), [])
    assert.deepEqual(codes(script, 'amd64'), [])
  })

  it('takes patterns and alternatives', () => {
    const script = (pattern: string) => `RUN case $(uname -m) in ${pattern}) true;; *) exit 1;; esac`
    assert.deepEqual(codes(script('arm*|aarch64'), 'arm/v7'), [])
    assert.deepEqual(codes(script('arm[0-6]*|aarch64'), 'arm/v7'), ['architecture-case'])
    assert.deepEqual(codes(script('"arm*"'), 'arm/v7'), ['architecture-case'])
  })

  it('is found whatever asked for the architecture', () => {
    for (const asked of [
      'dpkg --print-architecture',
      `dpkg --print-architecture | awk -F- '{ print $NF }'`,
      'dpkg-architecture --query DEB_BUILD_GNU_CPU',
      'uname -m',
      'arch',
      'apk --print-arch',
      'cat /etc/apk/arch',
      `rpm --query --queryformat='%{ARCH}' rpm`,
      'uname -m | sed s/x86_64/amd64/',
    ])
      for (const quoted of [`$(${asked})`, `\`${asked}\``]) {
        const script = `RUN a=${quoted} && case $a in amd64|x86_64) true;; *) exit 1;; esac`
        assert.deepEqual(codes(script, 'riscv64'), ['architecture-case'], asked)
        assert.deepEqual(codes(script, 'amd64'), [], asked)
      }
    const arguments_ = 'ARG TARGETARCH\nRUN case $TARGETARCH in amd64) ;; *) exit 1;; esac'
    assert.deepEqual(codes(arguments_, 'riscv64'), ['architecture-case'])
    assert.deepEqual(codes(arguments_, 'amd64'), [])
  })

  it('is followed into functions, loops, groups and heredocs', () => {
    const exits = 'case $(arch) in x86_64) ;; *) exit 1;; esac'
    const returns = exits.replace('exit', 'return')
    for (const script of [
      `RUN f() { ${exits}; }; f`,
      `RUN f() { ${returns}; }; f || exit 1`,
      `RUN set -e; f() { ${returns}; }; f; true`,
      `RUN for a in 1 2; do ${exits}; done`,
      `RUN { ${exits}; }`,
      `RUN set -e; ( ${exits} ); true`,
      `RUN <<EOF\n${exits}\nEOF`,
      `RUN ["/bin/sh", "-c", "${exits}"]`,
      `SHELL ["/bin/bash", "-eo", "pipefail", "-c"]\nRUN [ "$(arch)" = x86_64 ]; true`,
    ])
      assert.deepEqual(codes(script, 'riscv64'), ['architecture-case'], script)
  })

  it('counts where nothing is chosen and something is fetched', () => {
    const script = run(
      'case "$(dpkg --print-architecture)" in',
      '  amd64) url=https://example.org/x-amd64.tar ;;',
      'esac;',
      'curl -O "$url"',
    )
    assert.deepEqual(codes(script, 'riscv64'), ['architecture-case'])
    assert.deepEqual(
      codes(script.replace('curl -O "$url"', 'if [ -n "$url" ]; then curl "$url"; fi'), 'riscv64'),
      [],
    )
    assert.deepEqual(codes(script.replace('esac', '*) url= ;; esac'), 'riscv64'), [])
  })

  it('that is only reached sometimes may block', () => {
    const script = 'RUN if grep -q x /y; then case $(arch) in x86_64) ;; *) exit 1;; esac; fi'
    assert.deepEqual(codes(script, 'riscv64'), ['architecture-case?'])
    const or = 'RUN grep -q x /y || case $(arch) in x86_64) ;; *) exit 1;; esac'
    assert.deepEqual(codes(or, 'riscv64'), ['architecture-case?'])
  })

  it('is told through what renames the architecture', () => {
    for (const filter of [
      'sed s/x86_64/amd64/',
      "sed -e 's/^x86_64$/amd64/'",
      `tr -d x | sed 's,86_64,amd64,'`,
    ]) {
      const script = `RUN case "$(uname -m | ${filter})" in amd64) ;; *) exit 1;; esac`
      assert.deepEqual(codes(script, 'amd64'), [], filter)
      assert.deepEqual(codes(script, 'arm64'), ['architecture-case'], filter)
    }
  })
})

describe('a test of the architecture', () => {
  it('is refused where it fails the step', () => {
    for (const script of [
      '[ "$(arch)" = x86_64 ] || exit 1',
      'test $(arch) = x86_64 && make',
      'if [ $(arch) != x86_64 ]; then exit 1; fi',
      'if [ $(arch) = x86_64 ]; then true; elif [ $(arch) = aarch64 ]; then true; else false; fi',
      '[[ $(arch) == x86* ]] || { echo no; exit 2; }',
      '! [ "$(arch)" = x86_64 ] && exit 1',
      '[ "$(arch)" = x86_64 -o "$(arch)" = aarch64 ] || exit 1',
    ]) {
      assert.deepEqual(codes(`RUN ${script}`, 'riscv64'), ['architecture-case'], script)
      assert.deepEqual(codes(`RUN ${script}`, 'amd64'), [], script)
    }
  })

  it('is not where it only chooses', () => {
    for (const script of [
      '[ "$(arch)" = x86_64 ] && extra=yes; make',
      'if [ $(arch) = x86_64 ]; then make fast; else make; fi',
      'set -e; [ "$(arch)" = x86_64 ] && extra=yes; make',
      '( [ $(arch) = x86_64 ] || exit 1 ) || make generic',
      'x=$([ $(arch) = x86_64 ] || exit 1); make',
    ])
      assert.deepEqual(codes(`RUN ${script}`, 'riscv64'), [], script)
  })
})

describe('a download', () => {
  it('of a program for another architecture is refused', () => {
    for (const step of [
      'RUN curl -fL https://example.org/tool-1.2-linux-amd64.tar.gz | tar xz',
      'ENV V=1 U=https://example.org\nRUN wget -O /x $U/tool_$V-x86_64',
      'ADD https://example.org/tool-linux-x64 /bin/tool',
    ]) {
      assert.deepEqual(codes(step, 'arm64'), ['prebuilt-download'], step)
      assert.deepEqual(codes(step, 'amd64'), [], step)
    }
  })

  it('of an older variant is not', () => {
    assert.deepEqual(codes('RUN curl -O https://example.org/tool-armv6.tgz', 'arm/v7'), [])
    assert.deepEqual(codes('RUN curl -O https://example.org/tool-arm64.tgz', 'arm/v7'), ['prebuilt-download'])
  })

  it('that its publisher is known not to have is refused, and others may block', () => {
    const script = (url: string) => `RUN curl -O ${url}-$(dpkg --print-architecture)`
    const tini = 'https://github.com/krallin/tini/releases/download/v0.19.0/tini'
    assert.deepEqual(codes(script(tini), 'riscv64'), ['prebuilt-download'])
    assert.deepEqual(codes(script(tini), 'arm/v7'), [])
    assert.deepEqual(codes(script('https://example.org/tool'), 'riscv64'), ['prebuilt-download?'])
  })

  it('of sources and of keys is none', () => {
    assert.deepEqual(
      codes('RUN curl -O https://example.org/x-1.tar.gz https://repo.mysql.com/RPM-GPG-KEY', 'riscv64'),
      [],
    )
  })

  it('is told once, whatever is fetched beside', () => {
    const url = 'https://example.org/tool-amd64'
    assert.deepEqual(codes(`RUN wget ${url} && wget ${url}.asc`, 'arm64'), ['prebuilt-download'])
    const sometimes = `if grep -q x /y; then wget ${url}; fi`
    assert.deepEqual(codes(`RUN ${sometimes}; wget ${url}`, 'arm64'), ['prebuilt-download'])
    assert.deepEqual(codes(`RUN wget ${url}; ${sometimes}`, 'arm64'), ['prebuilt-download'])
  })

  it('out of the repository itself counts too', () => {
    assert.deepEqual(codes('COPY tool-linux-amd64 /bin/tool', 'arm64'), ['prebuilt-file'])
    assert.deepEqual(codes('COPY --from=x /lib/x86_64-linux-gnu /lib/', 'arm64'), [])
    assert.deepEqual(codes('COPY x64.md doc-amd64 /', 'amd64'), [])
  })
})

describe('a package repository', () => {
  it('that is limited to other architectures is refused', () => {
    const line =
      'RUN echo "deb [arch=amd64,arm64 signed-by=/k] https://example.org/apt stable main" > /etc/apt/sources.list.d/x.list'
    assert.deepEqual(codes(line, 'arm/v7'), ['vendor-repository'])
    assert.deepEqual(codes(line, 'arm64'), ['vendor-repository?'])
  })

  it('of a vendor that has nothing is refused, however it is added', () => {
    for (const step of [
      'RUN echo "deb http://repo.mongodb.org/apt/debian bookworm/x main" | tee /etc/apt/sources.list.d/m.list',
      'RUN cat > /etc/apt/sources.list.d/m.sources <<EOF\nTypes: deb\nURIs: https://repo.mongodb.org/apt/debian\nSuites: x\nEOF',
      'RUN <<EOF cat > /etc/yum.repos.d/m.repo\n[m]\nbaseurl=https://repo.mongodb.org/yum\nEOF',
      'ARG R=repo.mongodb.org\nRUN echo "deb http://$R/apt x main" > /etc/apt/sources.list',
      'RUN echo https://apk.corretto.aws >> /etc/apk/repositories',
      'ARG R=repos.azul.com\nRUN echo "https://$R/zulu/alpine" | tee -a /etc/apk/repositories',
      'RUN curl -o /etc/yum.repos.d/c.repo https://yum.corretto.aws/corretto.repo',
      'RUN yum-config-manager --add-repo https://repo.mysql.com/yum/x',
      'COPY MariaDB.repo /etc/yum.repos.d/',
    ])
      assert.deepEqual(codes(step, 'arm/v7'), ['vendor-repository'], step)
  })

  it('of the distribution is none', () => {
    assert.deepEqual(
      codes('RUN echo "deb http://mirror.debian.org/debian sid main" > /etc/apt/sources.list', 'riscv64'),
      [],
    )
  })

  it('in a branch that is not taken does not count', () => {
    const script = run(
      'case "$(dpkg --print-architecture)" in',
      '  amd64 | arm64) echo "deb http://apt.postgresql.org/pub x main" > /etc/apt/sources.list.d/p.list ;;',
      '  *) apt-get build-dep -y x ;;',
      'esac',
    )
    assert.deepEqual(codes(script, 'riscv64'), [])
    assert.deepEqual(codes(script.replace('amd64 | ', 'riscv64 | '), 'riscv64'), ['vendor-repository'])
  })
})

describe('packages', () => {
  it('of another architecture, and those of x86 alone, are refused elsewhere', () => {
    assert.deepEqual(codes('RUN apt-get install -y gcc-multilib libc6:i386 gcc', 'arm64'), [
      'package-missing',
      'package-missing',
    ])
    assert.deepEqual(codes('RUN apt-get install -y gcc-multilib gcc', 'amd64'), [])
  })
})

describe('stages', () => {
  it('that are not needed are not judged, and those of the builder neither', () => {
    const wrong = 'RUN curl -O https://example.org/x-amd64'
    assert.deepEqual(find(`FROM a\n${wrong}\nFROM b\nRUN make`, 'arm64'), [])
    assert.deepEqual(
      find(`FROM --platform=linux/amd64 a AS x\n${wrong}\nFROM b\nCOPY --from=x / /`, 'arm64'),
      [],
    )
    assert.equal(find(`FROM a AS x\n${wrong}\nFROM b\nCOPY --from=x / /`, 'arm64').length, 1)
  })

  it('hand their environment on', () => {
    const text = 'FROM a AS x\nENV U=https://example.org/x-amd64\nFROM x\nRUN curl -O $U'
    assert.equal(find(text, 'arm64')[0]?.line, 4)
  })

  it('that end in another platform make the wrong image', () => {
    assert.equal(find('FROM --platform=linux/amd64 a', 'arm64')[0]?.code, 'foreign-stage')
    assert.deepEqual(find('FROM --platform=$TARGETPLATFORM a', 'arm64'), [])
  })
})

describe('nasty scripts', () => {
  it('cost no more than moments', () => {
    const pieces = [
      '$(',
      '`a ',
      'if a; then ',
      '&& a ',
      '|| a ',
      '| a ',
      '( ',
      'f() { f; f; f; }; f; ',
      'a=$a$a;',
    ]
    for (const piece of [
      ...pieces,
      'for i in 1 2 3 4 5 6 7 8; do ',
      'case $(arch) in a) ',
      "'",
      '<<A ',
      `\${a:-`,
      '[ a -o ',
    ]) {
      const text = `FROM a\nRUN x ${piece.repeat(2 ** 17 / piece.length)}`
      // the processor's time: others may be at work on this machine
      const before = process.cpuUsage()
      try {
        find(text, 'arm64')
      } catch (error) {
        assert.match(String(error), /heredoc/)
      }
      const { user, system } = process.cpuUsage(before)
      assert.ok(user + system < 5_000_000, piece)
    }
  })
})
