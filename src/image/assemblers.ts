// What can make an image of a workspace. Each is loaded when it is asked for.
import { failure } from '../core/errors.ts'
import type { Assembler } from './assembler.ts'
import { type Part, parts } from './workspace/plan.ts'

/** Loads an assembler when it is asked for. */
type Load = () => Promise<Assembler>

interface Registered {
  readonly summary: string
  /** Parts of packages that it looks at; a change of another one makes nothing anew. */
  readonly reads: readonly Part[]
  readonly load: Load
}

const debian: Load = async () => {
  const { assembleDebian } = await import('./debian/assemble.ts')
  return {
    name: 'debian',
    async assemble(workspace, { report, signal, env }) {
      await assembleDebian(workspace, { report, signal, environment: env })
    },
  }
}

/** The table. */
export const assemblers = {
  debian: {
    summary: 'Of Debian packages, without compiling.',
    reads: ['debian', 'users', 'root_overlay', 'hooks', 'resources', 'scripts'],
    load: debian,
  },
  buildroot: {
    summary: 'All from source, for every board.',
    // debian/ too: its lists of modules and of words for the kernel are for every assembler
    reads: parts,
    load: async () => (await import('./buildroot/assemble.ts')).buildrootAssembler(),
  },
} as const satisfies Record<string, Registered>

export type AssemblerName = keyof typeof assemblers

const isAssembler = (name: string): name is AssemblerName => Object.hasOwn(assemblers, name)

/** @throws not-found */
export function assemblerOf(name: string): Registered {
  if (isAssembler(name)) return assemblers[name]
  throw failure('not-found', {
    what: 'assembler',
    name: JSON.stringify(name.slice(0, 60)),
    hint: `one of ${Object.keys(assemblers).join(', ')}`,
  })
}
