// Stages of a Dockerfile: what each starts from, which others and which images it takes files from.
import { DockerfileProblem, type Instruction } from './lines.ts'
import type { GlobalVariables } from './variables.ts'
import { type Span, spanOf, splitFields, splitWords, type Word } from './words.ts'

export type Base =
  | { readonly kind: 'image'; readonly name: string }
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'scratch' }

/** A name of an image in the file. */
export interface Use extends Span {
  /** With the values of variables in it. */
  readonly name: string
  readonly line: number
  readonly platform: string | undefined
  readonly onbuild: boolean
}

export interface Stage {
  /** Counted from 0, as `COPY --from=0` counts. */
  readonly index: number
  /** In small letters; undefined where there is no `AS`. */
  readonly name: string | undefined
  readonly line: number
  readonly base: Base
  /** Its own `--platform`, variables put in. */
  readonly platform: string | undefined
  /** Indices of the stages it takes files from. */
  readonly takesFrom: readonly number[]
  readonly uses: readonly Use[]
  /** Behind its FROM. */
  readonly instructions: readonly Instruction[]
}

interface Draft extends Stage {
  readonly takesFrom: number[]
  readonly uses: Use[]
  readonly instructions: Instruction[]
}

/** @throws DockerfileProblem */
export function readStages(instructions: readonly Instruction[], variables: GlobalVariables): Stage[] {
  const stages: Draft[] = []
  const byName = new Map<string, number>()
  for (const instruction of instructions) {
    const { keyword, onbuild, line, source, from } = instruction
    const stage = stages.at(-1)
    if (keyword === 'FROM' && !onbuild) {
      const begun = beginStage(instruction, stages.length, byName, variables)
      stages.push(begun)
      if (begun.name !== undefined) byName.set(begun.name, begun.index)
    } else if (stage) {
      stage.instructions.push(instruction)
    } else if (keyword === 'ARG' && !onbuild) {
      variables.declare(source.text, from, line)
    } else {
      throw new DockerfileProblem(line, `${onbuild ? 'ONBUILD' : keyword} comes before the first FROM`)
    }
  }
  // a name may stand before the stage it means, and BuildKit says so itself: it is no image for that
  for (const stage of stages)
    for (const instruction of stage.instructions) addSources(stage, instruction, byName, stages.length)
  return stages
}

function beginStage(
  instruction: Instruction,
  index: number,
  byName: ReadonlyMap<string, number>,
  variables: GlobalVariables,
): Draft {
  const { line, source, from, flags } = instruction
  const [image, as, called] = splitWords(source.text, from)
  if (!image) throw new DockerfileProblem(line, 'FROM names no image')
  const name = variables.expand(image.text, line)
  if (name === '') throw new DockerfileProblem(line, `${image.text} is empty: no argument gives it a value`)
  const written = flags.find((flag) => flag.name === 'platform')?.value?.text
  const platform = written === undefined ? undefined : variables.expand(written, line)
  if (platform === '') throw new DockerfileProblem(line, `--platform=${written} is empty`)
  const earlier = byName.get(name.toLowerCase())
  const base: Base =
    earlier !== undefined
      ? { kind: 'stage', index: earlier }
      : name === 'scratch'
        ? { kind: 'scratch' }
        : { kind: 'image', name }
  const uses: Use[] = []
  if (base.kind === 'image') {
    const span = placed(instruction, unquoted(image))
    uses.push({ name, line, platform, onbuild: false, ...span })
  }
  const alias = as?.text.toLowerCase() === 'as' ? called?.text.toLowerCase() : undefined
  return { index, name: alias, line, base, platform, takesFrom: [], uses, instructions: [] }
}

/** Quotes around a whole word stay where they are. */
function unquoted({ text, start, end }: Span & { text: string }): Span {
  const quote = text[0]
  const quoted =
    (quote === '"' || quote === "'") && text.length > 2 && text.indexOf(quote, 1) === text.length - 1
  return quoted ? { start: start + 1, end: end - 1 } : { start, end }
}

/** Stages, or images, that an instruction takes files from: `COPY --from=x`, `RUN --mount=type=bind,from=x`. */
function addSources(
  stage: Draft,
  instruction: Instruction,
  byName: ReadonlyMap<string, number>,
  count: number,
): void {
  const { keyword, onbuild, line } = instruction
  for (const word of sourceWords(instruction)) {
    const span = spanOf(word)
    const name = word.text
    // BuildKit refuses variables in these, the classic builder takes them as they stand
    if (!span || name === 'scratch' || name.includes('$')) continue
    const number = /^\d{1,6}$/.test(name) ? Number(name) : undefined
    const index =
      byName.get(name.toLowerCase()) ?? (number !== undefined && number < count ? number : undefined)
    if (index !== undefined) {
      if (!onbuild || number === undefined) stage.takesFrom.push(index)
    } else if (number === undefined) {
      stage.uses.push({ name, line, platform: undefined, onbuild, ...placed(instruction, span) })
    } else if (!onbuild) {
      throw new DockerfileProblem(line, `${keyword} takes files from stage ${name}, which is not there`)
    }
  }
}

function* sourceWords({ keyword, flags }: Instruction): Generator<Word> {
  for (const { name, value } of flags) {
    if (!value) continue
    if (keyword === 'COPY' && name === 'from') yield value
    if (keyword !== 'RUN' || name !== 'mount') continue
    for (const field of splitFields(value)) {
      const equals = field.text.indexOf('=')
      if (field.text.slice(0, equals).toLowerCase() !== 'from') continue
      yield { text: field.text.slice(equals + 1), places: field.places.slice(equals + 1) }
    }
  }
}

/** From places in an instruction to places in the file. */
const placed = ({ source }: Instruction, { start, end }: Span): Span => ({
  start: source.offsetOf(start),
  end: source.offsetOf(end - 1) + 1,
})
