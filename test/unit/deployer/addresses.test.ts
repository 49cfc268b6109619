import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type PortMapping, parseAppName } from '../../../src/core/app.ts'
import { Addresses, freeAddresses } from '../../../src/deployer/addresses.ts'
import { nextMappings, PortPromises, routedPorts } from '../../../src/deployer/ports.ts'
import { parseSubnet } from '../../../src/host/docker/subnets.ts'

const subnet = parseSubnet('10.0.0.0/29') ?? { first: 0, size: 0 }

describe('addresses', () => {
  test('leave out the network, its gateway and the broadcast address', () => {
    assert.deepEqual(freeAddresses(subnet, new Set(), 5), [
      '10.0.0.2',
      '10.0.0.3',
      '10.0.0.4',
      '10.0.0.5',
      '10.0.0.6',
    ])
    assert.throws(() => freeAddresses(subnet, new Set(), 6), { code: 'network-exhausted' })
  })

  test('go round, so that one that was given up rests', () => {
    assert.deepEqual(freeAddresses(subnet, new Set(['10.0.0.6']), 2, '10.0.0.4'), ['10.0.0.5', '10.0.0.2'])
  })

  test('are not promised twice', () => {
    const addresses = new Addresses()
    const first = addresses.promise(subnet, [], 2)
    assert.ok(addresses.isPromised(first[0] ?? null))
    assert.deepEqual(addresses.promise(subnet, ['10.0.0.4'], 2), ['10.0.0.5', '10.0.0.6'])
    assert.throws(() => addresses.promise(subnet, ['10.0.0.4'], 1))
    addresses.release(first)
    assert.deepEqual(addresses.promise(subnet, ['10.0.0.4'], 1), ['10.0.0.2'])
  })
})

describe('ports of an app', () => {
  const own: PortMapping = { scheme: 'http', hostPort: 20000, containerPort: 5000 }
  const never = () => assert.fail('no port is needed')

  test('a web app without any gets one', () => {
    assert.deepEqual(
      nextMappings([], undefined, { port: 5000 }, () => 20000),
      [own],
    )
    assert.deepEqual(nextMappings([], undefined, { port: null }, never), [])
  })

  test('are kept, and follow when the app listens on another port than before', () => {
    assert.deepEqual(nextMappings([own], { port: 5000 }, { port: 8080 }, never), [
      { ...own, containerPort: 8080 },
    ])
    const set: PortMapping = { scheme: 'tcp', hostPort: 5432, containerPort: 5432 }
    assert.deepEqual(nextMappings([set], { port: 5000 }, { port: 8080 }, never), [set])
  })

  test('say which ports must answer: those that something leads to', () => {
    assert.deepEqual(routedPorts(5000, []), [5000])
    assert.deepEqual(routedPorts(5000, [{ ...own, containerPort: 8080 }]), [8080])
    assert.deepEqual(routedPorts(5000, [own, { scheme: 'tcp', hostPort: 1, containerPort: 1 }]), [5000, 1])
    assert.deepEqual(routedPorts(null, []), [])
  })

  test('are promised to one app at a time', () => {
    const promises = new PortPromises()
    const app = (id: number) => ({ id, name: parseAppName('a'), createdAt: '', stopped: false, live: null })
    const range = { first: 10, last: 12 }
    assert.equal(promises.promise(app(1), range, [10]), 11)
    assert.equal(promises.promise(app(1), range, [10]), 11)
    assert.equal(promises.promise(app(2), range, [10]), 12)
    assert.throws(() => promises.promise(app(3), range, [10]), { code: 'ports-exhausted' })
    promises.release(app(1))
    assert.equal(promises.promise(app(3), range, [10]), 11)
  })
})
