// Who has a port of this machine: HAProxy would only say that it is taken, and pause for two seconds first.
import { readdir, readFile, readlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { failure, messageOf } from '../../core/errors.ts'
import { programOf } from './process.ts'

/** @throws port-taken naming who has it, router-failed when we may not have it (ports below 1024) */
export async function checkPort(host: string, port: number): Promise<void> {
  const problem = await tryListen(host, port)
  if (problem === null) return
  if (problem.code === 'EADDRINUSE')
    throw failure('port-taken', { port, owner: (await ownerOf(port)) ?? 'another program' }, problem)
  throw failure('router-failed', { problem: `port ${port} on ${host}: ${messageOf(problem)}` }, problem)
}

/** Listens for a moment. @returns why it could not, or null */
function tryListen(host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy())
    server.on('error', (error) => resolve(error))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)))
  })
}

/** `nginx (pid 123)`; null when the system does not tell us, as of another user's process. */
async function ownerOf(port: number): Promise<string | null> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => '')),
  )
  const sockets = new Set(tables.flatMap((table) => listenersIn(table, port)))
  if (sockets.size === 0) return null
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const folder = `/proc/${pid}/fd`
    for (const fd of await readdir(folder).catch(() => [])) {
      const socket = /^socket:\[(\d+)\]$/.exec(await readlink(`${folder}/${fd}`).catch(() => ''))?.[1]
      if (socket !== undefined && sockets.has(socket)) return `${await programOf(Number(pid))} (pid ${pid})`
    }
  }
  return null
}

/** Inodes of the sockets that listen on a port, from a table of proc_net_tcp (state 0A is LISTEN). */
export function listenersIn(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words[1]?.endsWith(`:${hex}`) && words[3] === '0A')
    .map((words) => words[9] ?? '')
}
