// js-libp2p, unmodified: waits for an agent by multicast DNS, dials what it found, pings it, and prints one line.
//
//   node mdns.mjs ADDRESS PEERID     ADDRESS: where this client listens, an address of the network to look at
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { mdns } from '@libp2p/mdns'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import fs from 'node:fs'

const [, , address, wanted] = process.argv
const late = setTimeout(() => { console.error('nothing for 45 s'); process.exit(1) }, 45_000)
const version = JSON.parse(fs.readFileSync('node_modules/@libp2p/mdns/package.json')).version
const began = performance.now()
const node = await createLibp2p({
  privateKey: await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(0x4a)),
  addresses: { listen: [`/ip4/${address}/tcp/0`] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  peerDiscovery: [mdns({ interval: 1000 })],
  services: { identify: identify(), ping: ping() }
})
node.addEventListener('peer:discovery', async event => {
  const { id, multiaddrs } = event.detail
  if (id.toString() !== wanted) return
  const found = performance.now() - began
  try {
    const time = await node.services.ping.ping(id)
    console.log([
      `@libp2p/mdns ${version} on node ${process.versions.node}`, `found in ${(found / 1000).toFixed(1)} s`,
      `at ${multiaddrs.map(String).join(' ').replaceAll(/\/p2p\/\w+/g, '')}`, `ping ${time.toFixed(1)} ms`
    ].join(' | '))
    clearTimeout(late)
    await node.stop()
    process.exit(0)
  } catch (error) {
    console.error(error.message)
    process.exit(1)
  }
})
