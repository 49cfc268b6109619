// One command of a script: what the shell does itself is done here, of what it starts a note is taken.
import { testVerdict } from './condition.ts'
import { expandWord, type Scope } from './expand.ts'
import { filtered } from './filters.ts'
import type { Path, State, Status } from './state.ts'
import type { Command, Word } from './syntax.ts'
import { concat, EMPTY, isKnown, known, unknown, type Value } from './value.ts'

export type SimpleCommand = Extract<Command, { kind: 'simple' }>

/** Commands that start the one behind them. */
const BEFORE_OTHERS = new Set(['sudo', 'exec', 'command', 'time', 'nice', 'nohup', 'env', 'eatmydata'])

/** @param fields its words with values in them, the name first */
export function followSimple(
  command: SimpleCommand,
  fields: readonly Value[],
  state: State,
  scope: Scope,
  path: Path,
): Status {
  const words = withoutLaunchers(fields)
  const [first, ...args] = words
  if (!first) return 'ok'
  const name = first.text.slice(first.text.lastIndexOf('/') + 1)
  return builtin(name, args, command, state, scope, path) ?? start(name, args, command, state, scope, path)
}

function withoutLaunchers(fields: readonly Value[]): readonly Value[] {
  const [first, second] = fields
  if (!first || !second || !BEFORE_OTHERS.has(first.text) || second.text.startsWith('-')) return fields
  const rest = fields.slice(1).findIndex(({ text }) => !/^\w+=/.test(text))
  return rest === -1 ? fields : withoutLaunchers(fields.slice(1 + rest))
}

function builtin(
  name: string,
  args: readonly Value[],
  { words, at }: SimpleCommand,
  state: State,
  scope: Scope,
  path: Path,
): Status | undefined {
  switch (name) {
    case 'exit':
    case 'return':
      return leave(name, args[0]?.text, at, state, path)
    case 'break':
    case 'continue':
      return path.certain && name === 'break' ? 'breaks' : 'ok'
    case 'true':
    case ':':
      return 'ok'
    case 'false':
      state.failedAt = path.cause
      return 'fails'
    case 'set':
      if (args.some(({ text }) => /^-\w*e/.test(text))) state.fails = true
      if (args.some(({ text }) => /^\+\w*e/.test(text))) state.fails = false
      return 'ok'
    case 'export':
    case 'local':
    case 'readonly':
    case 'declare':
      declare(words.slice(1), state, scope)
      return 'ok'
    case 'unset':
      for (const { text } of args) state.assign(text, EMPTY)
      return 'ok'
    case 'test':
    case '[':
    case '[[':
      return test(name === 'test' ? args : args.slice(0, -1), name === '[[', at, state)
    default:
      return undefined
  }
}

function leave(
  name: 'exit' | 'return',
  code: string | undefined,
  at: number,
  state: State,
  path: Path,
): Status {
  // without a number it hands the last status on, which is not known
  const fails = code !== undefined && code !== '0'
  if (name === 'exit') {
    if (fails) state.refuse(path.cause, path, at)
    return 'exits'
  }
  state.returned = code === undefined ? 'unknown' : fails ? 'fails' : 'ok'
  if (fails && path.cause !== undefined) state.failedAt = path.cause
  return 'returns'
}

function declare(words: readonly Word[], state: State, scope: Scope): void {
  for (const word of words) {
    const value = expandWord(word, scope)
    const [, name] = /^(\w+)=/.exec(value.text) ?? []
    if (name !== undefined) state.assign(name, { ...value, text: value.text.slice(name.length + 1) })
  }
}

function test(args: readonly Value[], patterns: boolean, at: number, state: State): Status {
  const { holds, arch } = testVerdict(args, patterns)
  state.decidedAt = arch && holds !== undefined ? at : undefined
  if (holds === undefined) return 'unknown'
  state.failedAt = arch && !holds ? at : undefined
  return holds ? 'ok' : 'fails'
}

/** A program that is started: what it would answer about the architecture, and a note of it. */
function start(
  name: string,
  args: readonly Value[],
  { input, writes, at }: SimpleCommand,
  state: State,
  scope: Scope,
  { certain }: Path,
): Status {
  state.decidedAt = undefined
  const answer = args.every(isKnown)
    ? state.machine.answer(
        name,
        args.map(({ text }) => text),
      )
    : undefined
  if (answer !== undefined) {
    state.printed.push(answer === null ? unknown(true) : known(answer, true))
    return 'ok'
  }
  const prints = name === 'echo' || name === 'printf'
  state.printed.push(prints ? printedBy(name, args) : filtered(name, args, state.input))
  state.deeds.push({
    kind: 'runs',
    name,
    args,
    input: input.map(({ text }) => text),
    writes: writes.map((word) => expandWord(word, scope).text),
    at,
    certain,
    vouched: state.vouched,
  })
  return prints ? 'ok' : 'unknown'
}

function printedBy(name: 'echo' | 'printf', args: readonly Value[]): Value {
  const words = args.filter(({ text }) => !/^-[neE]+$/.test(text))
  const [format, ...rest] = words
  if (name === 'echo' || rest.length === 0)
    return concat(words.flatMap((word, index) => (index > 0 ? [known(' '), word] : [word])))
  return /^%s(?:\\n)?$/.test(format?.text ?? '') ? concat(rest) : unknown(words.some(({ arch }) => arch))
}
