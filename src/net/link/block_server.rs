//! What the bitswap exchanges of all peers share: the blocks, the budget of guests, and the look-ups under way.

use super::wants::{Want, Wants};
use crate::limits::{
    BITSWAP_ANSWER_BYTES, BITSWAP_ANSWER_WANTS_MAX, BITSWAP_BUDGET_MS, BITSWAP_GUESTS_BURST, BITSWAP_GUESTS_PER_SECOND,
    BITSWAP_LOOKUPS_MAX, BITSWAP_SMALL_BLOCK_MAX, BITSWAP_WANT_COST,
};
use crate::mesh::budget::{Budget, Rate};
use crate::net::blocks::Blocks;
use crate::platform::{blocking, clock};
use crate::wire::bitswap::{Block, Message, Presence, WantType};
use crate::wire::cid::Cid;
use smol::Timer;
use smol::lock::Semaphore;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const GUESTS: Rate = Rate { per_second: BITSWAP_GUESTS_PER_SECOND, burst: BITSWAP_GUESTS_BURST };

/// Serves blocks.
pub(super) struct BlockServer {
    blocks: Blocks,
    /// What all guests together were sent: peers cost nothing, so one guest has no budget of its own.
    guests: smol::lock::Mutex<Budget>,
    lookups: Semaphore,
}

/// The answer to some wants.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The message, encoded; empty: there is nothing to say.
    pub(super) message: Vec<u8>,
    /// The blocks in it.
    pub(super) blocks: usize,
    /// The wants that it is about.
    wants: u64,
}

impl Answer {
    /// The bytes that it costs a guest.
    pub(super) fn cost(&self) -> u64 {
        self.wants * BITSWAP_WANT_COST + self.message.len() as u64
    }
}

/// What became of a want.
enum Found {
    Block(Cid, Vec<u8>),
    Have,
    Nothing,
}

impl BlockServer {
    pub(super) fn new(blocks: Blocks) -> Self {
        Self { blocks, guests: smol::lock::Mutex::default(), lookups: Semaphore::new(BITSWAP_LOOKUPS_MAX) }
    }

    /// The answer to the first of these wants, which are taken out; `None` if there are none, or the system has no thread.
    pub(super) async fn answer(&self, wants: &Arc<Mutex<Wants>>) -> Option<Answer> {
        if wants.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            return None;
        }
        let _turn = self.lookups.acquire().await;
        let (blocks, wants) = (self.blocks.clone(), Arc::clone(wants));
        blocking::run(move || prepare(&blocks, &wants)).await
    }

    /// Waits until the guests may be sent so many bytes more: one waits at a time, the others behind it, so that each has its turn.
    pub(super) async fn pay(&self, bytes: u64) {
        let mut guests = self.guests.lock().await;
        while !guests.spend(clock::now(), GUESTS, bytes) {
            Timer::after(Duration::from_millis(BITSWAP_BUDGET_MS)).await;
        }
    }
}

/// Looks wants up one by one until there is enough for one message. What is cancelled meanwhile is not looked up.
fn prepare(blocks: &Blocks, wants: &Mutex<Wants>) -> Answer {
    let (mut found, mut bytes) = (Vec::new(), 0);
    while found.len() < BITSWAP_ANSWER_WANTS_MAX && bytes < BITSWAP_ANSWER_BYTES {
        let next = wants.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(want) = next else { break };
        let what = find(blocks, &want);
        if let Found::Block(_, block) = &what {
            bytes += block.len();
        }
        found.push((want, what));
    }
    let mut message = Message::default();
    let prefixes: Vec<[u8; 4]> = found.iter().map(|(want, what)| prefix(want, what)).collect();
    for ((want, what), prefix) in found.iter().zip(&prefixes) {
        match what {
            Found::Block(_, data) => message.blocks.push(Block { prefix, data }),
            Found::Have => message.presences.push(Presence { cid: &want.cid, has: true }),
            Found::Nothing if want.send_dont_have => message.presences.push(Presence { cid: &want.cid, has: false }),
            Found::Nothing => {}
        }
    }
    Answer { message: message.encode(), blocks: message.blocks.len(), wants: found.len() as u64 }
}

/// A small block is sent also to whoever asks whether it is there.
fn find(blocks: &Blocks, want: &Want) -> Found {
    // A CID of another kind names nothing that is here.
    let Ok((cid, [])) = Cid::from_bytes(&want.cid) else { return Found::Nothing };
    match blocks.get(&cid) {
        Some(block) if want.want == WantType::Block || block.len() <= BITSWAP_SMALL_BLOCK_MAX => {
            Found::Block(cid, block)
        }
        Some(_) => Found::Have,
        None => Found::Nothing,
    }
}

