// Runs the benches that are asked for, one after the other, prints the table, writes the figures.
import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { type Result, tableOf } from './result.ts'

export type Benches = Readonly<Record<string, () => Promise<Result[]>>>

/**
 * @param asked names; none for all of them
 * @param file gets the figures as JSON
 */
export async function runBenches(benches: Benches, asked: readonly string[], file: URL): Promise<void> {
  const unknown = asked.filter((name) => !Object.hasOwn(benches, name))
  if (unknown.length > 0)
    throw new Error(`no bench ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`)
  // what others did on this machine when it began; later the benches themselves are in it
  const load = Number((loadavg()[0] ?? 0).toFixed(2))
  const results: Result[] = []
  for (const [name, bench] of Object.entries(benches)) {
    if (asked.length > 0 && !asked.includes(name)) continue
    console.error(`-----> ${name}`)
    try {
      results.push(...(await bench()).map((each) => ({ ...each, load })))
    } catch (error) {
      // the others' figures are worth having all the same
      console.error(` !     ${name} could not be measured:`, error)
      process.exitCode = 1
    }
  }
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
  console.log(tableOf(results))
  if (load > LOADED)
    console.log(`\nThe machine was at work when this began (load ${load}): times are too long.`)
}

/** A machine that idles is below it. */
const LOADED = 0.5
