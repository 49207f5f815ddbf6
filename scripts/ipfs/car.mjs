// @ipld/car, unmodified: reads an export, and verifies that each block is the one that its CID names.
//
//   node car.mjs FILE        prints the blocks, their bytes and the roots
//   node car.mjs FILE root   prints the first root alone
import { CarBlockIterator } from '@ipld/car/iterator'
import { sha256 } from 'multiformats/hashes/sha2'
import assert from 'node:assert/strict'
import fs from 'node:fs'

const [file, what] = process.argv.slice(2)
const car = await CarBlockIterator.fromIterable(fs.createReadStream(file))
const roots = await car.getRoots()
assert.ok(roots.length > 0, 'it has no root')
const seen = new Set()
let bytes = 0
for await (const { cid, bytes: block } of car) {
  assert.equal(cid.multihash.code, sha256.code, `${cid} has another hash`)
  const { digest } = await sha256.digest(block)
  assert.deepEqual(Buffer.from(digest), Buffer.from(cid.multihash.digest), `${cid} is not the hash of its block`)
  seen.add(cid.toString())
  bytes += block.length
}
for (const root of roots) assert.ok(seen.has(root.toString()), `the root ${root} is not in the file`)
if (what === 'root') {
  console.log(roots[0].toString())
} else {
  const { version } = JSON.parse(fs.readFileSync('node_modules/@ipld/car/package.json'))
  console.log([
    `@ipld/car ${version} on node ${process.versions.node}`, `${seen.size} blocks, ${bytes} bytes, all verified`, `roots ${roots.join(' ')}`
  ].join(' | '))
}
