// Follows a script as it would go on one architecture: which branches are taken, what is run with what.
//
// Nothing is run. A command that nobody knows is taken to succeed; where it decides, both ways are followed, and
// what happens there is no longer certain. Only what the architecture decides is reported.
import { expandFields, expandPattern, expandWord, matches } from './expand.ts'
import type { Machine } from './machine.ts'
import { followSimple, type SimpleCommand } from './simple.ts'
import { type Deed, merged, type Path, State, type Status } from './state.ts'
import { type Command, literalOf } from './syntax.ts'
import type { Value } from './value.ts'

const MOST_STEPS = 20_000
const MOST_CALLS = 12

/** Thrown when a script goes on for too long; what was found until then counts. */
class Enough extends Error {}

/**
 * What a script does.
 * @param variables its environment
 * @param shellFails the shell is started with `-e`
 */
export function followScript(
  script: Command,
  machine: Machine,
  variables: Map<string, Value>,
  shellFails: boolean,
): Deed[] {
  const state = new State(machine, variables, shellFails)
  try {
    new Follower(state).whole(script)
  } catch (error) {
    if (!(error instanceof Enough)) throw error
  }
  return state.deeds
}

class Follower {
  readonly #state: State
  readonly #scope: ReturnType<State['scope']>
  #steps = 0
  #calls = 0

  constructor(state: State) {
    this.#state = state
    this.#scope = state.scope((body) => this.#outputOf(body))
  }

  whole(script: Command): void {
    const path = { certain: true, cause: undefined }
    const status = this.#follow(script, path, false)
    if (status === 'fails') this.#state.refuse(this.#state.failedAt, path)
  }

  /** @param asked whether its status is what a decision is made by: then a failure ends nothing */
  #follow(command: Command, path: Path, asked: boolean): Status {
    if (++this.#steps > MOST_STEPS) throw new Enough()
    switch (command.kind) {
      case 'simple':
        return this.#simple(command, path)
      case 'list':
        return this.#list(command.items, path, asked)
      case 'chain':
        return this.#chain(command, path, asked)
      case 'not': {
        const status = this.#follow(command.body, path, true)
        return status === 'ok' ? 'fails' : status === 'fails' ? 'ok' : status
      }
      case 'pipe':
        return this.#pipe(command.commands, path)
      case 'subshell':
        return this.#apart(command.body, path, asked)
      case 'if':
        return this.#if(command, path, asked)
      case 'case':
        return this.#case(command, path, asked)
      case 'for':
        return this.#for(command, path)
      case 'while':
        return this.#while(command, path)
      default:
        this.#state.functions.set(command.name, command.body)
        return 'ok'
    }
  }

