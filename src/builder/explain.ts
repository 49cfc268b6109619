// Why a build failed, in words for the person who pushed.
import { type CrewError, failure } from '../core/errors.ts'
import type { BuildFailure } from '../host/docker/build-output.ts'

/** 128 + SIGKILL, as a shell reports it; in a build nobody else sends it but the kernel short of memory. */
const KILLED = 137

/** Turns the engine's words into an error with the step, its exit status, and the common causes by name. */
export function explainBuildFailure(
  { message, step, exitCode, diskFull }: BuildFailure,
  dockerfile: string,
): CrewError {
  const invalid = /dockerfile parse error(?: on)? line (\d+): ([\s\S]*)/i.exec(message)
  if (invalid) {
    const problem = `line ${invalid[1]}: ${(invalid[2] ?? '').trim()}`
    return failure('dockerfile-invalid', { path: dockerfile, problem })
  }
  const at = step === undefined ? '' : ` at "${step.slice(0, 300)}"`
  if (diskFull) return failure('build-failed', { problem: `the disk is full (no space left on device)${at}` })
  if (/exec format error/i.test(message))
    return failure('build-failed', {
      problem: `a program is for another processor than the one that builds${at}: its base image is of the wrong architecture, or an emulator is not registered there`,
    })
  if (exitCode === KILLED)
    return failure('build-failed', {
      problem: `the command was killed (exit code ${KILLED}), most likely for want of memory,${at}`,
    })
  if (exitCode !== undefined) return failure('build-failed', { problem: `exit code ${exitCode}${at}` })
  const words = message.replace(
    /^failed to solve with frontend \S+: (failed to create LLB definition: )?/,
    '',
  )
  return failure('build-failed', { problem: `${words.trim().slice(0, 500)}${at}` })
}
