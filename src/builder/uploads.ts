// Contexts that were sent to BuildKit, until it is worth the while to remove what it keeps of them.
import { messageOf } from '../core/errors.ts'
import { removeUploads, type Upload } from '../host/docker/build-cache.ts'
import type { Engine } from '../host/docker/engine.ts'

const WORTH_REMOVING = 32 * 2 ** 20

export class Uploads {
  readonly #sent: Upload[] = []

  add(upload: Upload): void {
    this.#sent.push(upload)
  }

  /** Waits until enough was sent: on older engines the question makes it measure every container. */
  async remove(engine: Engine, onProblem: (problem: string) => void): Promise<void> {
    const bytes = this.#sent.reduce((sum, { tar, files }) => sum + tar + files, 0)
    if (bytes < WORTH_REMOVING) return
    await removeUploads(engine, this.#sent.splice(0)).catch((error: unknown) => onProblem(messageOf(error)))
  }
}
