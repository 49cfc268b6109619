// Sizes and durations as people write them, and back.
import { failure } from './errors.ts'

const SIZES: Record<string, number> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }
const DURATIONS: Record<string, number> = { ms: 1, '': 1000, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `512m`, `1g`, `4096`: bytes, in powers of 1024 as Docker counts. @throws value-invalid */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([bkmgt]?)b?$/i.exec(text.trim())
  const unit = SIZES[match?.[2]?.toLowerCase() ?? '?']
  if (!match || unit === undefined)
    throw failure('value-invalid', {
      what: 'size',
      value: JSON.stringify(text),
      rule: 'a size is a number with k, m, g or t, such as 512m',
    })
  return Math.round(Number(match[1]) * unit)
}

/** `30s`, `5m`, `250ms`; a bare number is seconds. @returns milliseconds @throws value-invalid */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim())
  const unit = DURATIONS[match ? (match[2] ?? '') : '?']
  if (!match || unit === undefined)
    throw failure('value-invalid', {
      what: 'duration',
      value: JSON.stringify(text),
      rule: 'a duration is a number with ms, s, m, h or d, such as 30s',
    })
  return Math.round(Number(match[1]) * unit)
}

/** `1.5 GB`-like text of a number of bytes, for messages. */
export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let size = bytes
  let unit = 0
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024
    unit++
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`
}

/** `0.4 s`, `12 s`, `3 m 20 s`, for messages. */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 120) return `${Math.round(seconds)} s`
  return `${Math.floor(seconds / 60)} m ${Math.round(seconds % 60)} s`
}
