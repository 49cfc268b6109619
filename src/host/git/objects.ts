// Where git finds the objects of a repository: also those of a push that is not accepted yet.

/** A bare repository and, during a push, the environment of its quarantine (git-receive-pack(1)). */
export interface GitObjects {
  /** Absolute path of the bare repository. */
  readonly repository: string
  /** GIT_OBJECT_DIRECTORY, GIT_ALTERNATE_OBJECT_DIRECTORIES and GIT_QUARANTINE_PATH of a push; else empty. */
  readonly quarantine: Readonly<Record<string, string>>
}
