// Serves a push: git receives and checks the objects, its hook asks, the handler answers, git moves the refs.
import { realpath } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { AppName } from '../../core/app.ts'
import { failure, isFailure, messageOf } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { describeError, type Report, reportTo } from '../../core/report.ts'
import { type GitChild, startGit } from '../../host/git/child.ts'
import type { PushHandler } from '../push.ts'
import { serviceArguments, serviceEnvironment } from './arguments.ts'
import { Diagnosis } from './diagnosis.ts'
import { hookDescriptors, verdicts } from './hooks.ts'
import { carry, feed, pipeOf } from './pipes.ts'
import { parseQuestion, readQuestion } from './question.ts'
import type { ServiceRun } from './upload-pack.ts'

/** How long git may take to move the refs and to say so, once it knows the answer. */
const FINISH_LIMIT = 60_000
/** Lines that a pusher who does not read may leave waiting, in bytes; more are dropped. */
const MOST_WAITING = 2 ** 20

export interface ReceiveRun extends ServiceRun {
  readonly app: AppName
  readonly accept: PushHandler
  readonly log: Log
}

/**
 * Runs `git receive-pack` to its end.
 *
 * Until the hook asks, a pusher who leaves takes git along. From then on git stays, whoever leaves: the handler
 * learns of it by its signal and decides, and what it accepts is recorded.
 * @returns git's exit status: 0 also for a push that was refused, which git's own protocol reports
 */
export async function receivePack(run: ReceiveRun): Promise<number> {
  const { repository, session, maxSize } = run
  const objects = join(await realpath(repository), 'objects')
  await using child = startGit(serviceArguments({ ...run, service: 'git-receive-pack' }), {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    env: serviceEnvironment(session),
  })
  const hook = new HookEnd(child, objects)
  const leave = () => {
    if (!hook.asked) child.terminate()
  }
  if (session.signal.aborted) leave()
  session.signal.addEventListener('abort', leave)

  const diagnosis = new Diagnosis()
  const stdout = pipeOf(child.process, 1)
  stdout.on('data', (chunk: Buffer) => diagnosis.watch(chunk))
  feed(child.process, session)
  const carried = [
    carry(stdout, session.stdout, session.signal),
    carry(pipeOf(child.process, 2), session.stderr, session.signal),
  ]
  try {
    const answered = answer(run, hook, child)
    const status = await child.exited
    hook.gitEnded()
    await answered
    for (const rest of carried) await rest()
    const problem = hook.asked ? undefined : diagnosis.error(maxSize)
    if (problem) session.stderr.write(describeError(problem).text)
    return status
  } finally {
    hook.gitEnded()
    session.signal.removeEventListener('abort', leave)
  }
}

/** Lets the handler answer the hook's question, if it comes. Never throws. */
async function answer(
  { app, session, accept, log, repository }: ReceiveRun,
  hook: HookEnd,
  child: GitChild,
): Promise<void> {
  let refusal: unknown
  try {
    const question = await hook.question()
    if (!question) return
    if (session.signal.aborted) throw failure('canceled', { what: 'the push' })
    const { updates, quarantine } = question
    const signal = AbortSignal.any([session.signal, hook.ended])
    const objects = { repository, quarantine }
    await accept({
      app,
      updates,
      objects,
      who: session.who,
      report: hook.report,
      signal,
      finished: hook.finished,
    })
  } catch (error) {
    if (!isFailure(error)) log.error({ app, problem: messageOf(error) }, 'answering a push failed')
    refusal = error ?? new Error('refused')
  }
  hook.decide(refusal)
  const limit = setTimeout(() => child.terminate(), FINISH_LIMIT)
  await child.exited.catch(() => {})
  clearTimeout(limit)
}

/** The daemon's end of the three descriptors of the hook. */
class HookEnd {
  /** The question has been put: from now on the handler says what happens. */
  asked = false
  /** Lines for the pusher. */
  readonly report: Report
  /** Settles when git has ended. */
  readonly finished: Promise<void>
  readonly #objects: string
  readonly #question: Socket
  readonly #lines: Socket
  readonly #verdict: Socket
  readonly #ended = new AbortController()
  #dropped = 0

  constructor(child: GitChild, objects: string) {
    this.#objects = objects
    this.#question = pipeOf(child.process, hookDescriptors.question)
    this.#lines = pipeOf(child.process, hookDescriptors.lines)
    this.#verdict = pipeOf(child.process, hookDescriptors.verdict)
    // a hook that was killed is seen by git's exit
    for (const end of [this.#question, this.#lines, this.#verdict]) end.on('error', () => {})
    this.report = reportTo((text) => this.#say(text))
    this.finished = new Promise((resolve) => {
      this.ended.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** Fires when git has ended. */
  get ended(): AbortSignal {
    return this.#ended.signal
  }

  /** Waits for the question; undefined when git ends without asking. @throws Error when it is malformed */
  async question() {
    const text = await readQuestion(this.#question)
    if (text === undefined) return undefined
    this.asked = true
    return parseQuestion(text, this.#objects)
  }

  #say(text: string): void {
    if (this.#lines.writableLength > MOST_WAITING) {
      this.#dropped++
      return
    }
    if (this.#dropped > 0)
      this.#lines.write(` !     ${this.#dropped} lines were dropped: they were not read\n`)
    this.#dropped = 0
    this.#lines.write(text)
  }

  /** Ends the conversation. @param refusal what was thrown; undefined accepts the push */
  decide(refusal: unknown): void {
    this.#lines.end(refusal === undefined ? '' : describeError(refusal).text)
    this.#verdict.end(refusal === undefined ? verdicts.accept : verdicts.refuse)
  }

  /** Closes what git can no longer use. */
  gitEnded(): void {
    this.#ended.abort()
    for (const end of [this.#question, this.#lines, this.#verdict]) end.destroy()
  }
}
