import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFailure } from '../../../../src/core/errors.ts'
import {
  parseBackends,
  parseFingerprint,
  parseMap,
  parsePorts,
  parseProcesses,
  parseServers,
  parseSessionIds,
  parseSessions,
} from '../../../../src/host/router/observed.ts'

// answers of HAProxy 2.6.12 and 3.0.11

describe('answers of HAProxy', () => {
  it('say which processes there are', () => {
    const answer = `#<PID>          <type>          <reloads>       <uptime>        <version>
918             master          1 [failed: 0]   0d00h01m02s     2.6.12-1+deb12u4
# workers
1033            worker          0               0d00h01m01s     2.6.12-1+deb12u4
# old workers
920             worker          1               0d00h01m02s     2.6.12-1+deb12u4
# programs
`
    assert.deepEqual(parseProcesses(answer), {
      master: { pid: 918, reloads: 1, failed: false, version: '2.6.12-1+deb12u4' },
      current: 1033,
      uptime: 61_000,
      old: [920],
    })
  })

  it('say that a reload failed and the worker stayed', () => {
    const answer = `#<PID>          <type>          <reloads>       <uptime>        <version>
10324           master          2 [failed: 1]   0d00h00m37s     3.0.11-1+deb13u4
# workers
10360           worker          1               1d02h00m36s     3.0.11-1+deb13u4
# programs
`
    const { master, current, old, uptime } = parseProcesses(answer)
    assert.deepEqual([master.failed, current, old, uptime], [true, 10360, [], 93_636_000])
  })

  it('say that a master has no worker', () => {
    assert.equal(parseProcesses('7 master 0 [failed: 0] 0d00h00m01s 2.6\n# workers\n').current, null)
  })

  it('say whose configuration it is', () => {
    assert.equal(parseFingerprint('Pid: 1\ndescription: crew-127ab7824d75c768\n'), '127ab7824d75c768')
    assert.equal(parseFingerprint('Pid: 1\ndescription: my own\n'), null)
  })

  it('say which servers there are and whether they take requests', () => {
    const answer = `1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port
3 app1_web 1 s1 127.0.0.2 2 8 1 1 0 1 0 2 0 0 0 0 - 9001 - 0 0 - - 0
3 app1_web 2 s2 127.0.0.3 2 0 1 1 0 1 0 0 0 0 0 0 - 9001 - 0 0 - - 0
`
    assert.deepEqual(parseServers(answer), [
      { backend: 'app1_web', name: 's1', address: '127.0.0.2', port: 9001, ready: false },
      { backend: 'app1_web', name: 's2', address: '127.0.0.3', port: 9001, ready: true },
    ])
  })

  it('say host names, backends, sessions and ports', () => {
    assert.deepEqual([...parseMap('0x55d2f0f8be00 a.local app1_web\n\n')], [['a.local', 'app1_web']])
    assert.deepEqual([...parseBackends('# name\nunknown\napp1_web\n\n')], ['unknown', 'app1_web'])
    const sessions = parseSessions('# pxname,svname,qcur,qmax,scur,smax\napp1_web,s1,0,0,4,5\n\n')
    assert.deepEqual([...sessions], [['app1_web/s1', 4]])
    const frontends = '# pxname,svname\nhttp.8080,FRONTEND,,\nport.20000,FRONTEND,,\nother,FRONTEND,,\n'
    assert.deepEqual([...parsePorts(frontends)], [8080, 20000])
    const ids = parseSessionIds(
      '0x55a: proto=tcpv4 src=127.0.0.1:1 fe=http.80 be=app1_web srv=s1 ts=00\n0x55b: proto=unix_stream src=unix:1 fe=GLOBAL be=<NONE> srv=<none> ts=00\n',
    )
    assert.deepEqual(ids.get('app1_web/s1'), ['0x55a'])
  })

  it('that nobody expects are an error that quotes them', () => {
    for (const parse of [parseProcesses, parseServers, parseSessions])
      assert.throws(
        () => parse('Unknown command'),
        (error) => isFailure(error, 'router-failed') && /Unknown command/.test(error.message),
      )
  })
})
