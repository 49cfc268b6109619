import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseSockets } from '../../../../src/host/docker/sockets.ts'
import {
  chooseSubnet,
  formatSubnet,
  overlap,
  parseRoutes,
  parseSubnet,
} from '../../../../src/host/docker/subnets.ts'

const subnet = (text: string) => {
  const found = parseSubnet(text)
  assert.ok(found)
  return found
}

describe('subnets', () => {
  test('are read and written, and nothing else is taken for one', () => {
    assert.equal(formatSubnet(subnet('10.213.5.6/20')), '10.213.0.0/20')
    for (const text of ['10.0.0.0', '10.0.0.256/8', 'fd00::/64', '10.0.0.0/33', ''])
      assert.equal(parseSubnet(text), undefined)
  })

  test('overlap when one holds the other', () => {
    assert.ok(overlap(subnet('10.0.0.0/8'), subnet('10.213.0.0/20')))
    assert.ok(!overlap(subnet('10.213.0.0/20'), subnet('10.213.16.0/20')))
  })

  test('are chosen where nobody is', () => {
    const chosen = (...used: string[]) => {
      const found = chooseSubnet(used.map(subnet))
      return found && formatSubnet(found)
    }
    assert.equal(chosen(), '10.213.0.0/20')
    assert.equal(chosen('10.213.0.1/32'), '10.213.16.0/20')
    assert.equal(chosen('10.0.0.0/8', '172.17.0.0/16'), '172.16.0.0/20')
    assert.equal(chosen('0.0.0.0/0'), undefined)
  })

  test('come out of the routing table of the kernel, but for the default route', () => {
    const table = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
`
    assert.deepEqual(parseRoutes(table).map(formatSubnet), ['172.17.0.0/16'])
  })
})

describe('sockets', () => {
  test("are read with port, reach and state; Docker's name server is left out", () => {
    const table = `  sl  local_address rem_address   st tx_queue rx_queue
   0: 0100007F:1388 00000000:0000 0A 00000000:00000000
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000
   2: 0B00007F:ABCD 00000000:0000 0A 00000000:00000000
   3: 0200D50A:0016 0100D50A:C001 01 00000000:00000000
   4: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A
   5: 00000000000000000000000001000000:0051 00000000000000000000000000000000:0000 0A
   6: 0000000000000000FFFF00000100007F:0052 00000000000000000000000000000000:0000 0A
`
    assert.deepEqual(parseSockets(table), [
      { port: 5000, loopback: true, listens: true },
      { port: 8080, loopback: false, listens: true },
      { port: 22, loopback: false, listens: false },
      { port: 80, loopback: false, listens: true },
      { port: 81, loopback: true, listens: true },
      { port: 82, loopback: true, listens: true },
    ])
  })
})
