// What a shell script is made of, as far as finding refused architectures needs it.

export type Part =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | {
      readonly kind: 'variable'
      readonly name: string
      /** `:-`, `##`, … and what is behind it. */
      readonly operator: string
      readonly word: Word | undefined
      readonly quoted: boolean
    }
  | { readonly kind: 'command'; readonly body: Command; readonly quoted: boolean }
  /** Arithmetic and whatever else is not followed. */
  | { readonly kind: 'unknown' }

export interface Word {
  readonly parts: readonly Part[]
  /** Where in the script. */
  readonly at: number
}

export interface Assignment {
  readonly name: string
  readonly value: Word
  readonly append: boolean
}

export interface Arm {
  readonly patterns: readonly Word[]
  readonly body: Command
}

export interface Link {
  /** Whether it goes on where what is before it went well, or where it failed. */
  readonly operator: '&&' | '||'
  readonly command: Command
}

export type Command =
  | {
      readonly kind: 'simple'
      readonly assignments: readonly Assignment[]
      readonly words: readonly Word[]
      /** Texts of its heredocs. */
      readonly input: readonly { text: string }[]
      /** Files it writes. */
      readonly writes: readonly Word[]
      readonly at: number
    }
  | { readonly kind: 'list'; readonly items: readonly Command[] }
  /** `first && a || b`, from left to right. */
  | { readonly kind: 'chain'; readonly first: Command; readonly rest: readonly Link[] }
  | { readonly kind: 'not'; readonly body: Command }
  | { readonly kind: 'pipe'; readonly commands: readonly Command[] }
  | { readonly kind: 'subshell'; readonly body: Command; readonly writes: readonly Word[] }
  | {
      readonly kind: 'if'
      readonly test: Command
      readonly body: Command
      readonly otherwise: Command
      readonly at: number
    }
  | { readonly kind: 'case'; readonly word: Word; readonly arms: readonly Arm[]; readonly at: number }
  | {
      readonly kind: 'for'
      readonly name: string
      readonly words: readonly Word[]
      readonly body: Command
    }
  | { readonly kind: 'while'; readonly test: Command; readonly until: boolean; readonly body: Command }
  | { readonly kind: 'function'; readonly name: string; readonly body: Command }

export const NOTHING: Command = { kind: 'list', items: [] }

/** Names that a command gives values to, in whatever branch. */
export function assignedIn(command: Command, names = new Set<string>()): Set<string> {
  switch (command.kind) {
    case 'simple': {
      for (const { name } of command.assignments) names.add(name)
      const [first, ...rest] = command.words.map(literalOf)
      if (first === 'export' || first === 'local' || first === 'declare')
        for (const word of rest) {
          const [, name] = /^(\w+)=/.exec(word ?? '') ?? []
          if (name !== undefined) names.add(name)
        }
      break
    }
    case 'list':
      for (const item of command.items) assignedIn(item, names)
      break
    case 'chain':
      assignedIn(command.first, names)
      for (const link of command.rest) assignedIn(link.command, names)
      break
    case 'if':
      assignedIn(command.body, names)
      assignedIn(command.otherwise, names)
      break
    case 'case':
      for (const { body } of command.arms) assignedIn(body, names)
      break
    case 'for':
    case 'while':
    case 'not':
      assignedIn(command.body, names)
      break
    default: // a subshell, a pipe and a function keep theirs to themselves
  }
  return names
}

/** A word's text up to the first thing that is not text. */
export function literalOf(word: Word): string {
  let text = ''
  for (const part of word.parts) {
    if (part.kind !== 'text') break
    text += part.text
  }
  return text
}
