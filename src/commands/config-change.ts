// A change of an app's configuration: what differs is stored and brought up.
import type { AppName } from '../core/app.ts'
import type { Report } from '../core/report.ts'
import type { Call } from './command.ts'
import { pairs } from './format.ts'

type Values = Readonly<Record<string, string>>

export interface ConfigChange {
  readonly set?: Values
  readonly unset?: readonly string[]
}

/** Shown in place of a value that was just set: a terminal's scrollback and a CI log are no place for it. */
const HIDDEN = '********'

/** What of a change is not so yet. */
function missing({ set = {}, unset = [] }: ConfigChange, values: Values) {
  const now = new Map(Object.entries(values))
  const differs = Object.entries(set).filter(([key, value]) => now.get(key) !== value)
  const gone = unset.filter((key) => now.has(key))
  return { set: Object.fromEntries(differs), unset: gone, empty: differs.length + gone.length === 0 }
}

function tell(report: Report, set: Values, unset: readonly string[]): void {
  const keys = Object.keys(set)
  if (keys.length > 0) report.step('Setting config vars')
  const shown = pairs(Object.fromEntries(keys.map((key) => [key, HIDDEN])))
  for (const line of shown.split('\n').slice(0, -1)) report.line(line)
  for (const key of unset) report.step(`Unsetting ${key}`)
}

/**
 * Stores what differs from what is stored, and brings it up when it differs from what runs. So a change that
 * was stored with --no-restart, or whose release failed, comes up when it is asked for again.
 */
export async function changeConfig(
  { context, report, actor }: Call<unknown, unknown>,
  name: AppName,
  wanted: ConfigChange,
  restart: boolean,
): Promise<void> {
  const { store, pipeline } = context
  const { live } = store.apps.get(name)
  const stored = missing(wanted, store.config.all(name))
  const pending = live !== null && !missing(wanted, store.releases.get(name, live.release).config).empty
  if (stored.empty && !(pending && restart))
    return report.step(`Config of ${name} is as wanted, nothing changes`)
  store.config.change(name, stored.set, stored.unset)
  tell(report, stored.set, stored.unset)
  if (!pending || !restart) return
  report.step(`Restarting app ${name}`)
  try {
    await pipeline.reconfigure(name, actor)
  } catch (error) {
    report.warn('The new config is stored for the next release; what ran runs on with the old one.')
    throw error
  }
}
