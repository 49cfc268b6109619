// Entry of the skiff tool: the only place that sets its exit status.
import { fileURLToPath } from 'node:url'
import { main } from './image/cli.ts'

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')
process.exitCode = await main(process.argv.slice(2), process.env, root)
