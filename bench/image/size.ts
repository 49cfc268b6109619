// What a board has to load before it is an SSH server: kernel as U-Boot takes it, and initramfs.
import { type Result, result } from '../result.ts'
import { type chains, type Image, imageOf, megabytes } from './images.ts'

/** The size that the project set itself at its beginning. */
const FOUNDING = 30

function rows(image: Image, what: string, goal: number): Result[] {
  const [kernel, initramfs] = [megabytes(image, 'boot/kernel.lzma'), megabytes(image, 'initramfs')]
  const row = (name: string, ours: number, limit: number): Result =>
    result(
      `${what}: ${name}`,
      { ours, against: FOUNDING, what_against: 'limit of the founding document', unit: 'MB' },
      `at most ${limit} MB`,
      ours > 0 && ours <= limit,
    )
  const whole = row('kernel (lzma) and initramfs', kernel + initramfs, goal)
  const firmware = megabytes(image, 'firmware.squashfs')
  return [
    { ...whole, name: `${whole.name} (${kernel.toFixed(2)} + ${initramfs.toFixed(2)})` },
    ...(firmware > 0
      ? [{ ...row('firmware, apart from these', firmware, FOUNDING), goal: '', met: true }]
      : []),
  ]
}

const measured: readonly {
  readonly chain: keyof typeof chains
  readonly what: string
  readonly goal: number
}[] = [
  { chain: 'crew', what: 'virt/qemu arm64', goal: 26 },
  { chain: 'generic', what: 'generic/arm64 with USB network and WiFi', goal: 30 },
]

export async function size(): Promise<Result[]> {
  const results: Result[] = []
  for (const { chain, what, goal } of measured)
    results.push(...rows(await imageOf(chain, 'small'), what, goal))
  return results
}
