// js-libp2p, unmodified: dials an agent, asks who it is, pings it three times, and prints one line.
//
//   node dial.mjs id            prints the PeerId that dials
//   node dial.mjs MULTIADDR     with /p2p/ at its end
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import fs from 'node:fs'

// No secret: the agent is told this client's PeerId for the test only.
const privateKey = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(0x4a))
const node = await createLibp2p({
  privateKey,
  addresses: { listen: [] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  services: { identify: identify(), ping: ping() }
})
if (process.argv[2] === 'id') {
  console.log(node.peerId.toString())
  process.exit(0)
}
const late = setTimeout(() => { console.error('nothing for 30 s'); process.exit(1) }, 30_000)
const version = JSON.parse(fs.readFileSync('node_modules/libp2p/package.json')).version
const identified = new Promise(resolve => node.addEventListener('peer:identify', event => resolve(event.detail)))
const began = performance.now()
const address = multiaddr(process.argv[2])
const connection = await node.dial(address)
const dialled = performance.now() - began
const who = await identified
const pings = []
for (let i = 0; i < 3; i++) pings.push(await node.services.ping.ping(address))
console.log([
  `js-libp2p ${version} on node ${process.versions.node}`, `${connection.encryption} ${connection.multiplexer}`,
  `dial ${dialled.toFixed(0)} ms`, `identify ${who.agentVersion}`, `${who.protocols.length} protocols`,
  `pings ${pings.map(ms => ms.toFixed(1)).join(' ')} ms`
].join(' | '))
await node.stop()
clearTimeout(late)
process.exit(0)
