// What a command of the skiff tool is given of the world around it.
import { createInterface } from 'node:readline/promises'
import { failure } from '../core/errors.ts'
import type { Report } from '../core/report.ts'
import { imageSetting } from './settings.ts'

export interface Context {
  readonly env: NodeJS.ProcessEnv
  /** The checkout: buildroot/configs and, unless a setting says otherwise, workspaces/ are in it. */
  readonly root: string
  /** Writes to stdout. */
  readonly write: (text: string) => void
  /** Progress for people: on stdout, or on stderr when stdout is for a program. */
  readonly report: Report
  /** Fires when the command is called off. */
  readonly signal: AbortSignal
  /**
   * Asks before something cannot be undone. SKIFF_NO_INTERACTIVE answers yes.
   * @throws not-confirmed for any answer but yes, and where nobody can be asked
   */
  readonly confirm: (question: string) => Promise<void>
}

const HINT = 'answer yes, or set SKIFF_NO_INTERACTIVE=1 to answer every question with yes'

/** Makes `confirm` for a terminal. @param report shows what was asked and answered */
export function confirmOn(
  input: NodeJS.ReadableStream & { readonly isTTY?: boolean },
  output: NodeJS.WritableStream,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Context['confirm'] {
  return async (question) => {
    if (imageSetting(env, 'SKIFF_NO_INTERACTIVE') !== '') {
      output.write(`${question} yes (SKIFF_NO_INTERACTIVE)\n`)
      return
    }
    if (input.isTTY !== true) throw failure('not-confirmed', { hint: `${question} — ${HINT}` })
    const reader = createInterface({ input, output })
    try {
      const answer = await reader.question(`${question} (yes/no) `, { signal })
      if (/^\s*(y|yes)\s*$/i.test(answer)) return
    } catch (error) {
      if (signal.aborted) throw failure('canceled', { what: 'the question' })
      throw error
    } finally {
      reader.close()
    }
    throw failure('not-confirmed', { hint: HINT })
  }
}
