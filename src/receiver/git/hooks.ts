// The pre-receive hook: how git asks the daemon whether a push may go on. No process of Node, no socket, no
// token: the daemon hands git three file descriptors, and git hands them down.
import { chmod, mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeWhole } from '../../host/files/write.ts'

/** File descriptors of the hook, as git got them from the daemon. */
export const hookDescriptors = { question: 3, lines: 4, verdict: 5 } as const

/** Last line of the question; no ref update looks like it. */
export const END_OF_QUESTION = 'end'

/** Variables of the quarantine (git-receive-pack(1)); not set when a push brings no objects. */
export const quarantineVariables = [
  'GIT_QUARANTINE_PATH',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
] as const

const { question, lines, verdict } = hookDescriptors

const preReceive = `#!/bin/sh
# Written by crew serve. Asks the daemon whether this push may go on: quarantine and ref updates to it,
# its lines to the pusher, then its verdict. Without a daemon at the other end the answer is no.
{
${quarantineVariables.map((name) => `  printf '%s\\n' "${name}=$${name}"`).join('\n')}
  cat
  echo ${END_OF_QUESTION}
} >&${question} || exit 1
cat <&${lines} >&2
read -r verdict <&${verdict} || exit 1
[ "$verdict" = accept ]
`

/** What the daemon writes on the descriptor of the verdict. */
export const verdicts = { accept: 'accept\n', refuse: 'refuse\n' } as const

/** Writes the hook unless it is there as it should be. */
export async function installHooks({ hooks }: { readonly hooks: string }): Promise<void> {
  const path = join(hooks, 'pre-receive')
  await mkdir(hooks, { recursive: true, mode: 0o700 })
  const found = await readFile(path, 'utf8').catch(() => undefined)
  if (found !== preReceive) await writeWhole(path, preReceive, 0o755)
  else if (((await stat(path)).mode & 0o777) !== 0o755) await chmod(path, 0o755)
}
