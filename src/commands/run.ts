// From the words somebody typed to a command that ran: the edge where errors become text.
import { failure, isFailure } from '../core/errors.ts'
import { describeError } from '../core/report.ts'
import type { Session, SessionHandler } from '../receiver/session.ts'
import { parseLine, usageOf } from './arguments.ts'
import type { Command } from './command.ts'
import type { Context } from './context.ts'
import { commandHelp, findCommand, groupHelp, helpOn, helpText, inGroup, unknownCommand } from './help.ts'
import { reportOn, writerTo } from './output.ts'
import { commands as table } from './table.ts'

/** Options before the command, as in `--force apps:destroy x`, go behind its name. */
function commandFirst(argv: readonly string[]): readonly string[] {
  const at = argv.findIndex((word) => !word.startsWith('-'))
  const [name] = argv.slice(Math.max(at, 0))
  return name === undefined || at <= 0 ? argv : [name, ...argv.slice(0, at), ...argv.slice(at + 1)]
}

/** Help that is asked for by the form of the words: none at all, --help, a bare group, `<group>:help`. */
function helpAskedFor(commands: readonly Command[], argv: readonly string[]): string | undefined {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h') return helpText(commands)
  const topic = name.replace(/:(help)?$/, '')
  if (topic !== name) return helpOn(commands, topic)
  const bare = rest.length === 0 && !findCommand(commands, name) && inGroup(commands, name).length > 0
  return bare ? groupHelp(commands, name) : undefined
}

async function dispatch(context: Context, session: Session, commands: readonly Command[]): Promise<number> {
  const { who, signal, stdout } = session
  const write = writerTo(stdout, signal)
  const [name = '', ...words] = commandFirst(session.argv)
  const help = helpAskedFor(commands, session.argv.length === 0 ? [] : [name, ...words])
  if (help !== undefined) {
    await write(help)
    return 0
  }
  const command = findCommand(commands, name === '--version' ? 'version' : name)
  if (!command) throw unknownCommand(commands, name)
  const { args, options, help: helped } = parseLine(command, words)
  if (helped) {
    await write(commandHelp(command))
    return 0
  }
  if (command.access === 'local-only' && who !== 'local')
    throw failure('usage', {
      problem: `${command.name} works on the machine itself only`,
      usage: `crew ${usageOf(command)}`,
    })
  const report = reportOn(stdout)
  const status = await command.handler({
    context,
    session,
    args,
    options,
    write,
    report,
    actor: { who, report, signal },
  })
  return status ?? 0
}

/**
 * Runs the command that a session asks for.
 * @param commands the table, unless a test has its own
 * @returns the exit status; errors have been written to stderr
 */
export async function runCommand(
  context: Context,
  session: Session,
  commands: readonly Command[] = table,
): Promise<number> {
  try {
    return await dispatch(context, session, commands)
  } catch (error) {
    const calledOff = session.signal.aborted && !isFailure(error)
    if (!isFailure(error) && !calledOff) context.onFault?.(error)
    const { text, exit } = describeError(calledOff ? failure('canceled', { what: 'the command' }) : error)
    if (!session.stderr.destroyed && !session.stderr.writableEnded) session.stderr.write(text)
    return exit
  }
}

/** The commands as the receiver calls them. */
export const commandHandler =
  (context: Context): SessionHandler =>
  (session) =>
    runCommand(context, session)
