//! Updates of the SD card image: what is taken (`manifest`), what stays, and whose turn it is. Power cuts are starts between any two effects.

mod manifest;

use wattle::base::id::PeerKey;
use wattle::base::time::Instant;
use wattle::limits::{
    UPDATE_AWAY_MS, UPDATE_SETTLE_MS, UPDATE_TRIAL_LIMIT_MS, UPDATE_TRIAL_MS, UPDATE_TRIES_MAX, UPDATE_WAIT_MS,
};
use wattle::mesh::update::{Effect, Health, Reach, Record, Said, Slot, Stage, Trial, Turn, Why};
use wattle::wire::update::Version;

const NEW: Version = Version(1, 4, 0);
const WAITS: Record = Record::new(NEW, Slot::B);
/// On trial, and to reach another device.
const TRIED: Record = Record { stage: Stage::Trying, needs_mesh: true, ..WAITS };

/// A card: what is kept of it through a power cut.
#[derive(Clone, Copy)]
struct Card {
    record: Option<Record>,
    /// The system that the firmware starts, and whether it starts the other one once.
    preferred: Slot,
    once: bool,
}

impl Card {
    /// Does the effects, the power going before the one with this number; whether there was a restart or a cut.
    fn carry_out(&mut self, effects: &[Effect], cut: usize) -> bool {
        for (number, effect) in effects.iter().enumerate() {
            if number == cut {
                return true;
            }
            match effect {
                Effect::Save(record) => self.record = Some(*record),
                Effect::Prefer(slot) => self.preferred = *slot,
                Effect::RestartOnTrial => {
                    self.once = true;
                    return true;
                }
                Effect::Restart => return true,
                Effect::Postponed | Effect::Ended(_) => {}
            }
        }
        false
    }

