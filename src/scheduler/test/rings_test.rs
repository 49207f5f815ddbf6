//! Who may see a folder that is added while its collection is being changed.

use super::*;
use crate::scheduler::addition::Addition;
use crate::scheduler::regroup::{NewGroup, Regroup};

fn unsaid(path: &str) -> Addition {
    Addition { ring: None, ..source(path).into() }
}

/// The list that an input has saved.
fn listed(machine: &mut Scheduler, input: Input) -> Vec<Source> {
    let mut out = Vec::new();
    machine.handle(at(1), input, &mut out);
    let [Output::Save(_, changes)] = &out[..] else { panic!("{out:?}") };
    let [Change::Sources(Sources(list))] = &changes[..] else { panic!("{changes:?}") };
    list.clone()
}

#[test]
fn a_folder_that_is_added_while_its_collection_becomes_private_is_private() {
    let private = Regroup { collection: "home".to_owned(), to: NewGroup::Ring(Ring::Private) };
    for ring_first in [true, false] {
        let mut machine = scheduler(1, &["/a"], StoreCounts::default());
        let inputs = [Input::Regroup(ReplyId(1), private.clone()), Input::Add(ReplyId(2), unsaid("/b"))];
        let [first, second] = inputs;
        let (first, second) = if ring_first { (first, second) } else { (second, first) };
        listed(&mut machine, first);
        let list = listed(&mut machine, second);
        assert_eq!(list.len(), 2);
        assert!(list.iter().all(|source| source.ring == Ring::Private), "{list:?}");
    }
}

#[test]
fn a_folder_that_is_added_while_its_collection_is_renamed_joins_a_new_one_of_the_old_name() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    let renamed = Regroup { collection: "home".to_owned(), to: NewGroup::Name("work".to_owned()) };
    listed(&mut machine, Input::Regroup(ReplyId(1), renamed));
    let list = listed(&mut machine, Input::Add(ReplyId(2), unsaid("/b")));
    assert_eq!(list[1], source("/b"));
}
