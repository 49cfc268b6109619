// An official-images library that a test makes, with the repositories it names, served by a real git daemon.
import { GitDaemon } from './git-daemon.ts'

/** An image of the library: files of its build context by path. */
export interface LibraryImage {
  readonly name: string
  readonly files: Readonly<Record<string, string>>
  readonly architectures?: string
  readonly tags?: string
}

export class TestLibrary implements AsyncDisposable {
  readonly daemon: GitDaemon
  readonly #files: Record<string, string> = {}

  private constructor(daemon: GitDaemon) {
    this.daemon = daemon
  }

  /** @param folder where the repositories will be */
  static async start(folder: string): Promise<TestLibrary> {
    const library = new TestLibrary(await GitDaemon.start(folder))
    await library.daemon.commit('official-images', { 'README.md': 'a library for tests\n' })
    return library
  }

  get url(): string {
    return this.daemon.url('official-images')
  }

  /** Puts an image in, or a new version of it. @returns the commit of its source */
  async put({ name, files, architectures = 'amd64', tags = '1, latest' }: LibraryImage): Promise<string> {
    const inFolder = Object.entries(files).map(([path, content]) => [`${name}/${path}`, content])
    const commit = await this.daemon.commit('images', Object.fromEntries(inFolder))
    this.#files[`library/${name}`] = [
      'Maintainers: A Tester <tester@example.org> (@tester)',
      `GitRepo: ${this.daemon.url('images')}`,
      '',
      `Tags: ${tags}`,
      `Architectures: ${architectures}`,
      `GitCommit: ${commit}`,
      `Directory: ${name}`,
      '',
    ].join('\n')
    await this.daemon.commit('official-images', this.#files)
    return commit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon[Symbol.asyncDispose]()
  }
}
