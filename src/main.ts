// Entry of the executable: the only place that sets the exit status.
import { main } from './cli.ts'

process.exitCode = await main(process.argv.slice(2), process.env)
