// make bench: runs the benches asked for, prints the table, writes bench/results.json.
import { runBenches } from './benches.ts'
import { live } from './live.ts'
import { memory } from './memory.ts'
import { push } from './push.ts'
import { scratch } from './scratch.ts'
import { ssh } from './ssh.ts'
import { swap } from './swap.ts'

const benches = { push, live, swap, ssh, memory, scratch }

await runBenches(benches, process.argv.slice(2), new URL('results.json', import.meta.url))
