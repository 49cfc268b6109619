// make bench-image: the figures of the operating system's image, beside Debian's own and the limits it has. Writes
// bench/results-image.json.
import { runBenches } from '../benches.ts'
import { boot } from './boot.ts'
import { engine } from './engine.ts'
import { memory } from './memory.ts'
import { size } from './size.ts'

const benches = { size, boot, memory, engine }

await runBenches(benches, process.argv.slice(2), new URL('../results-image.json', import.meta.url))
