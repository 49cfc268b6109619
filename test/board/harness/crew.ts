// Crew on a board of a test: what is asked of it over port 22, and repositories that are pushed to it.
import { chmodSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Ended, eventually, execute } from '../../engine/harness/execute.ts'
import { type Board, sshOptions, sshWords } from './board.ts'
import type { TestImage } from './image.ts'

/** Configuration packages of an image with Crew, dependencies first. */
export const CREW_CHAIN = ['skiff/base', 'virt/common', 'virt/qemu', 'apps/docker', 'skiff/crew']
/** Milliseconds: every instruction of the board is emulated. */
export const SLOW = 300_000

/** A command of Crew, as a person at another machine gives it. @param words options of ssh */
export const crew = (board: Board, key: string, command: string, words: string[] = []): Promise<Ended> =>
  execute('ssh', [...words, ...sshWords(board.guest.sshPort, key, 'crew'), command], { timeout: 120_000 })

/** What the board says of its services, for a failure that nobody can look at later. */
export const saidOfCrew = async ({ sh }: Board): Promise<string> =>
  (await sh('skiff status; journalctl -b --no-pager -u crew -u docker | tail -60')).stdout

/** Waits until Crew takes commands. @throws with what it said last, and what the board says of itself */
export async function crewAnswers(board: Board, key: string): Promise<void> {
  let said = ''
  const answers = async () => {
    const { status, stderr } = await crew(board, key, 'version')
    said = stderr
    return status === 0
  }
  await eventually('Crew to answer', answers, SLOW).catch(async (error) => {
    throw new Error(`${error.message}; it said: ${said}\n${await saidOfCrew(board)}`)
  })
}

/** @param app name of the app, and `folder` its repository @param limit milliseconds */
export function push(board: Board, key: string, folder: string, app: string, limit = SLOW): Promise<Ended> {
  const url = `ssh://crew@127.0.0.1:${board.guest.sshPort}/${app}`
  const env = { ...process.env, GIT_SSH_COMMAND: ['ssh', ...sshOptions(key)].join(' ') }
  return execute('git', ['-C', folder, 'push', url, 'master'], { env, timeout: limit })
}

/** Commits all that is in a folder; makes it a repository when it is none. @throws with what git says */
export async function commit(folder: string, message: string): Promise<void> {
  const author = ['-c', 'user.name=t', '-c', 'user.email=t@t']
  for (const words of [
    ['init', '-q', '-b', 'master'],
    ['add', '-A'],
    ['commit', '-q', '-m', message],
  ]) {
    const { status, stderr } = await execute('git', ['-C', folder, ...author, ...words])
    if (status !== 0) throw new Error(`git ${words[0]} in ${folder}: ${stderr}`)
  }
}

/** Puts the BusyBox that an image was made with into a folder: a program of the board's own processor. */
export async function takeBusybox(image: TestImage, folder: string): Promise<void> {
  const packages = join(image.folder, 'debian')
  const archive = readdirSync(packages).find((name) => name.startsWith('core-'))
  if (archive === undefined) throw new Error(`${packages} has no packages of the core`)
  const from = ['-x', '-f', join(packages, archive), '-C', folder]
  const { status, stderr } = await execute('tar', [...from, '--strip-components=3', './usr/bin/busybox'])
  if (status !== 0) throw new Error(`tar: ${stderr}`)
  chmodSync(join(folder, 'busybox'), 0o755)
}
