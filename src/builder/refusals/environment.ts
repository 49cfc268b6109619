// What a shell of a stage finds in its environment: the stage's ARGs and ENVs, those of its base stage with them.
import type { Instruction } from '../dockerfile/lines.ts'
import type { Dockerfile, DockerfileStage } from '../dockerfile/read.ts'
import { substitute } from '../dockerfile/substitute.ts'
import { readArguments } from '../dockerfile/variables.ts'
import { EMPTY, HOLE, known, UNKNOWN, type Value } from './shell/value.ts'

export type Environment = Map<string, Value>

/** Arguments that BuildKit fills in for every stage that declares them. */
const FROM_ARCHITECTURE = new Set(['TARGETPLATFORM', 'TARGETARCH', 'TARGETVARIANT'])

/** Takes an ARG or an ENV of a stage into the environment. */
export function applyVariables(
  { keyword, source, from }: Instruction,
  environment: Environment,
  { globals, buildArgs, escape: escapeChar }: Pick<Dockerfile, 'globals' | 'buildArgs' | 'escape'>,
): void {
  const { text } = source
  if (keyword === 'ARG')
    for (const { name, value } of readArguments(text, from, escapeChar)) {
      const given = Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined
      const outside = given ?? (value === undefined ? globals.get(name) : undefined)
      if (outside !== undefined) environment.set(name, known(outside, FROM_ARCHITECTURE.has(name)))
      else environment.set(name, value === undefined ? UNKNOWN : expanded(value, environment, escapeChar))
    }
  if (keyword === 'ENV')
    for (const { name, value } of readEnvironment(text, from, escapeChar))
      environment.set(name, expanded(value, environment, escapeChar))
}

/** Environment of a stage before its first instruction. */
export const beginEnvironment = (stage: DockerfileStage, done: readonly Environment[]): Environment =>
  new Map(stage.base.kind === 'stage' ? done[stage.base.index] : [])

/** A text with values in it; what nobody has set may be the base image's. */
export function expanded(text: string, environment: Environment, escapeChar: string): Value {
  if (!text.includes('$') && !/["'\\`]/.test(text)) return text === '' ? EMPTY : known(text)
  let arch = false
  const values = {
    get: (name: string) => {
      const value = environment.get(name)
      arch ||= value?.arch ?? false
      return value?.text ?? HOLE
    },
  }
  try {
    const result = substitute(text, values, escapeChar)
    return { text: result, arch }
  } catch (error) {
    if (error instanceof SyntaxError) return UNKNOWN
    throw error
  }
}

/** `ENV a=1 b=2`, and the old `ENV a all the rest`. */
function readEnvironment(text: string, from: number, escapeChar: string): { name: string; value: string }[] {
  const words = readArguments(text, from, escapeChar)
  const [first] = words
  if (first && first.value === undefined) {
    const [, name = '', value = ''] = /^\s*(\S+)\s+(.*)$/s.exec(text.slice(from)) ?? []
    return [{ name, value: value.trim() }]
  }
  return words.map(({ name, value }) => ({ name, value: value ?? '' }))
}
