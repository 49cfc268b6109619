// What Crew needs to know of a Dockerfile before the engine builds it: the images it starts from.
import type { Flag, From, ModifiableInstruction } from 'dockerfile-ast'
import { failure } from '../core/errors.ts'
import { substitute } from './substitute.ts'

export interface NeededImage {
  /** With a tag or digest; `latest` where the Dockerfile says neither. */
  readonly reference: string
  /** Where it is asked for, counted from 1. */
  readonly line: number
  /** A platform other than the engine's was asked for by `FROM --platform`. */
  readonly platform: string | undefined
}

export interface Dockerfile {
  /** Each image once, in the order of first use. */
  readonly images: readonly NeededImage[]
  /** The image that `# syntax=` names: BuildKit runs it to read the rest of the file. */
  readonly syntax: NeededImage | undefined
}

export interface DockerfileOptions {
  /** Its path, for messages. */
  readonly path: string
  readonly buildArgs: Readonly<Record<string, string>>
  /** Of the engine, such as linux/arm64. */
  readonly platform: string
}

/** Bytes of a Dockerfile that are read. */
export const MAX_DOCKERFILE = 2 ** 18

// distribution/reference: host with port, lowercase path, tag, digest
const REFERENCE =
  /^(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/
const IMAGE_ID = /^(?:sha256:)?[0-9a-f]{64}$/

/**
 * Reads a Dockerfile. Only what decides about images is judged; the rest is the engine's to judge.
 * @throws dockerfile-invalid with the line
 */
export async function readDockerfile(text: string, options: DockerfileOptions): Promise<Dockerfile> {
  const { DockerfileParser } = await import('dockerfile-ast') // a quarter of a second on a board: when needed
  const dockerfile = DockerfileParser.parse(text)
  const invalid = (line: number, problem: string) =>
    failure('dockerfile-invalid', { path: options.path, problem: `line ${line}: ${problem}` })
  const variables = globalArguments(dockerfile.getInitialARGs(), options)
  const images = new Map<string, NeededImage>()
  const stages = new Set<string>()
  const need = (name: string, line: number, platform?: string) => {
    if (name === '' || name === 'scratch' || stages.has(name.toLowerCase())) return
    const reference = withTag(name)
    if (!REFERENCE.test(reference) && !IMAGE_ID.test(reference))
      throw invalid(line, `${JSON.stringify(name.slice(0, 200))} is no name of an image`)
    if (!images.has(reference)) images.set(reference, { reference, line, platform })
  }

  let count = 0
  for (const instruction of dockerfile.getInstructions()) {
    const line = instruction.getRange().start.line + 1
    const keyword = instruction.getKeyword()
    if (keyword === 'FROM') {
      const from = instruction as From // the parser makes one for each FROM
      const written = from.getImage()
      const name = substitute(written ?? '', variables)
      if (name === '')
        throw invalid(
          line,
          written ? `${written} is empty: no argument gives it a value` : 'FROM names no image',
        )
      const platform = from.getPlatformFlag()?.getValue()
      need(name, line, platform ? substitute(platform, variables) : undefined)
      stages.add(String(count++))
      stages.add((from.getBuildStage() ?? '').toLowerCase())
    } else if (count === 0 && keyword !== 'ARG') {
      throw invalid(line, `${keyword} comes before the first FROM`)
    } else if (keyword === 'COPY' || keyword === 'RUN') {
      const flags = (instruction as ModifiableInstruction).getFlags() // the parser's class for both
      for (const name of imagesOfFlags(flags)) need(name, line)
    }
  }
  if (count === 0) throw failure('dockerfile-invalid', { path: options.path, problem: 'it has no FROM' })

  const directive = dockerfile.getDirectives().find((one) => one.getName().toLowerCase() === 'syntax')
  const syntax = directive?.getValue().trim().split(/\s/)[0]
  if (!syntax) return { images: [...images.values()], syntax: undefined }
  const reference = withTag(syntax)
  if (!REFERENCE.test(reference)) throw invalid(1, 'syntax= names no image')
  return { images: [...images.values()], syntax: { reference, line: 1, platform: undefined } }
}

interface Declared {
  getProperties(): { getName(): string; getValue(): string | null }[]
}

/** Values of the ARGs before the first FROM; a build argument counts only where one is declared. */
function globalArguments(args: readonly Declared[], { buildArgs, platform }: DockerfileOptions) {
  const [os = '', arch = '', variant = ''] = platform.split('/')
  const variables = new Map<string, string>()
  for (const side of ['TARGET', 'BUILD']) {
    variables.set(`${side}PLATFORM`, platform).set(`${side}OS`, os)
    variables.set(`${side}ARCH`, arch).set(`${side}VARIANT`, variant)
  }
  for (const property of args.flatMap((arg) => arg.getProperties())) {
    const name = property.getName()
    const value = buildArgs[name] ?? property.getValue()
    if (value !== null) variables.set(name, substitute(value, variables))
  }
  return variables
}

/** Images, or stages, that flags take files from: `COPY --from=x`, `RUN --mount=type=bind,from=x`. */
function imagesOfFlags(flags: readonly Flag[]): string[] {
  const names: string[] = []
  for (const flag of flags) {
    const value = flag.getValue() ?? ''
    const name = flag.getName() === 'from' ? value : /(?:^|,)from=([^,]+)/.exec(value)?.[1]
    // in COPY and RUN the builders put no variables into these
    if (name !== undefined && !name.includes('$')) names.push(name)
  }
  return names
}

function withTag(name: string): string {
  if (IMAGE_ID.test(name)) return name
  return name.includes('@') || name.slice(name.lastIndexOf('/') + 1).includes(':') ? name : `${name}:latest`
}
