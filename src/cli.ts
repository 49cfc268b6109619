// The `crew` executable: `serve` and `teardown` work here, every other command is the daemon's.
import { parseArgs } from 'node:util'
import { pathsOf } from './config/paths.ts'
import { loadSettings, type SettingName, type Settings, settingNames } from './config/settings.ts'
import { failure, messageOf } from './core/errors.ts'
import { describeError } from './core/report.ts'
import { version } from './core/version.ts'
import { runOnDaemon } from './receiver/control/client.ts'

/** Reads `--<setting> value` for every setting of the table. @throws usage */
function settingsFrom(args: readonly string[], env: NodeJS.ProcessEnv): Settings {
  const options = Object.fromEntries(settingNames.map((name) => [name, { type: 'string' as const }]))
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true })
    return loadSettings({ flags: values as Partial<Record<SettingName, string>>, env })
  } catch (error) {
    if (error instanceof TypeError)
      throw failure('usage', { problem: messageOf(error), usage: 'crew serve [--<setting> <value> …]' })
    throw error
  }
}

async function serve(settings: Settings): Promise<number> {
  const [{ startDaemon }, { createLog }] = await Promise.all([import('./daemon.ts'), import('./log.ts')])
  const log = createLog(settings['log-level'])
  const asked = Promise.withResolvers<void>()
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => asked.resolve())
  // a terminal that goes away does not take the daemon with it
  process.on('SIGHUP', () => {})
  process.on('unhandledRejection', (error) =>
    log.error({ problem: messageOf(error), stack: (error as Error)?.stack }, 'unhandled rejection'),
  )
  await using _daemon = await startDaemon(settings, log)
  await asked.promise
  log.info({}, 'stopping')
  return 0
}

async function teardown(settings: Settings): Promise<number> {
  const [daemon, { noLog }] = await Promise.all([import('./daemon.ts'), import('./core/log.ts')])
  await daemon.teardown(settings, noLog, AbortSignal.timeout(120_000))
  return 0
}

async function askDaemon(argv: readonly string[], settings: Settings): Promise<number> {
  const called = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => called.abort())
  return runOnDaemon(pathsOf(settings.root).controlSocket, argv, {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    terminal: process.stdin.isTTY === true,
    signal: called.signal,
  })
}

/** Runs one command line. @returns the exit status */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [command, ...rest] = argv
  try {
    if (command === 'serve') return await serve(settingsFrom(rest, env))
    if (command === 'teardown') return await teardown(settingsFrom(rest, env))
    if (command === '--version') {
      process.stdout.write(`crew ${version}\n`)
      return 0
    }
    return await askDaemon(argv, loadSettings({ env }))
  } catch (error) {
    const { text, exit } = describeError(error)
    process.stderr.write(text)
    return exit
  }
}
