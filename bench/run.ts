// make bench: runs the benches asked for, prints the table, writes bench/results.json.
import { writeFileSync } from 'node:fs'
import { live } from './live.ts'
import { memory } from './memory.ts'
import { push } from './push.ts'
import { type Result, tableOf } from './result.ts'
import { scratch } from './scratch.ts'
import { ssh } from './ssh.ts'
import { swap } from './swap.ts'

const benches: Record<string, () => Promise<Result[]>> = { push, live, swap, ssh, memory, scratch }

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !Object.hasOwn(benches, name))
if (unknown.length > 0)
  throw new Error(`no bench ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`)

const results: Result[] = []
for (const [name, bench] of Object.entries(benches)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  console.error(`-----> ${name}`)
  try {
    results.push(...(await bench()))
  } catch (error) {
    // the others' figures are worth having all the same
    console.error(` !     ${name} could not be measured:`, error)
    process.exitCode = 1
  }
}
writeFileSync(new URL('results.json', import.meta.url), `${JSON.stringify(results, null, 2)}\n`)
console.log(tableOf(results))
