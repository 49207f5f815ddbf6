//! What the bitswap exchanges of all peers share: the blocks, the budget of guests, and the look-ups under way.

use super::wants::{Want, Wants};
use crate::limits::{
    BITSWAP_ANSWER_BYTES, BITSWAP_ANSWER_WANTS_MAX, BITSWAP_BUDGET_MS, BITSWAP_GUESTS_BURST, BITSWAP_GUESTS_PER_SECOND,
    BITSWAP_LOOKUPS_MAX, BITSWAP_RETRY_MS, BITSWAP_SMALL_BLOCK_MAX, BITSWAP_WANT_COST,
};
use crate::mesh::budget::{Budget, Rate};
use crate::net::blocks::Blocks;
use crate::platform::{blocking, clock};
use crate::wire::bitswap::{Block, Message, Presence, WantType};
use crate::wire::cid::Cid;
use smol::Timer;
use smol::lock::Semaphore;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const GUESTS: Rate = Rate { per_second: BITSWAP_GUESTS_PER_SECOND, burst: BITSWAP_GUESTS_BURST };

/// Serves blocks.
pub(super) struct BlockServer {
    blocks: Blocks,
    /// What all guests together were sent: peers cost nothing, so one guest has no budget of its own.
    guests: smol::lock::Mutex<Budget>,
    /// Bytes that were read or made for guests and are not paid yet. Whoever hangs up leaves them here, and no guest is looked up anything
    /// until they are paid.
    owed: Arc<AtomicU64>,
    lookups: Arc<Semaphore>,
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
    /// Bytes that were read and hashed and are not in the message.
    looked_at: u64,
}

impl Answer {
    /// The bytes that it costs a guest.
    fn cost(&self) -> u64 {
        self.wants * BITSWAP_WANT_COST + self.looked_at + self.message.len() as u64
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
        let lookups = Arc::new(Semaphore::new(BITSWAP_LOOKUPS_MAX));
        Self { blocks, guests: smol::lock::Mutex::default(), owed: Arc::default(), lookups }
    }

    /// The answer to the first of these wants, which are taken out; `None` if there are none. `limited`: within the budget of guests, who pay
    /// for their wants before these are looked up, and for what was read before they are sent it.
    ///
    /// A look that panics, or gets no thread from the system, is followed by another one at the wants that are left, after a pause.
    pub(super) async fn answer(&self, wants: &Arc<Mutex<Wants>>, limited: bool) -> Option<Answer> {
        loop {
            let most = wants.lock().unwrap_or_else(PoisonError::into_inner).len().min(BITSWAP_ANSWER_WANTS_MAX);
            if most == 0 {
                return None;
            }
            let paid = most as u64 * BITSWAP_WANT_COST;
            if limited {
                self.pay(paid).await;
            }
            if let Some(answer) = self.look(wants, most, limited.then_some(paid)).await {
                if limited {
                    self.pay(0).await;
                }
                return Some(answer);
            }
            Timer::after(Duration::from_millis(BITSWAP_RETRY_MS)).await;
        }
    }

    /// Looks on a thread. It goes on if this is dropped, as when the peer hangs up: the turn goes with it, so that there are no more looks at once
    /// than turns, and so does the note of what it costs beyond what was `paid`; `None`: nothing.
    async fn look(&self, wants: &Arc<Mutex<Wants>>, most: usize, paid: Option<u64>) -> Option<Answer> {
        let turn = self.lookups.acquire_arc().await;
        let (blocks, wants, owed) = (self.blocks.clone(), Arc::clone(wants), Arc::clone(&self.owed));
        let prepared = move || {
            let _turn = turn;
            let answer = prepare(&blocks, &wants, most);
            if let Some(paid) = paid {
                owed.fetch_add(answer.cost().saturating_sub(paid), Ordering::Relaxed);
            }
            answer
        };
        blocking::run(prepared).await
    }

    /// Waits until the guests may be sent so many bytes more, and all that is owed: one waits at a time, the others behind it, so that each has
    /// its turn. Whoever goes while it waits owes nothing more: nothing was looked up for it yet. So what is owed is never more than one answer
    /// for each guest.
    async fn pay(&self, bytes: u64) {
        let mut guests = self.guests.lock().await;
        loop {
            // No more at once than there ever is room for.
            let owed = self.owed.load(Ordering::Relaxed).min(BITSWAP_ANSWER_BYTES as u64);
            match guests.spend(clock::now(), GUESTS, if owed > 0 { owed } else { bytes }) {
                true if owed > 0 => _ = self.owed.fetch_sub(owed, Ordering::Relaxed),
                true => return,
                false => _ = Timer::after(Duration::from_millis(BITSWAP_BUDGET_MS)).await,
            }
        }
    }
}

