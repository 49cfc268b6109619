import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imagesToRemove } from '../../../src/builder/retention.ts'

const remove = (images: { id: string; tags: string[] }[], ...keep: string[]) =>
  imagesToRemove(images, new Set(keep), ['crew-abc/'])

test('what a release needs is kept, the rest goes by its tags', () => {
  const images = [
    { id: '1', tags: ['crew-abc/shop:r1'] },
    { id: '2', tags: ['crew-abc/shop:r2', 'crew-abc/old-name:r2'] },
    { id: '3', tags: ['crew-abc/shop:r3'] },
  ]
  assert.deepEqual(remove(images, '3'), ['crew-abc/shop:r1', 'crew-abc/shop:r2', 'crew-abc/old-name:r2'])
})

test('an image without a tag stays: it is what somebody built on ours, or committed from a container of ours', () => {
  assert.deepEqual(remove([{ id: '1', tags: [] }]), [])
})

test("a tag that somebody else gave is left, also on an image that inherited an app's labels", () => {
  assert.deepEqual(remove([{ id: '1', tags: ['crew-abcd/shop:r1', 'mine:1'] }]), [])
  assert.deepEqual(remove([{ id: '1', tags: ['crew-abc/shop:r1', 'mine:1'] }]), ['crew-abc/shop:r1'])
})
