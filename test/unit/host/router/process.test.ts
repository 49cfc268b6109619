import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { filesOf, prepareFolder } from '../../../../src/host/router/files.ts'
import { listenersIn } from '../../../../src/host/router/ports.ts'
import { alertIn, isOurs } from '../../../../src/host/router/process.ts'

describe('the process of HAProxy', () => {
  it('tells the line that HAProxy refused', () => {
    const output = `[NOTICE]   (10324) : haproxy version is 2.6.12
[ALERT]    (10324) : config : parsing [new.cfg:29] : unknown keyword 'bogus' in 'backend' section
[ALERT]    (10324) : config : Fatal errors found in configuration.
`
    assert.equal(
      alertIn(output),
      "config : parsing [new.cfg:29] : unknown keyword 'bogus' in 'backend' section",
    )
    assert.equal(
      alertIn('haproxy: cannot open shared object file\n'),
      'haproxy: cannot open shared object file',
    )
    assert.equal(alertIn(''), 'it gave no reason')
  })

  it('never takes another program for its own', async () => {
    assert.equal(await isOurs(process.pid, filesOf('/srv/crew/router')), false)
    assert.equal(await isOurs(2 ** 30, filesOf('/srv/crew/router')), false)
  })

  it('refuses a folder that HAProxy could not be told of', async () => {
    for (const folder of ['/srv/a,b', '/srv/a b', '/srv/a\nb', `/srv/${'a'.repeat(90)}`])
      await assert.rejects(prepareFolder(filesOf(folder)), /the setting root says where it is/)
  })

  it('finds who listens in the table of the system', () => {
    const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1
   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0
`
    assert.deepEqual(listenersIn(table, 8080), ['4711'])
    assert.deepEqual(listenersIn(table, 81), [])
  })
})
