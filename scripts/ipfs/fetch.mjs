// helia, unmodified: dials an agent over TCP, Noise and yamux, fetches a file by bitswap alone (no gateway, no DHT, no other peer), and
// prints the SHA-256 of its bytes and how long that took.
//
//   node fetch.mjs MULTIADDR CID[/PATH]          the address with /p2p/ at its end
//   node fetch.mjs MULTIADDR CID[/PATH] absent   expects that the agent serves no blocks: it does not list the protocol, and nothing comes
import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import { unixfs } from '@helia/unixfs'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createHeliaLight } from 'helia'
import { CID } from 'multiformats/cid'
import crypto from 'node:crypto'
import fs from 'node:fs'

const BITSWAP = '/ipfs/bitswap/1.2.0'
const [address, wanted, expected] = process.argv.slice(2)
const [cid, ...parts] = wanted.split('/')
const late = setTimeout(() => { console.error('nothing for 120 s'); process.exit(1) }, 120_000)

// Neither routers nor gateways: the only way to a block is the connection that is made here.
const helia = await withBitswap(withLibp2pLight(createHeliaLight(), {
  addresses: { listen: [] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  services: { identify: identify() }
})).start()
const identified = new Promise(resolve => helia.libp2p.addEventListener('peer:identify', event => resolve(event.detail)))
await helia.libp2p.dial(multiaddr(address))
const who = await identified
const serves = who.protocols.includes(BITSWAP)
if (expected === 'absent') {
  const fetched = unixfs(helia).cat(CID.parse(cid), { path: parts.join('/') || undefined, signal: AbortSignal.timeout(5_000) })
  const came = await fetched[Symbol.asyncIterator]().next().then(() => true, () => false)
  if (serves || came) {
    console.error(`the protocol is ${serves ? '' : 'not '}listed, and ${came ? 'a block came' : 'nothing came'}`)
    process.exit(1)
  }
  console.log(`${who.agentVersion} lists ${who.protocols.length} protocols without bitswap, and nothing came for 5 s`)
  process.exit(0)
}
if (!serves) {
  console.error(`${who.agentVersion} does not list ${BITSWAP}: ${who.protocols.join(' ')}`)
  process.exit(1)
}
const began = performance.now()
const hash = crypto.createHash('sha256')
let bytes = 0
for await (const part of unixfs(helia).cat(CID.parse(cid), { path: parts.join('/') || undefined })) {
  hash.update(part)
  bytes += part.length
}
const took = performance.now() - began
const version = name => JSON.parse(fs.readFileSync(`node_modules/${name}/package.json`)).version
console.log([
  hash.digest('hex'), `${bytes} bytes in ${took.toFixed(0)} ms`, `helia ${version('helia')}, bitswap ${version('@helia/bitswap')}`,
  `libp2p ${version('libp2p')} on node ${process.versions.node}`, who.agentVersion
].join(' | '))
await helia.stop()
clearTimeout(late)
process.exit(0)
