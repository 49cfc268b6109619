// Steps of the stages that a target needs, each with what it does on an architecture.
import { findArchitecture, type Platform } from '../../core/platform.ts'
import type { Instruction } from '../dockerfile/lines.ts'
import type { Dockerfile, DockerfileStage } from '../dockerfile/read.ts'
import { splitWords } from '../dockerfile/words.ts'
import { applyVariables, beginEnvironment, type Environment, expanded } from './environment.ts'
import { followScript } from './shell/interpret.ts'
import { type Machine, machineOf } from './shell/machine.ts'
import { parseScript } from './shell/parse.ts'
import type { Deed } from './shell/state.ts'
import type { Value } from './shell/value.ts'

export interface Step {
  readonly instruction: Instruction
  readonly stage: DockerfileStage
  /** Of a RUN: the script, and what it does. */
  readonly script: string
  readonly deeds: readonly Deed[]
  /** Of an ADD or a COPY that takes nothing from another image: its sources, variables put in. */
  readonly sources: readonly Value[]
  /** Line of the file, for a place in the script. */
  readonly lineOf: (at: number) => number
}

/** Follows a Dockerfile from its first needed stage to its last. */
export function followSteps(dockerfile: Dockerfile, platform: Platform): Step[] {
  const machine = machineOf(platform)
  const environments: Environment[] = []
  const steps: Step[] = []
  for (const stage of dockerfile.stages) {
    const environment = beginEnvironment(stage, environments)
    environments.push(environment)
    // a stage for the machine that builds does not meet the other architecture
    const follows =
      stage.needed &&
      (stage.platform === undefined || findArchitecture(stage.platform)?.platform === platform)
    let shellFails = false
    for (const instruction of stage.instructions) {
      if (instruction.onbuild) continue
      if (instruction.keyword === 'SHELL') shellFails = /"-\w*e\w*"/.test(instruction.source.text)
      applyVariables(instruction, environment, dockerfile)
      if (!follows) continue
      if (instruction.keyword === 'RUN')
        steps.push(runStep(dockerfile, stage, instruction, machine, environment, shellFails))
      if (instruction.keyword === 'ADD' || instruction.keyword === 'COPY')
        steps.push(filesStep(dockerfile, stage, instruction, environment))
    }
  }
  return steps
}

function runStep(
  { lineOf }: Dockerfile,
  stage: DockerfileStage,
  instruction: Instruction,
  machine: Machine,
  environment: Environment,
  shellFails: boolean,
): Step {
  const { script, offsetOf } = scriptOf(instruction)
  const deeds = followScript(parseScript(script), machine, new Map(environment), shellFails)
  return { instruction, stage, script, deeds, sources: [], lineOf: (at) => lineOf(offsetOf(at)) }
}

/** The script that a RUN gives to the shell, and where in the file its characters are. */
function scriptOf({ source, from, heredocs }: Instruction): {
  script: string
  offsetOf: (at: number) => number
} {
  const text = source.text.slice(from)
  const inFile = (at: number) => source.offsetOf(Math.min(from + at, source.text.length - 1))
  const [first] = heredocs
  if (first && /^<<-?\s*\S+$/.test(text.trim())) {
    const shell = !first.text.startsWith('#!') || /^#!\S*(\s\S+)*(sh|bash|dash|ash)\b/.test(first.text)
    return { script: shell ? first.text : '', offsetOf: (at) => first.offset + at }
  }
  if (text.startsWith('[')) return { script: commandOf(text), offsetOf: () => inFile(0) }
  const documents = heredocs.map((heredoc) => `\n${heredoc.text}${heredoc.name}`)
  return { script: text + documents.join(''), offsetOf: inFile }
}

/** `["sh", "-c", "script"]`; of any other command, its words. */
function commandOf(json: string): string {
  let words: unknown
  try {
    words = JSON.parse(json)
  } catch {
    return json // no JSON, so it is a script
  }
  if (!Array.isArray(words)) return ''
  const [shell, option, script] = words.map(String)
  if (shell !== undefined && /sh$/.test(shell) && option?.endsWith('c')) return script ?? ''
  return words.map((word) => `'${String(word).replaceAll("'", "'\\''")}'`).join(' ')
}

function filesStep(
  { lineOf, escape: escapeChar }: Dockerfile,
  stage: DockerfileStage,
  instruction: Instruction,
  environment: Environment,
): Step {
  const { source, from, flags, start } = instruction
  const text = source.text.slice(from)
  const words = text.startsWith('[')
    ? (text.match(/"[^"]*"/g) ?? [])
    : splitWords(text, 0).map((word) => word.text)
  const local = !flags.some(({ name }) => name === 'from')
  const sources = local ? words.slice(0, -1).map((word) => expanded(word, environment, escapeChar)) : []
  return { instruction, stage, script: '', deeds: [], sources, lineOf: () => lineOf(start) }
}
