// The `skiff` executable: finds the command in the table, runs it, and turns what went wrong into text.
import { CrewError, failure, messageOf } from '../core/errors.ts'
import { describeError, reportTo } from '../core/report.ts'
import { version } from '../core/version.ts'
import { type ImageCommand, readLine } from './commands/command.ts'
import { commandHelp, findCommand, helpText } from './commands/help.ts'
import { imageCommands } from './commands/table.ts'
import { type Context, confirmOn } from './context.ts'

/** Faults of the machine that a person can do something about. */
function inWords(error: unknown): unknown {
  if (error instanceof CrewError) return error
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return failure('disk-full', { problem: messageOf(error) }, error)
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return failure('no-permission', { problem: messageOf(error) }, error)
  return error
}

async function runCommand(
  command: ImageCommand,
  line: readonly string[],
  env: NodeJS.ProcessEnv,
  root: string,
): Promise<number> {
  const { help, words, options } = readLine(command, line)
  if (help) {
    process.stdout.write(commandHelp(command))
    return 0
  }
  const called = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => called.abort())
  const { signal } = called
  const people = options.json ? process.stderr : process.stdout
  const context: Context = {
    env,
    root,
    write: (text) => process.stdout.write(text),
    report: reportTo((text) => people.write(text)),
    signal,
    confirm: confirmOn(process.stdin, process.stderr, env, signal),
  }
  try {
    return (await command.run({ context, words, options })) ?? 0
  } catch (error) {
    // whatever a part says when it is stopped, it was called off
    if (signal.aborted) throw failure('canceled', { what: `skiff ${command.name}` }, error)
    throw error
  }
}

/**
 * Runs one command line.
 * @param root the checkout
 * @returns the exit status
 */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv, root: string): Promise<number> {
  // who reads may leave before the end: skiff configs | head
  process.stdout.on('error', () => process.exit(1))
  const [name, ...line] = argv
  try {
    if (name === undefined || name === '--help' || name === '-h') {
      process.stdout.write(helpText(imageCommands))
      return name === undefined ? 2 : 0
    }
    if (name === '--version') {
      process.stdout.write(`skiff ${version}\n`)
      return 0
    }
    return await runCommand(findCommand(imageCommands, name), line, env, root)
  } catch (error) {
    const { text, exit } = describeError(inWords(error))
    process.stderr.write(text)
    return exit
  }
}