  #list(items: readonly Command[], path: Path, asked: boolean): Status {
    let status: Status = 'ok'
    for (const item of items) {
      status = this.#follow(item, path, asked)
      if (ends(status)) return status
      // a chain that ends early and a `!` may fail without ending the script
      const counts = item.kind !== 'not' && !(item.kind === 'chain' && item.rest.at(-1)?.operator === '&&')
      if (status === 'fails' && this.#state.fails && !asked && counts) {
        this.#state.refuse(this.#state.failedAt, path)
        return 'exits'
      }
    }
    return status
  }

  #chain({ first, rest }: Extract<Command, { kind: 'chain' }>, path: Path, asked: boolean): Status {
    let status = this.#follow(first, path, true)
    for (const [index, { operator, command }] of rest.entries()) {
      if (ends(status)) return status
      const goes = operator === '&&' ? 'ok' : 'fails'
      if (status !== 'unknown' && status !== goes) continue
      const last = asked || index < rest.length - 1
      const failed = status === 'fails' ? this.#state.failedAt : undefined
      const cause = this.#state.decidedAt ?? failed ?? path.cause
      if (status === goes) status = this.#follow(command, { ...path, cause }, last)
      // not known: what is behind && is the way on, unless it is the way out
      else if (operator === '&&' && !isWayOut(command)) status = this.#follow(command, path, last)
      else status = this.#maybe(command, path, last) === 'exits' && operator === '&&' ? 'ok' : 'unknown'
    }
    return status
  }

  /** Follows what may happen or not, and keeps what holds either way. */
  #maybe(command: Command, path: Path, asked: boolean): Status {
    const before = this.#state.variables
    const printed = this.#state.printed.length
    this.#state.variables = new Map(before)
    const status = this.#follow(command, { ...path, certain: false, cause: undefined }, asked)
    this.#state.variables = ends(status) ? before : merged(before, this.#state.variables)
    this.#state.doubtPrinted(printed)
    return status
  }

  #pipe(commands: readonly Command[], path: Path): Status {
    const { input, printed } = this.#state
    let status: Status = 'ok'
    for (const [index, command] of commands.entries()) {
      const last = index === commands.length - 1
      this.#state.printed = last ? printed : []
      status = this.#apart(command, path, !last)
      if (!last) this.#state.input = this.#state.takePrinted()
    }
    this.#state.input = input
    this.#state.printed = printed
    return status === 'fails' ? status : 'unknown' // most pipes fail with their last part
  }

  /** Follows what has a shell of its own: its variables and its end are nobody else's. */
  #apart(body: Command, path: Path, asked: boolean): Status {
    const { variables, deeds } = this.#state
    const before = deeds.length
    this.#state.variables = new Map(variables)
    const status = this.#follow(body, path, asked)
    this.#state.variables = variables
    const done = deeds.splice(before)
    const refused = done.find((deed) => deed.kind === 'refuses')
    deeds.push(...done.filter((deed) => deed.kind === 'runs'))
    if (refused?.certain) this.#state.failedAt = refused.cause
    if (!ends(status)) return status
    return refused?.certain ? 'fails' : 'unknown'
  }

  #outputOf(body: Command): Value {
    const { printed, failedAt, decidedAt } = this.#state
    this.#state.printed = []
    this.#state.unmatchedAt = undefined
    this.#apart(body, { certain: true, cause: undefined }, true)
    const value = this.#state.takePrinted()
    this.#state.printed = printed
    this.#state.failedAt = failedAt
    this.#state.decidedAt = decidedAt
    return value
  }

  #if(command: Extract<Command, { kind: 'if' }>, path: Path, asked: boolean): Status {
    this.#state.decidedAt = undefined
    const test = this.#follow(command.test, path, true)
    if (ends(test)) return test
    if (test === 'unknown') return this.#fork([command.body, command.otherwise], path, asked)
    const decided = this.#state.decidedAt !== undefined
    const cause = decided ? command.at : path.cause
    const [taken, other] =
      test === 'ok' ? [command.body, command.otherwise] : [command.otherwise, command.body]
    const status = this.#follow(taken, { ...path, cause }, asked)
    if (decided) this.#state.markMissing(taken, [other], command.at)
    return status === 'fails' || ends(status) || status === 'unknown' ? status : 'ok'
  }

  #case(command: Extract<Command, { kind: 'case' }>, path: Path, asked: boolean): Status {
    const value = expandWord(command.word, this.#scope)
    const open: Command[] = []
    for (const { patterns, body } of command.arms) {
      const verdicts = patterns.map((pattern) => matches(value, expandPattern(pattern, this.#scope)))
      const hit = verdicts.includes(true) ? true : verdicts.includes(undefined) ? undefined : false
      if (hit === undefined) open.push(body)
      if (hit !== true) continue
      if (open.length > 0) return this.#fork([...open, body], path, asked)
      const cause = value.arch ? command.at : path.cause
      if (value.arch && !patterns.some((pattern) => literalOf(pattern) === '*')) this.#state.vouched = true
      const status = this.#follow(body, { ...path, cause }, asked)
      if (value.arch && !ends(status)) this.#state.markMissing(body, otherArms(command, body), command.at)
      return status
    }
    if (open.length > 0) return this.#fork([...open, { kind: 'list', items: [] }], path, asked)
    if (value.arch) {
      this.#state.markMissing(undefined, otherArms(command, undefined), command.at)
      this.#state.unmatchedAt = command.at
    }
    return 'ok'
  }

  /** One of several ways is taken, nobody knows which. */
  #fork(ways: readonly Command[], path: Path, asked: boolean): Status {
    const before = this.#state.variables
    const printed = this.#state.printed.length
    const after: Map<string, Value>[] = []
    const statuses: Status[] = []
    let ended: Status = 'exits'
    for (const way of ways) {
      this.#state.variables = new Map(before)
      const status = this.#follow(way, { ...path, certain: false, cause: undefined }, asked)
      if (ends(status)) {
        ended = status
        continue
      }
      statuses.push(status)
      after.push(this.#state.variables)
    }
    this.#state.doubtPrinted(printed)
    const [first, ...rest] = after
    this.#state.variables = first ? rest.reduce(merged, first) : before
    if (!first) return ended
    return statuses.every((status) => status === 'ok') ? 'ok' : 'unknown'
  }

  #for(command: Extract<Command, { kind: 'for' }>, path: Path): Status {
    for (const value of expandFields(command.words, this.#scope)) {
      this.#state.variables.set(command.name, value)
      const status = this.#follow(command.body, path, false)
      if (status === 'exits' || status === 'returns') return status
      if (status === 'breaks') break
    }
    return 'unknown'
  }

  #while({ test, body }: Extract<Command, { kind: 'while' }>, path: Path): Status {
    this.#maybe({ kind: 'list', items: [test, body] }, path, true)
    return 'unknown'
  }

  #simple(command: SimpleCommand, path: Path): Status {
    for (const { name, value, append } of command.assignments)
      this.#state.assign(name, expandWord(value, this.#scope), append)
    const words = expandFields(command.words, this.#scope)
    const body = this.#state.functions.get(words[0]?.text ?? '')
    return body ? this.#call(body, path) : followSimple(command, words, this.#state, this.#scope, path)
  }

  #call(body: Command, path: Path): Status {
    if (this.#calls >= MOST_CALLS) return 'unknown'
    this.#calls++
    this.#state.returned = 'ok'
    const status = this.#follow(body, path, false)
    this.#calls--
    return status === 'returns' ? this.#state.returned : status
  }
}

const ends = (status: Status): boolean => status === 'exits' || status === 'returns' || status === 'breaks'

const otherArms = ({ arms }: Extract<Command, { kind: 'case' }>, taken: Command | undefined): Command[] =>
  arms.map(({ body }) => body).filter((body) => body !== taken)

/** `… && exit 1`: what follows happens only sometimes. */
function isWayOut(command: Command): boolean {
  if (command.kind === 'list') return command.items.some(isWayOut)
  if (command.kind !== 'simple') return false
  const [part] = command.words[0]?.parts ?? []
  return part?.kind === 'text' && ['exit', 'return', 'false'].includes(part.text)
}
