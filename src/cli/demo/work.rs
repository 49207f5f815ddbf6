//! The second half of the demo: one device gets a diary, the others help to embed it, and one of them is killed meanwhile.
//!
//! Pages are written until both helpers have done some of them and one has some in hand: on a fast machine hundreds, on a slow one a few
//! dozen. The demo fails if that does not come about, or if a page is not embedded in the end.

use super::agent::{Agent, tell};
use crate::base::count::count;
use crate::cli::output::Stop;
use crate::http::tasks::{LentWork, Tasks};
use crate::limits::{DEMO_PAGES, DEMO_PAGES_MAX, DEMO_WAIT_MS};
use rustix::process::Signal;
use smol::Timer;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// A question about the diary, and the device that has it.
pub(super) const QUESTION: (&str, &str) = ("What was wrong with the chimney?", "attic");

/// The page of the diary that answers it.
const ANSWER: &str = "# Diary: the chimney\n\nThe sweep came at last. A jackdaw had built its nest in the chimney, which is why the smoke \
                      came back into the room. He took two buckets of twigs out of it.\n";

const WHO: [&str; 7] =
    ["Aunt Ilse", "The neighbour", "Our eldest", "The postman", "Grandfather", "The twins", "The baker"];
const DID: [&str; 11] = [
    "brought a basket of pears",
    "lost a glove on the way",
    "stayed for the whole evening",
    "asked for the long ladder",
    "told the story of the ferry again",
    "mended the handle of the spade",
    "left a letter on the table",
    "wanted to see the new calf",
    "slept through the thunder",
    "found the old map of the valley",
    "paid for the coal at last",
];
const WEATHER: [&str; 5] =
    ["It rained all day.", "The fog lifted at noon.", "First frost.", "Warm wind from the south.", "Clear and cold."];
const HOUSE: [&str; 13] = [
    "The hens laid five eggs.",
    "We whitewashed the back wall.",
    "The clock in the hall stopped twice.",
    "Bread was baked for the week.",
    "The gate squeaks again.",
    "Two jars of honey were given away.",
    "The well is low.",
    "The cat brought a vole into the kitchen.",
    "We pruned the old apple tree.",
    "The stove smoked.",
    "All windows were washed.",
    "A pane of the greenhouse broke.",
    "The cellar was swept.",
];

/// One page; no two of the first 5,005 are equal but for their titles.
fn page(number: usize) -> String {
    let (who, did) = (WHO[number % WHO.len()], DID[number % DID.len()]);
    let (weather, house) = (WEATHER[number % WEATHER.len()], HOUSE[number % HOUSE.len()]);
    format!("# Diary, day {number}\n\n{weather} {who} {did}. {house}\n")
}

/// What the demo does next.
#[derive(Debug, PartialEq, Eq)]
enum Next<'a> {
    Write,
    Kill(&'a LentWork),
    Wait,
}

/// `written`: pages so far; `seen`: whether the agent knows all of them, since until then it says nothing of their work.
fn next(tasks: &Tasks, written: usize, seen: bool) -> Next<'_> {
    let both = tasks.lent.len() > 1 && tasks.lent.iter().all(|lent| lent.done > 0);
    match tasks.lent.iter().find(|lent| lent.passages > 0) {
        Some(busy) if both => Next::Kill(busy),
        _ if seen && tasks.left() < DEMO_PAGES as u64 && written < DEMO_PAGES_MAX => Next::Write,
        _ => Next::Wait,
    }
}

