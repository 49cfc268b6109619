// Base images from scratch: a second stack on the same base, planning over a library of the official one's size, and
// the daemon's memory while it makes a root file system.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GitDaemon } from '../test/engine/harness/git-daemon.ts'
import { ownMirror } from '../test/engine/harness/suites.ts'
import { mustEnd, startInstance } from './instance.ts'
import { memoryOf } from './memory.ts'
import { median, type Result, result, timed } from './result.ts'

/** As many as docker-library/official-images had in August 2026, and as many entries in each on average. */
const IMAGES = 137
const ENTRIES = 14
const PLANS = 11
const SUITE = 'bookworm'
const MINUTES = 60_000

const install =
  'RUN apt-get update && apt-get install -y --no-install-recommends jq curl && rm -rf /var/lib/apt/lists/*'

/** Every image is built on the one before it, four at most in a row, the lowest on Debian. */
function dockerfileOf(image: number): string {
  if (image % 4 === 0) return `FROM debian:${SUITE}-slim\n${image === 0 ? install : 'RUN echo low > /low'}\n`
  return `FROM image${image - 1}:1\nRUN echo ${image} > /image${image}\n`
}

function libraryFile(repository: string, image: number, commit: string): string {
  const head = `Maintainers: A Tester <tester@example.org> (@tester)\nGitRepo: ${repository}\nGitCommit: ${commit}\n`
  const entries = Array.from({ length: ENTRIES }, (_, entry) => {
    const tags = entry === 0 ? '1, latest' : `1.${entry}, 1.${entry}-slim`
    return `\nTags: ${tags}\nArchitectures: s390x\nDirectory: image${image}\n`
  })
  return head + entries.join('')
}

async function makeLibrary(daemon: GitDaemon): Promise<void> {
  const images = Array.from({ length: IMAGES }, (_, image) => image)
  const commit = await daemon.commit(
    'images',
    Object.fromEntries(images.map((image) => [`image${image}/Dockerfile`, dockerfileOf(image)])),
  )
  await daemon.commit(
    'official-images',
    Object.fromEntries(
      images.map((image) => [`library/image${image}`, libraryFile(daemon.url('images'), image, commit)]),
    ),
  )
}

export async function scratch(): Promise<Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'crew-bench-scratch-'))
  await using daemon = await GitDaemon.start(join(folder, 'git'))
  await makeLibrary(daemon)
  await using instance = await startInstance({
    CREW_SCRATCH_LIBRARY: daemon.url('official-images'),
    CREW_GROUND_DEBIAN_MIRROR: ownMirror(),
  })
  try {
    const build = async (image: string) =>
      mustEnd(
        `scratch:build ${image}`,
        await instance.crew(['scratch:build', image], { timeout: 10 * MINUTES }),
      )
    const plan = async (image: string) =>
      mustEnd(`scratch:plan ${image}`, await instance.crew(['scratch:plan', image]))
    const first = await timed(() => build('image2'))
    const peak = memoryOf(instance, 'VmHWM')
    const second = await timed(() => build('image3'))
    await plan('image3')
    const plans: number[] = []
    const floors: number[] = []
    for (let run = 0; run < PLANS; run++) {
      plans.push(await timed(() => plan(`image${(run * 4 + 7) % IMAGES}`)))
      floors.push(await timed(() => instance.crew(['version'])))
    }
    return [
      result(
        'second stack on a base that is there',
        {
          ours: second / 1000,
          against: first / 1000,
          what_against: 'the first one, ground and all',
          unit: 's',
        },
        'under 5 %',
        second < first * 0.05,
      ),
      result(
        `scratch:plan over a warm library of ${IMAGES * ENTRIES} entries`,
        { ours: median(plans), against: median(floors), what_against: 'crew version', unit: 'ms' },
        'under 150 ms',
        median(plans) < 150,
      ),
      result(
        'memory, highest while a ground is made',
        { ours: peak, against: 150, what_against: 'limit', unit: 'MB' },
        'under 150 MB',
        peak < 150,
      ),
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
