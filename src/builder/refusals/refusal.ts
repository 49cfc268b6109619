// A step of a Dockerfile that will refuse an architecture, found before anything is built.

export interface Refusal {
  /** One word for machines: `architecture-case`, `prebuilt-download`, `vendor-repository`, … */
  readonly code: string
  /** `may-block`: nothing says that it works, and nothing that it does not. */
  readonly severity: 'blocks' | 'may-block'
  /** Counted from 1. */
  readonly line: number
  /** A short quote of the step. */
  readonly text: string
  /** One sentence for people. */
  readonly why: string
  /** What can be done. */
  readonly offers: readonly string[]
  /** An instruction that does the same in the step's place, where one is known. */
  readonly replacement?: string
}

/** The same before it has its place in the file. */
export interface Finding extends Pick<Refusal, 'severity' | 'why'> {
  readonly code:
    | 'architecture-case'
    | 'prebuilt-download'
    | 'prebuilt-file'
    | 'vendor-repository'
    | 'package-missing'
  /** Where in the step's script. */
  readonly at: number
  /** What it is about; one step is told once about each. */
  readonly subject: string
}