/// Has the first agent's folder filled and the work shared, kills one of the helpers, and waits until all is embedded. Gives who was killed.
pub(super) async fn share(agents: &[Agent], docs: &Path) -> Result<&'static str, Stop> {
    let [owner, helpers @ ..] = agents else { return Err("No agent is up.".to_owned().into()) };
    let write = |name: &str, text: &str| {
        fs::write(docs.join(name), text).map_err(|error| format!("The demo's diary cannot be written: {error}."))
    };
    tell(&format!(
        "\n{} gets a diary. The others help to embed it, and one of them is killed meanwhile.",
        owner.device
    ))?;
    write("diary-chimney.md", ANSWER)?;
    let failed = |error| format!("{} did not answer: {error:?}", owner.device);
    let before = owner.client.status().await.map_err(failed)?.read.files.ready;
    let (mut written, mut killed) = (0, None);
    for _ in 0..DEMO_WAIT_MS / 50 {
        let tasks =
            owner.client.tasks().await.map_err(|error| format!("{} did not answer: {error:?}", owner.device))?.read;
        let files = owner.client.status().await.map_err(failed)?.read.files;
        let seen = files.waiting + files.chunked + files.ready >= before + written as u64;
        match next(&tasks, written, seen) {
            _ if killed.is_some() => {
                if let Some(victim) = killed.filter(|_| tasks.left() == 0)
                    && whole(owner, written + 1).await?
                {
                    tell(&told(owner.device, &tasks))?;
                    return Ok(victim);
                }
            }
            Next::Write => {
                for number in written..written + DEMO_PAGES {
                    write(&format!("diary-{number}.md"), &page(number))?;
                }
                written += DEMO_PAGES;
            }
            Next::Kill(busy) => {
                let victim = helpers.iter().find(|helper| helper.device == busy.device);
                let victim = victim.ok_or_else(|| format!("{} is no device of the demo.", busy.device))?;
                let has = count(busy.passages, "passage");
                victim.signal(Signal::KILL).map_err(|error| format!("{} cannot be killed: {error}.", busy.device))?;
                tell(&format!("  {} is killed while it has {has} to embed.", busy.device))?;
                killed = Some(victim.device);
            }
            Next::Wait => {}
        }
        Timer::after(Duration::from_millis(50)).await;
    }
    Err("The diary was not embedded in time, or nobody helped.".to_owned().into())
}

/// Whether all pages are indexed, and the store adds up.
async fn whole(owner: &Agent, pages: usize) -> Result<bool, Stop> {
    let failed = |error| format!("{} did not answer: {error:?}", owner.device);
    let status = owner.client.status().await.map_err(failed)?.read;
    let files = status.files;
    if files.waiting + files.chunked > 0
        || files.ready < pages as u64
        || status.progress.vectors < status.progress.chunks
    {
        return Ok(false);
    }
    let audit = owner.client.doctor().await.map_err(failed)?.read;
    if audit.clean { Ok(true) } else { Err(format!("The store does not add up: {:?}.", audit.faults).into()) }
}

/// Who has embedded what.
fn told(owner: &str, tasks: &Tasks) -> String {
    let helped: Vec<String> = tasks.lent.iter().map(|lent| format!("{} {}", lent.device, lent.done)).collect();
    format!("  All is embedded. Of it by the others: {}; the rest by {owner}, also what was lost.", helped.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tasks::{LentState, OwedWork};
    use std::collections::BTreeSet;

    fn lent(device: &str, passages: u64, done: u64) -> LentWork {
        let (device, peer_id, state) = (device.to_owned(), String::new(), LentState::Works);
        LentWork {
            device,
            peer_id,
            state,
            passages,
            unchecked: 0,
            owed: OwedWork::default(),
            done,
            ms_per_passage: None,
            since_s: None,
            silent_s: None,
            why: None,
            refused_s: None,
        }
    }

    #[test]
    fn pages_are_written_until_both_have_helped_and_one_has_something_in_hand() {
        let with = |to_embed, lent: &[LentWork]| Tasks { to_embed, lent: lent.to_vec(), ..Tasks::default() };
        let few = DEMO_PAGES as u64 - 1;
        assert_eq!(next(&with(few, &[]), 0, true), Next::Write);
        assert_eq!(next(&with(few, &[]), DEMO_PAGES, false), Next::Wait, "the agent has not seen them yet");
        assert_eq!(next(&with(few, &[]), DEMO_PAGES_MAX, true), Next::Wait, "not without end");
        assert_eq!(next(&with(few + 1, &[]), 0, true), Next::Wait, "there is enough");
        assert_eq!(next(&with(few + 1, &[lent("kitchen", 4, 9)]), 0, true), Next::Wait, "one has helped");
        assert_eq!(
            next(&with(few + 1, &[lent("kitchen", 0, 9), lent("cellar", 0, 2)]), 0, true),
            Next::Wait,
            "nobody has any"
        );
        let both = with(0, &[lent("kitchen", 0, 9), lent("cellar", 3, 2)]);
        assert_eq!(next(&both, 0, true), Next::Kill(&both.lent[1]));
    }

    #[test]
    fn no_two_pages_are_alike() {
        let body = |number| page(number).split_once("\n\n").unwrap().1.to_owned();
        assert_eq!((0..DEMO_PAGES_MAX).map(body).collect::<BTreeSet<_>>().len(), DEMO_PAGES_MAX);
    }
}
