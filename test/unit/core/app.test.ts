import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  formatPortMapping,
  parseAppName,
  parseConfigKey,
  parseDomain,
  parsePort,
  parsePortMapping,
} from '../../../src/core/app.ts'
import { isFailure } from '../../../src/core/errors.ts'

test('an app name is a DNS label of lowercase letters, digits and dashes', () => {
  for (const name of ['a', '0', 'web-1', 'a'.repeat(63)]) assert.equal(parseAppName(name), name)
})

test('a name that could be a path, an option or a command is refused with the rule', () => {
  const hostile = [
    '../../x',
    'a;id',
    '-rf',
    '$(id)',
    'a'.repeat(300),
    'ä',
    'A',
    '',
    'a b',
    'a\n',
    'a.git',
    'a\0',
    '.',
    'zz||id',
  ]
  for (const name of hostile) {
    assert.throws(
      () => parseAppName(name),
      (error) =>
        isFailure(error, 'app-name-invalid') &&
        error.hint.includes('lowercase') &&
        error.message.length < 100,
      JSON.stringify(name),
    )
  }
})

test('a port mapping reads back as it was written', () => {
  for (const text of ['http:80:5000', 'tcp:5432:5432'])
    assert.equal(formatPortMapping(parsePortMapping(text)), text)
  for (const text of ['http:80', 'udp:1:1', 'http:0:1', 'http:1:65536', 'http:1:2:3', 'http:a:b']) {
    assert.throws(
      () => parsePortMapping(text),
      (error) => isFailure(error, 'value-invalid'),
      text,
    )
  }
})

test('ports, domains and variable names are checked', () => {
  assert.equal(parsePort('65535'), 65535)
  assert.equal(parseDomain('Shop.Example.ORG'), 'shop.example.org')
  for (const text of ['', 'a..b', '-a', 'a_b', 'a b', 'a\nbind *:1', 'x'.repeat(254)])
    assert.throws(() => parseDomain(text), text)
  assert.equal(parseConfigKey('A_1'), 'A_1')
  for (const text of ['', '1A', 'A-B', 'A B', 'A=B', '$(A)']) assert.throws(() => parseConfigKey(text), text)
})
