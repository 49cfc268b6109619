// Variables of FROM: the ARGs before the first one, and what is there without being declared.
import { DockerfileProblem } from './lines.ts'
import { substitute } from './substitute.ts'
import { splitQuoted } from './words.ts'

export interface VariableOptions {
  readonly buildArgs: Readonly<Record<string, string>>
  readonly platform: string
  readonly buildPlatform?: string
  readonly target?: string
}

/** Uses of `${x#p}`, `${x%p}` and `${x/p/y}` in one file: each may cost some milliseconds. */
const MOST_PATTERNS = 100

/** Values in the global scope of a Dockerfile. */
export class GlobalVariables {
  readonly values: Map<string, string>
  readonly #buildArgs: VariableOptions['buildArgs']
  readonly #escape: string
  #patterns = 0

  constructor(options: VariableOptions, escapeChar: string) {
    this.values = predefined(options)
    this.#buildArgs = options.buildArgs
    this.#escape = escapeChar
  }

  /** Takes an ARG in. A build argument counts only where one is declared. @throws DockerfileProblem */
  declare(text: string, from: number, line: number): void {
    for (const { name, value } of readArguments(text, from, this.#escape)) {
      const given = Object.hasOwn(this.#buildArgs, name) ? this.#buildArgs[name] : undefined
      const result = given ?? (value === undefined ? undefined : this.expand(value, line))
      if (result !== undefined) this.values.set(name, result)
    }
  }

  /** Puts the values in. @throws DockerfileProblem */
  expand(text: string, line: number): string {
    this.#patterns += text.match(/\$\{\w+[#%/]/g)?.length ?? 0
    if (this.#patterns > MOST_PATTERNS)
      throw new DockerfileProblem(line, `more than ${MOST_PATTERNS} variables are matched with patterns`)
    try {
      return substitute(text, this.values, this.#escape)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      throw new DockerfileProblem(line, error.message)
    }
  }
}

/** Names and values of an ARG or an ENV, as they stand: `a=1 b="2 3" c`. */
export function readArguments(
  text: string,
  from: number,
  escapeChar: string,
): { name: string; value: string | undefined }[] {
  return splitQuoted(text, from, escapeChar).map((word) => {
    const equals = word.indexOf('=')
    return equals === -1
      ? { name: word, value: undefined }
      : { name: word.slice(0, equals), value: word.slice(equals + 1) }
  })
}

/** BuildKit's arguments of the global scope; a build argument of the same name goes before. */
function predefined({ buildArgs, platform, buildPlatform, target }: VariableOptions): Map<string, string> {
  const values = new Map<string, string>()
  for (const [side, name] of [
    ['TARGET', platform],
    ['BUILD', buildPlatform ?? platform],
  ] as const) {
    const [os = '', arch = '', variant = ''] = name.split('/')
    values.set(`${side}PLATFORM`, name).set(`${side}OS`, os).set(`${side}ARCH`, arch)
    values.set(`${side}VARIANT`, variant)
  }
  values.set('TARGETSTAGE', target ?? 'default')
  for (const name of values.keys()) {
    const given = Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined
    if (given !== undefined) values.set(name, given)
  }
  return values
}