/// Looks wants up one by one, `most` of them, until there is enough for one message, or enough was read. What is cancelled meanwhile is not
/// looked up.
fn prepare(blocks: &Blocks, wants: &Mutex<Wants>, most: usize) -> Answer {
    let (mut found, mut bytes) = (Vec::new(), 0);
    while found.len() < most && bytes < BITSWAP_ANSWER_BYTES {
        let next = wants.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(want) = next else { break };
        let (what, read) = find(blocks, &want);
        bytes += read;
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
    let sent: usize = message.blocks.iter().map(|block| block.data.len()).sum();
    let looked_at = bytes.saturating_sub(sent) as u64;
    Answer { message: message.encode(), blocks: message.blocks.len(), wants: found.len() as u64, looked_at }
}

/// What became of a want, and how many bytes were read for it: as many for whoever only asks whether the block is there, since what is kept may
/// have changed. A small block is sent also to whoever asks that.
fn find(blocks: &Blocks, want: &Want) -> (Found, usize) {
    // A CID of another kind names nothing that is here.
    let Ok((cid, [])) = Cid::from_bytes(&want.cid) else { return (Found::Nothing, 0) };
    let (block, read) = blocks.look(&cid);
    let what = match block {
        Some(block) if want.want == WantType::Block || block.len() <= BITSWAP_SMALL_BLOCK_MAX => {
            Found::Block(cid, block)
        }
        Some(_) => Found::Have,
        None => Found::Nothing,
    };
    (what, read)
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
        let answer = prepare(&of(vec![small.clone(), large, node.clone()]), &wants, BITSWAP_ANSWER_WANTS_MAX);
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
        // The large one was read, and only its name is sent.
        let looked_at = BITSWAP_SMALL_BLOCK_MAX as u64 + 1;
        assert_eq!(answer.cost(), 6 * BITSWAP_WANT_COST + looked_at + answer.message.len() as u64);
        let nothing = prepare(&Blocks::default(), &wanted(vec![Entry { cid: &gone, ..Entry::default() }]), 1);
        assert!(nothing.message.is_empty() && nothing.cost() == BITSWAP_WANT_COST, "a look is paid all the same");
    }

    #[test]
    fn an_answer_is_bounded_in_bytes_and_in_wants_and_the_others_wait() {
        let blocks: Vec<Vec<u8>> = (0..4).map(|n| vec![n; BITSWAP_ANSWER_BYTES / 2]).collect();
        let cids: Vec<_> = blocks.iter().map(|block| Cid::of_raw(block).to_bytes()).collect();
        let wants = wanted(cids.iter().map(|cid| Entry { cid, ..Entry::default() }).collect());
        let source = of(blocks);
        let sent: Vec<usize> =
            std::iter::from_fn(|| Some(prepare(&source, &wants, 64).blocks).filter(|sent| *sent > 0)).collect();
        assert_eq!(sent, [2, 2]);

        // Whoever only asks whether they are there has as many bytes looked at, and no more.
        let have = |cid| Entry { cid, want: WantType::Have, ..Entry::default() };
        let wants = wanted(cids.iter().map(|cid| have(cid)).collect());
        let answer = prepare(&source, &wants, BITSWAP_ANSWER_WANTS_MAX);
        assert_eq!((answer.wants, answer.looked_at, answer.blocks), (2, BITSWAP_ANSWER_BYTES as u64, 0));

        let cids: Vec<_> = (0..200_u8).map(|n| Cid::of_raw(&[n]).to_bytes()).collect();
        let wants = wanted(cids.iter().map(|cid| Entry { cid, ..Entry::default() }).collect());
        let most = BITSWAP_ANSWER_WANTS_MAX;
        assert_eq!(prepare(&Blocks::default(), &wants, most).wants, most as u64);
        assert_ne!(wants.lock().unwrap().len(), 0);
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

    fn wanting(blocks: &[Vec<u8>]) -> Arc<Mutex<Wants>> {
        let cids: Vec<_> = blocks.iter().map(|block| Cid::of_raw(block).to_bytes()).collect();
        Arc::new(wanted(cids.iter().map(|cid| Entry { cid, ..Entry::default() }).collect()))
    }

    /// Waits until so many looks are under way or were.
    async fn until(count: &AtomicU64, least: u64) {
        while count.load(Ordering::Relaxed) < least {
            Timer::after(Duration::from_millis(5)).await;
        }
    }

    #[test]
    fn who_hangs_up_has_paid_and_its_look_keeps_its_turn_until_it_is_over() {
        smol::block_on(async {
            let (held, gate) = smol::channel::bounded::<()>(1);
            let begun = Arc::new(AtomicU64::new(0));
            let count = Arc::clone(&begun);
            let blocks = Blocks::new(move |_| {
                count.fetch_add(1, Ordering::Relaxed);
                // It ends once the other end is dropped.
                let _ = gate.recv_blocking();
                Some(vec![7; 100_000])
            });
            let server = BlockServer::new(blocks);
            let turns = BITSWAP_LOOKUPS_MAX as u64;
            for n in 1..=turns {
                let wants = wanting(&[vec![7; 100_000]]);
                let gone = async {
                    until(&begun, n).await;
                    None
                };
                let answer = smol::future::or(gone, server.answer(&wants, true)).await;
                assert!(answer.is_none(), "it hangs up while its block is read");
            }
            let wants = wanting(&[b"another".to_vec()]);
            let short = async {
                Timer::after(Duration::from_millis(100)).await;
                None
            };
            assert!(smol::future::or(server.answer(&wants, false), short).await.is_none());
            assert_eq!(begun.load(Ordering::Relaxed), turns, "there is no turn while these looks go on");
            drop(held);
            let _turns = (server.lookups.acquire().await, server.lookups.acquire().await);
            assert!(server.owed.load(Ordering::Relaxed) >= turns * 100_000, "what was read for nobody is owed");
            server.pay(0).await;
            assert_eq!(server.owed.load(Ordering::Relaxed), 0);
        });
    }

    #[test]
    fn a_look_that_panics_leaves_the_other_wants_to_the_next_one() {
        smol::block_on(async {
            let first = Cid::of_raw(b"one");
            let blocks = Blocks::new(move |cid| {
                assert!(*cid != first, "a defect that this test makes");
                Some(b"two".to_vec())
            });
            let wants = wanting(&[b"one".to_vec(), b"two".to_vec()]);
            let answer = BlockServer::new(blocks).answer(&wants, false).await.unwrap();
            assert_eq!((answer.blocks, answer.wants), (1, 1));
        });
    }
}