/// The CID without its hash, in the version that was asked for. One of version 0 begins with its hash's code.
fn prefix(want: &Want, what: &Found) -> [u8; 4] {
    let Found::Block(cid, _) = what else { return [0; 4] };
    let [version, codec, hash, length, ..] = cid.to_bytes();
    let version = if want.cid.first() == Some(&version) { version } else { 0 };
    [version, codec, hash, length]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::bitswap::Entry;

    fn wanted(entries: Vec<Entry<'_>>) -> Mutex<Wants> {
        let mut wants = Wants::default();
        assert_eq!(wants.take(&Message { wants: entries, ..Message::default() }), 0);
        Mutex::new(wants)
    }

    fn of(stored: Vec<Vec<u8>>) -> Blocks {
        Blocks::new(move |cid| stored.iter().find(|block| cid.verifies(block)).cloned())
    }

    #[test]
    fn blocks_haves_and_dont_haves_come_in_one_answer() {
        let (small, large) = (vec![1_u8; BITSWAP_SMALL_BLOCK_MAX], vec![2_u8; BITSWAP_SMALL_BLOCK_MAX + 1]);
        let node = vec![3_u8; 10];
        let cids = [&small[..], &large[..], &b"gone"[..]].map(|block| Cid::of_raw(block).to_bytes());
        let [small_cid, large_cid, gone] = cids;
        let gone_too = Cid::of_raw(b"gone too").to_bytes();
        // Of version 0, and a CID that is not understood here.
        let (old, odd) = (Cid::of_node(&node).to_bytes()[2..].to_vec(), [1_u8, 0x71, 0x12, 0x20, 7]);
        let have = Entry { want: WantType::Have, send_dont_have: true, ..Entry::default() };
        let wants = wanted(vec![
            Entry { cid: &small_cid, ..have },
            Entry { cid: &large_cid, ..have },
            Entry { cid: &gone, ..have },
            Entry { cid: &gone_too, ..Entry::default() },
            Entry { cid: &old, ..Entry::default() },
            Entry { cid: &odd, send_dont_have: true, ..Entry::default() },
        ]);
        let answer = prepare(&of(vec![small.clone(), large, node.clone()]), &wants);
        let expected = Message {
            blocks: vec![
                Block { prefix: &[1, 0x55, 0x12, 0x20], data: &small },
                Block { prefix: &[0, 0x70, 0x12, 0x20], data: &node },
            ],
            presences: vec![
                Presence { cid: &large_cid, has: true },
                Presence { cid: &gone, has: false },
                Presence { cid: &odd, has: false },
            ],
            ..Message::default()
        };
        assert_eq!(Message::decode(&answer.message), Ok(expected));
        assert_eq!((answer.blocks, answer.wants), (2, 6));
        assert_eq!(answer.cost(), 6 * BITSWAP_WANT_COST + answer.message.len() as u64);
        let nothing = prepare(&Blocks::default(), &wanted(vec![Entry { cid: &gone, ..Entry::default() }]));
        assert!(nothing.message.is_empty() && nothing.cost() == BITSWAP_WANT_COST, "a look is paid all the same");
    }

    #[test]
    fn an_answer_is_bounded_in_bytes_and_in_wants_and_the_others_wait() {
        let blocks: Vec<Vec<u8>> = (0..4).map(|n| vec![n; BITSWAP_ANSWER_BYTES / 2]).collect();
        let cids: Vec<_> = blocks.iter().map(|block| Cid::of_raw(block).to_bytes()).collect();
        let wants = wanted(cids.iter().map(|cid| Entry { cid, ..Entry::default() }).collect());
        let source = of(blocks);
        let sent: Vec<usize> =
            std::iter::from_fn(|| Some(prepare(&source, &wants).blocks).filter(|sent| *sent > 0)).collect();
        assert_eq!(sent, [2, 2]);

        let cids: Vec<_> = (0..200_u8).map(|n| Cid::of_raw(&[n]).to_bytes()).collect();
        let wants = wanted(cids.iter().map(|cid| Entry { cid, ..Entry::default() }).collect());
        assert_eq!(prepare(&Blocks::default(), &wants).wants, BITSWAP_ANSWER_WANTS_MAX as u64);
        assert!(!wants.lock().unwrap().is_empty());
    }

    #[test]
    fn guests_wait_once_they_were_sent_a_burst() {
        smol::block_on(async {
            let server = BlockServer::new(Blocks::default());
            server.pay(BITSWAP_GUESTS_BURST).await;
            // Another burst takes some seconds.
            let paid = async {
                server.pay(BITSWAP_GUESTS_BURST).await;
                false
            };
            let waits = smol::future::or(paid, async {
                Timer::after(Duration::from_millis(50)).await;
                true
            });
            assert!(waits.await);
        });
    }
}
