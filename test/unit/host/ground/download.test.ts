import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { isFailure } from '../../../../src/core/errors.ts'
import { DownloadError, download } from '../../../../src/host/ground/download.ts'
import { FileServer } from '../../../engine/harness/alpine-repository.ts'

let server: FileServer
const never = new AbortController().signal
before(async () => {
  server = await FileServer.start()
  server.files.set('/file', Buffer.alloc(1000, 'x'))
  server.files.set('/away', 'file')
  server.files.set('/round', '/round')
  server.files.set('/local', 'file:///etc/passwd')
})
after(async () => {
  await server[Symbol.asyncDispose]()
})

const refused = (words: RegExp) => (error: unknown) =>
  error instanceof DownloadError && words.test(error.message)

test('fetches a file, also where the server sends it on', async () => {
  assert.equal((await download(`${server.url}/file`, 1000, never)).length, 1000)
  assert.equal((await download(`${server.url}/away`, 1000, never)).length, 1000)
})

test('takes no more than it was told to', async () => {
  await assert.rejects(download(`${server.url}/file`, 999, never), refused(/larger than/))
})

test('says what the server said, and what leads nowhere', async () => {
  await assert.rejects(download(`${server.url}/none`, 10, never), refused(/\/none: 404 Not Found/))
  await assert.rejects(download(`${server.url}/round`, 10, never), refused(/leads on more than 5 times/))
  await assert.rejects(download(`${server.url}/local`, 10, never), refused(/leads to file:/))
  await assert.rejects(download('http://127.0.0.1:9/', 10, never), refused(/ECONNREFUSED/))
})

test('is called off while the server says nothing', async () => {
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as { port: number }
  const stop = new AbortController()
  const asked = download(`http://127.0.0.1:${port}/`, 10, stop.signal)
  setTimeout(() => stop.abort(), 50)
  await assert.rejects(asked, (error) => isFailure(error, 'canceled'))
  silent.closeAllConnections()
  silent.close()
})
