import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseDockerfile } from '../../../../src/builder/dockerfile/read.ts'
import { findRefusals } from '../../../../src/builder/refusals/find.ts'
import { applyReplacements } from '../../../../src/builder/refusals/replace.ts'
import { parsePlatform } from '../../../../src/core/platform.ts'

const platform = parsePlatform('riscv64')
const read = (text: string) => parseDockerfile(text, { path: 'Dockerfile', buildArgs: {}, platform })
const replaced = (text: string) => {
  const dockerfile = read(text)
  return applyReplacements(text, dockerfile, findRefusals(dockerfile, platform))
}

const step = (fetch: string, more = '') => `RUN set -eux; \\
	apt-get update; apt-get install -y --no-install-recommends ca-certificates wget; \\
# get it
	arch="$(dpkg --print-architecture)"; \\
	case "$arch" in amd64|arm64) ;; *) exit 1 ;; esac; \\
	${fetch}; \\${more}
	chmod +x /usr/local/bin/gosu; \\
	gosu nobody true`
const GOSU = 'wget -O /usr/local/bin/gosu "https://github.com/tianon/gosu/releases/download/1.17/gosu-$arch"'

describe('a step that only fetches a helper', () => {
  it("is replaced by the distribution's package, and all else stays", () => {
    assert.equal(
      replaced(`FROM debian\r\n${step(GOSU)}\r\nRUN make\r\n`),
      'FROM debian\r\nRUN apt-get update && apt-get install -y --no-install-recommends ca-certificates wget gosu' +
        ' && rm -rf /var/lib/apt/lists/* && { [ -e /usr/local/bin/gosu ] || ln -s "$(command -v gosu)" /usr/local/bin/gosu; }' +
        '\r\nRUN make\r\n',
    )
  })

  it('no longer refuses then', () => {
    const after = replaced(`FROM debian\n${step(GOSU)}\n`)
    assert.deepEqual(findRefusals(read(after), platform), [])
  })

  it('stays when it does anything else', () => {
    for (const more of [' make install;', ' wget https://example.org/other.tar.gz;']) {
      const text = `FROM debian\n${step(GOSU, `\n${more} \\`)}\n`
      assert.equal(replaced(text), text)
      assert.equal(findRefusals(read(text), platform).length, 1)
    }
  })

  it('stays when nobody knows where the helper goes', () => {
    const text = `FROM debian\n${step('wget "https://github.com/tianon/gosu/releases/download/1.17/gosu-$arch"')}\n`
    assert.equal(replaced(text), text)
  })

  it('is replaced by apk on Alpine', () => {
    const text = `FROM alpine
RUN apk add --no-cache curl; case $(apk --print-arch) in x86_64) a=amd64;; *) exit 1;; esac; \\
  curl -fLo /sbin/tini https://github.com/krallin/tini/releases/download/v0.19.0/tini-static-$a`
    assert.equal(
      replaced(text),
      'FROM alpine\nRUN apk add --no-cache curl tini && { [ -e /sbin/tini ] || ln -s "$(command -v tini)" /sbin/tini; }',
    )
  })
})
