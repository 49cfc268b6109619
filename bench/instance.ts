// A Crew to measure: started as `make up` starts it, from the bundle, with the defaults a user gets.
import { type SettingName, variableOf } from '../src/config/settings.ts'
import { settingsTable } from '../src/config/settings-table.ts'
import type { Ended } from '../test/engine/harness/execute.ts'
import { Instance } from '../test/engine/harness/instance.ts'

/** Settings that the tests shorten. */
const AS_DELIVERED: readonly SettingName[] = [
  'log-level',
  'check-attempts',
  'check-wait',
  'check-uptime',
  'drain-timeout',
  'stop-timeout',
]

/** @param settings environment variables on top */
export const startInstance = (settings: Record<string, string> = {}): Promise<Instance> =>
  Instance.start({
    ...Object.fromEntries(AS_DELIVERED.map((name) => [variableOf(name), settingsTable[name].default])),
    ...settings,
  })

/** Fails a bench whose work failed: a figure of something that did not happen is none. */
export function mustEnd(what: string, { status, stdout, stderr }: Ended): void {
  if (status !== 0) throw new Error(`${what} failed (${status}):\n${stdout}\n${stderr}`)
}
