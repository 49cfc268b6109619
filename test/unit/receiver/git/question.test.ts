import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { MOST_UPDATES, parseQuestion, readQuestion } from '../../../../src/receiver/git/question.ts'

const OBJECTS = '/crew/repositories/1.git/objects'
const A = 'a'.repeat(40)
const B = 'b'.repeat(40)
const quarantined = [
  `GIT_QUARANTINE_PATH=/crew/repositories/1.git/./objects/tmp_objdir-incoming-x`,
  `GIT_OBJECT_DIRECTORY=${OBJECTS}/tmp_objdir-incoming-x`,
  `GIT_ALTERNATE_OBJECT_DIRECTORIES=${OBJECTS}`,
]
const empty = ['GIT_QUARANTINE_PATH=', 'GIT_OBJECT_DIRECTORY=', 'GIT_ALTERNATE_OBJECT_DIRECTORIES=']
const question = (...lines: string[]) => `${lines.join('\n')}\nend\n`

test('a question is the quarantine and the updates', () => {
  const asked = parseQuestion(
    question(...quarantined, `${A} ${B} refs/heads/master`, `${B} ${A} refs/tags/v1`),
    OBJECTS,
  )
  assert.equal(asked.quarantine.GIT_OBJECT_DIRECTORY, `${OBJECTS}/tmp_objdir-incoming-x`)
  assert.deepEqual(asked.updates, [
    { from: A, to: B, ref: 'refs/heads/master' },
    { from: B, to: A, ref: 'refs/tags/v1' },
  ])
})

test('a push that only deletes has no quarantine', () => {
  assert.deepEqual(
    parseQuestion(question(...empty, `${A} ${'0'.repeat(40)} refs/heads/x`), OBJECTS).quarantine,
    {},
  )
})

test('what is not as the hook writes it is refused', () => {
  const bad = [
    question(...empty.slice(1), `${A} ${B} refs/heads/x`),
    question(...empty, `${A} ${B} heads/x`),
    question(...empty, `${A} ${B.slice(1)} refs/heads/x`),
    question(...empty, `${A} ${B} refs/heads/a b`),
    question(...empty, `${A} ${B} refs/heads/a\u001b[2J`),
    question(...empty, ''),
    question('GIT_QUARANTINE_PATH=/etc', ...empty.slice(1)),
    question(empty[0] ?? '', `GIT_OBJECT_DIRECTORY=${OBJECTS}/../../2.git/objects`, empty[2] ?? ''),
    question(empty[0] ?? '', `GIT_OBJECT_DIRECTORY=${OBJECTS}`, empty[2] ?? ''),
    question(...empty, ...Array.from({ length: MOST_UPDATES + 1 }, () => `${A} ${B} refs/heads/x`)),
  ]
  for (const text of bad) assert.throws(() => parseQuestion(text, OBJECTS), text.slice(0, 100))
})

test('a question is read to its last line, in whatever pieces it comes', async () => {
  const stream = new PassThrough()
  const text = question(...empty, `${A} ${B} refs/heads/end`)
  const read = readQuestion(stream)
  for (const char of text) stream.write(char)
  assert.equal(await read, text)
})

test('git that ends without asking is no question', async () => {
  const stream = new PassThrough()
  stream.end(`${A} ${B} refs/heads/x\n`)
  assert.equal(await readQuestion(stream), undefined)
})