    /// What runs after a start.
    fn start(&mut self) -> Slot {
        let running = if self.once { self.preferred.other() } else { self.preferred };
        self.once = false;
        running
    }
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// An update from its turn to its end, with the new system as good as `is_good` says at each minute, and a power cut before the effect of this number
/// in the list of this number. The card at the end, and how many starts it took.
fn lived(is_good: impl Fn(u64) -> bool, cut: (usize, usize)) -> (Card, Slot, usize) {
    let (mut card, mut lists) = (Card { record: None, preferred: Slot::A, once: false }, 0);
    let mut done = |card: &mut Card, effects: &[Effect]| {
        if effects.is_empty() {
            return false;
        }
        lists += 1;
        card.carry_out(effects, if lists == cut.0 { cut.1 } else { usize::MAX })
    };
    for starts in 1..20 {
        let running = card.start();
        let (mut trial, effects) = Trial::start(at(0), running, card.record);
        if done(&mut card, &effects) {
            continue;
        }
        if card.record.is_none() && done(&mut card, &trial.written(NEW, running, false)) {
            continue;
        }
        if done(&mut card, &trial.turn(true, true)) {
            continue;
        }
        let mut restarted = false;
        for minute in 0..=2 * UPDATE_TRIAL_LIMIT_MS / 60_000 {
            let good = running == Slot::A || is_good(minute);
            let (health, reach) =
                if good { (Health::Ready, Reach::Member) } else { (Health::NoAgent, Reach::NoNetwork) };
            if done(&mut card, &trial.step(at(minute * 60_000), health, reach)) {
                restarted = true;
                break;
            }
        }
        if !restarted {
            return (card, running, starts);
        }
    }
    panic!("it goes on for ever");
}

#[test]
fn a_good_system_stays_and_a_bad_one_gives_way_wherever_the_power_goes() {
    for list in 0..8 {
        for effect in 0..4 {
            let (card, running, starts) = lived(|_| true, (list, effect));
            let stage = card.record.unwrap().stage;
            // Where the power went between the word "trying" and the restart, nobody knows that it was never tried.
            let due = if running == Slot::B { Stage::Confirmed } else { Stage::RolledBack };
            assert_eq!((stage, card.preferred), (due, running), "cut before effect {effect} of list {list}");
            assert!(starts <= 4, "{starts}");
            let (card, running, _) = lived(|minute| minute < 5, (list, effect));
            assert_eq!((card.record.unwrap().stage, card.preferred, running), (Stage::RolledBack, Slot::A, Slot::A));
        }
    }
    let (card, running, starts) = lived(|_| true, (0, 0));
    assert_eq!((card.record.unwrap().stage, running, starts), (Stage::Confirmed, Slot::B, 2));
}

#[test]
fn a_break_in_the_ten_minutes_begins_them_anew_and_after_an_hour_it_is_over() {
    let record = TRIED;
    let (mut trial, effects) = Trial::start(at(0), Slot::B, Some(record));
    assert_eq!((effects, trial.deadline()), (Vec::new(), Some(at(UPDATE_TRIAL_LIMIT_MS))));
    assert_eq!(trial.step(at(1_000), Health::Ready, Reach::Member), []);
    assert_eq!(trial.deadline(), Some(at(1_000 + UPDATE_TRIAL_MS)));
    assert_eq!(trial.step(at(UPDATE_TRIAL_MS), Health::Ready, Reach::NoNetwork), [], "the mesh is away for a moment");
    assert_eq!(trial.step(at(UPDATE_TRIAL_MS + 1_000), Health::Ready, Reach::Member), []);
    assert_eq!(trial.step(at(2 * UPDATE_TRIAL_MS), Health::Ready, Reach::Member), []);
    let end = trial.step(at(2 * UPDATE_TRIAL_MS + 1_000), Health::Ready, Reach::Member);
    assert_eq!(end.first(), Some(&Effect::Prefer(Slot::B)), "the files before the record: {end:?}");
    assert_eq!((trial.record().unwrap().stage, trial.deadline()), (Stage::Confirmed, None));
    assert_eq!(
        trial.step(at(9 * UPDATE_TRIAL_LIMIT_MS), Health::NoAgent, Reach::NoNetwork),
        [],
        "what stays is not given up later"
    );
    // Without a mesh before, none is asked for.
    let (mut alone, _) = Trial::start(at(0), Slot::B, Some(Record { needs_mesh: false, ..record }));
    assert_eq!(alone.step(at(0), Health::Ready, Reach::NoNetwork), []);
    assert!(
        alone.step(at(UPDATE_TRIAL_MS), Health::Ready, Reach::NoNetwork).contains(&Effect::Ended(Stage::Confirmed))
    );
    // One that is good at the end of the hour gets its ten minutes.
    let (mut late, _) = Trial::start(at(0), Slot::B, Some(record));
    assert_eq!(late.step(at(UPDATE_TRIAL_LIMIT_MS - 1_000), Health::Ready, Reach::Member), []);
    assert_eq!(late.step(at(UPDATE_TRIAL_LIMIT_MS + 1_000), Health::Ready, Reach::Member), []);
    assert!(late.step(at(UPDATE_TRIAL_LIMIT_MS + 2_000), Health::NoAgent, Reach::Member).contains(&Effect::Restart));
}

#[test]
fn a_trial_is_not_given_up_because_all_others_are_off() {
    let record = TRIED;
    let begun = |record| Trial::start(at(0), Slot::B, Some(record)).0;
    // The others go off one minute after they were reached.
    let mut trial = begun(record);
    assert_eq!(trial.step(at(0), Health::Ready, Reach::Member), []);
    assert_eq!(trial.step(at(60_000), Health::Ready, Reach::Nobody), []);
    assert!(trial.step(at(UPDATE_TRIAL_MS), Health::Ready, Reach::Nobody).contains(&Effect::Ended(Stage::Confirmed)));
    // Or it loses its network: its router may be off.
    let mut lost = begun(record);
    assert_eq!(lost.step(at(0), Health::Ready, Reach::Member), []);
    assert_eq!(lost.step(at(60_000), Health::Ready, Reach::NoNetwork), []);
    let effects = lost.step(at(UPDATE_TRIAL_LIMIT_MS), Health::Ready, Reach::NoNetwork);
    assert!(effects.contains(&Effect::Postponed), "{effects:?}");
    // They or the router were off before it came up: the earlier system runs, and the update waits; after some times it is given up.
    for (reach, why) in [(Reach::Nobody, Why::Nobody), (Reach::NoNetwork, Why::NoNetwork)] {
        let mut tried = record;
        for tries in 1..UPDATE_TRIES_MAX {
            let mut alone = begun(tried);
            assert_eq!(alone.step(at(UPDATE_TRIAL_LIMIT_MS - 1), Health::Ready, reach), []);
            let waits = Record { stage: Stage::Written, tries, ..record };
            let effects = [Effect::Prefer(Slot::A), Effect::Postponed, Effect::Save(waits), Effect::Restart];
            assert_eq!(alone.step(at(UPDATE_TRIAL_LIMIT_MS), Health::Ready, reach), effects);
            // Its next turn comes in the earlier system, at which another device is there.
            let (mut earlier, effects) = Trial::start(at(0), Slot::A, Some(waits));
            assert_eq!(effects, []);
            tried = Record { stage: Stage::Trying, ..waits };
            assert_eq!(earlier.turn(true, false), [Effect::Save(tried), Effect::RestartOnTrial]);
        }
        let given_up = Record { stage: Stage::RolledBack, tries: UPDATE_TRIES_MAX, why: Some(why), ..record };
        let ended = Effect::Ended(Stage::RolledBack);
        let effects = [Effect::Prefer(Slot::A), ended, Effect::Save(given_up), Effect::Restart];
        assert_eq!(begun(tried).step(at(UPDATE_TRIAL_LIMIT_MS), Health::Ready, reach), effects);
    }
    // An agent that is not ready is no question of the others.
    let effects = begun(record).step(at(UPDATE_TRIAL_LIMIT_MS), Health::NoAgent, Reach::Nobody);
    assert!(effects.contains(&Effect::Ended(Stage::RolledBack)), "{effects:?}");
    // At a turn at which none was reached for an hour, none is asked for.
    let (mut waits, _) = Trial::start(at(0), Slot::A, Some(Record { stage: Stage::Written, ..record }));
    let alone = Record { needs_mesh: false, ..record };
    assert_eq!(waits.turn(false, false), [Effect::Save(alone), Effect::RestartOnTrial]);
    let mut trial = begun(alone);
    assert_eq!(trial.step(at(0), Health::Ready, Reach::Nobody), []);
    assert!(trial.step(at(UPDATE_TRIAL_MS), Health::Ready, Reach::Nobody).contains(&Effect::Ended(Stage::Confirmed)));
}

#[test]
fn a_board_without_a_mesh_that_had_a_network_keeps_no_system_that_has_none() {
    let (mut waits, _) = Trial::start(at(0), Slot::A, Some(WAITS));
    let tried = Record { stage: Stage::Trying, needs_network: true, ..WAITS };
    assert_eq!(waits.turn(false, true), [Effect::Save(tried), Effect::RestartOnTrial]);
    let begun = |record| Trial::start(at(0), Slot::B, Some(record)).0;
    let mut good = begun(tried);
    assert_eq!(good.step(at(0), Health::Ready, Reach::Nobody), []);
    assert!(good.step(at(UPDATE_TRIAL_MS), Health::Ready, Reach::Nobody).contains(&Effect::Ended(Stage::Confirmed)));
    // Its page can be reached by nobody, so nobody could go back from it: the earlier one runs, and tries again, as a router may have been off.
    let mut deaf = begun(tried);
    assert_eq!(deaf.step(at(0), Health::Ready, Reach::NoNetwork), []);
    assert_eq!(deaf.step(at(UPDATE_TRIAL_MS), Health::Ready, Reach::NoNetwork), []);
    let effects = deaf.step(at(UPDATE_TRIAL_LIMIT_MS), Health::Ready, Reach::NoNetwork);
    let waits = Record { stage: Stage::Written, tries: 1, ..tried };
    assert_eq!(effects, [Effect::Prefer(Slot::A), Effect::Postponed, Effect::Save(waits), Effect::Restart]);
    let mut last = begun(Record { tries: UPDATE_TRIES_MAX - 1, ..tried });
    let effects = last.step(at(UPDATE_TRIAL_LIMIT_MS), Health::Ready, Reach::NoNetwork);
    assert!(effects.contains(&Effect::Ended(Stage::RolledBack)), "{effects:?}");
    assert_eq!(last.record().unwrap().why, Some(Why::NoNetwork));
}

#[test]
fn why_an_update_was_given_up_is_kept_and_told_once_and_the_owners_own_will_is_not() {
    for (health, why) in [(Health::NoAgent, Why::NoAgent), (Health::CardUnread, Why::CardUnread)] {
        let (mut trial, _) = Trial::start(at(0), Slot::B, Some(TRIED));
        let effects = trial.step(at(UPDATE_TRIAL_LIMIT_MS), health, Reach::Member);
        let given_up = Record { stage: Stage::RolledBack, why: Some(why), ..TRIED };
        assert!(effects.contains(&Effect::Save(given_up)), "{effects:?}");
        // The earlier system finds it, and tells it.
        let (mut earlier, effects) = Trial::start(at(0), Slot::A, Some(given_up));
        assert!(effects.is_empty() && given_up.is_untold());
        let told = Record { is_told: true, ..given_up };
        assert_eq!((earlier.told(), earlier.told()), (vec![Effect::Save(told)], Vec::new()));
        assert!(!told.is_untold());
    }
    let (mut start, _) = Trial::start(at(0), Slot::A, Some(TRIED));
    assert_eq!(start.record().unwrap().why, Some(Why::Start));
    assert!(start.record().unwrap().is_untold() && !start.told().is_empty());
    let (mut owner, _) = Trial::start(at(0), Slot::B, Some(TRIED));
    assert!(!owner.back(Slot::B).is_empty());
    assert_eq!((owner.record().unwrap().why, owner.told()), (Some(Why::Owner), Vec::new()));
    // Of one that a program without reasons gave up there is nothing to tell.
    assert!(!Record { stage: Stage::RolledBack, ..WAITS }.is_untold() && !WAITS.is_untold());
}

#[test]
fn what_the_owner_chose_stands_through_its_trial_and_ends_when_it_is_given_up() {
    for (is_choice, stands) in [(true, true), (false, false)] {
        let (mut trial, _) = Trial::start(at(0), Slot::A, None);
        let written = trial.written(NEW, Slot::A, is_choice);
        assert!(matches!(written[..], [Effect::Save(record)] if record.stands() == stands));
        let turn = trial.turn(false, false);
        let Some(Effect::Save(record)) = turn.first() else { panic!("{turn:?}") };
        assert_eq!(record.stands(), stands);
        let (mut tried, _) = Trial::start(at(0), Slot::B, Some(*record));
        assert_eq!(tried.step(at(0), Health::Ready, Reach::Nobody), []);
        assert!(!tried.step(at(UPDATE_TRIAL_MS), Health::Ready, Reach::Nobody).is_empty());
        assert_eq!(tried.record().map(|record| record.stands()), Some(stands));
        assert!(!tried.back(Slot::B).is_empty());
        assert_eq!(tried.record().map(|record| record.stands()), Some(false), "the owner went back");
    }
}

/// Three devices that hear each other `delay` later, and want to update at these moments; at each second, how many update.
fn most_at_once(wants: [u64; 3], delay: u64, away: std::ops::Range<u64>) -> (usize, usize) {
    let keys: Vec<PeerKey> = [3, 1, 2].map(|seed| PeerKey([seed; 32])).to_vec();
    let mut turns: Vec<Turn> = keys.iter().map(|key| Turn::new(*key, false)).collect();
    let (mut ends, mut most, mut ended) = (vec![None; 3], 0, 0);
    let mut under_way: Vec<(u64, usize, Said)> = Vec::new();
    for second in 0..6 * 3600_u64 {
        let now = at(second * 1000);
        for (who, want) in wants.into_iter().enumerate() {
            let before = turns[who].said();
            if second == want {
                turns[who].want();
            }
            // The first one is on the other side of a broken network for a while.
            let others = if who == 0 { 2 } else { 1 };
            let missing = vec![now; if away.contains(&second) { others } else { 0 }];
            if turns[who].comes(now, &missing) {
                ends[who] = Some(second + 700);
            }
            if ends[who] == Some(second) {
                turns[who].end();
                ended += 1;
            }
            // Words are said again each half minute, as news of the mesh are.
            if turns[who].said() != before || second % 30 == 0 {
                under_way.push((second + delay, who, turns[who].said()));
            }
        }
        let due: Vec<_> = under_way.iter().filter(|(when, _, _)| *when == second).copied().collect();
        under_way.retain(|(when, _, _)| *when > second);
        for (_, from, said) in due {
            for to in (0..3).filter(|to| *to != from && !(away.contains(&second) && (from == 0 || *to == 0))) {
                turns[to].heard(now, keys[from], said);
            }
        }
        most = most.max(turns.iter().filter(|turn| turn.said() == Said::Updates).count());
    }
    (most, ended)
}

#[test]
fn never_two_devices_of_a_mesh_update_at_once_and_each_has_its_turn() {
    for wants in [[0, 0, 0], [0, 170, 179], [181, 0, 181], [5, 4, 3], [0, 900, 901]] {
        for delay in [1, 40, 90] {
            assert_eq!(most_at_once(wants, delay, 0..0), (1, 3), "{wants:?}, {delay} s");
            // A broken network of an hour, at whose beginning one may already update.
            assert_eq!(most_at_once(wants, delay, 200..3800), (1, 3), "{wants:?}, {delay} s");
        }
    }
}

#[test]
fn a_device_that_said_it_updates_and_is_gone_is_waited_for_and_then_passed_over() {
    let mut turn = Turn::new(PeerKey([1; 32]), false);
    turn.heard(at(0), PeerKey([9; 32]), Said::Updates);
    turn.want();
    assert!(!turn.comes(at(0), &[]) && !turn.comes(at(UPDATE_WAIT_MS - 1), &[]));
    assert!(!turn.comes(at(UPDATE_WAIT_MS), &[]) && turn.comes(at(UPDATE_WAIT_MS + UPDATE_SETTLE_MS), &[]));
    assert_eq!((turn.said(), turn.comes(at(2 * UPDATE_WAIT_MS), &[])), (Said::Updates, false), "once");
    let mut alone = Turn::new(PeerKey([1; 32]), false);
    alone.want();
    let seen = [at(1_000)];
    assert!(!alone.comes(at(UPDATE_AWAY_MS), &seen), "it may update where nobody here sees it");
    assert!(
        !alone.comes(at(UPDATE_AWAY_MS + 1_000), &seen)
            && alone.comes(at(UPDATE_AWAY_MS + 1_000 + UPDATE_SETTLE_MS), &seen)
    );
    assert_eq!(Turn::new(PeerKey([1; 32]), true).said(), Said::Updates, "after its restart");
}

#[test]
fn the_owner_goes_back_from_what_runs_and_gives_up_what_waits_and_from_nothing_else() {
    let record = |slot, stage| Some(Record { slot, stage, ..WAITS });
    let back = |running, record| Trial::start(at(0), running, record).0.back(running);
    for stage in [Stage::Trying, Stage::Confirmed] {
        let effects = back(Slot::B, record(Slot::B, stage));
        assert_eq!(effects.first(), Some(&Effect::Prefer(Slot::A)), "the files before the record: {effects:?}");
        // What is handed on before the record: a version that was given up would be handed on after a power cut between the two.
        let order = matches!(effects[1..], [Effect::Ended(Stage::RolledBack), Effect::Save(_), Effect::Restart]);
        assert!(order, "{effects:?}");
    }
    let effects = back(Slot::A, record(Slot::B, Stage::Written));
    assert!(effects.contains(&Effect::Ended(Stage::RolledBack)) && !effects.contains(&Effect::Restart), "{effects:?}");
    for nothing in [None, record(Slot::B, Stage::RolledBack), record(Slot::B, Stage::Trying)] {
        assert_eq!(back(Slot::A, nothing), [], "{nothing:?}");
    }
    // The power went while the owner went back: the files are those of the earlier system, and the record is mended.
    let (trial, effects) = Trial::start(at(0), Slot::A, record(Slot::B, Stage::Confirmed));
    let given_up = Record { stage: Stage::RolledBack, why: Some(Why::Owner), ..WAITS };
    assert!(effects.contains(&Effect::Ended(Stage::RolledBack)) && trial.record() == Some(given_up));
}

#[test]
fn what_another_command_has_written_is_found_and_a_trial_that_goes_on_is_not_disturbed() {
    let record = |stage| Record { stage, ..WAITS };
    let (mut waits, _) = Trial::start(at(0), Slot::A, None);
    assert_eq!(waits.turn(false, false), []);
    waits.found(Some(record(Stage::Written)));
    assert_eq!(waits.turn(false, false), [Effect::Save(record(Stage::Trying)), Effect::RestartOnTrial]);
    // One that another command starts at this moment is that one's.
    let (mut other, _) = Trial::start(at(0), Slot::A, Some(record(Stage::Written)));
    other.found(Some(record(Stage::Trying)));
    assert_eq!((other.turn(false, false), other.record()), (Vec::new(), None));
    let (mut trial, _) = Trial::start(at(0), Slot::B, Some(record(Stage::Trying)));
    trial.found(Some(record(Stage::Trying)));
    assert_eq!(trial.step(at(0), Health::Ready, Reach::Member), []);
    trial.found(Some(record(Stage::RolledBack)));
    assert_eq!(trial.step(at(UPDATE_TRIAL_MS), Health::Ready, Reach::Member), [], "the owner has ended it meanwhile");
}
