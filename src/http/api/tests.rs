//! Bounds and bodies of the calls.

use super::*;
use crate::platform::home::{Home, Token};
use crate::runtime::handle::Call;
use crate::runtime::unfinished;
use crate::scheduler::regroup::{NewGroup, Regroup};

#[test]
fn every_problem_has_its_http_status() {
    assert_eq!(
        [Problem::Conflict, Problem::Busy, Problem::DiskFull, Problem::Broken].map(|problem| status_of(problem) as u16),
        [409, 503, 507, 500]
    );
    // `wattle forget` asks again after 503, and the second one after an answered question ends the watching of the folder.
    assert_eq!(status_of(Problem::Unanswered) as u16, 500);
}

#[test]
fn a_change_of_a_collection_that_is_on_the_disk_is_acknowledged_although_the_agent_stops() {
    let folder = tempfile::tempdir().unwrap();
    Home::open(folder.path()).unwrap();
    let (node, driver) = NodeHandle::new();
    let api = Api::new(node.with_home(folder.path().to_owned()), Keys::load(folder.path(), Token::random().unwrap()));
    let agent = async {
        while let Ok(Call { request, reply }) = driver.recv().await {
            let stopping = || Response::refused(Problem::Busy, "The agent is stopping.");
            let answer =
                if matches!(request, Request::Regroup(_)) { Response::Regrouped("home".into()) } else { stopping() };
            let _ = reply.try_send(answer);
        }
        std::future::pending().await
    };
    let regroup = Regroup { collection: "home".into(), to: NewGroup::Ring(Ring::Private) };
    let answer = smol::block_on(smol::future::or(api.regroup(regroup), agent)).unwrap();
    assert_eq!((answer.name.as_str(), answer.ring, answer.places), ("home", Some(Ring::Private), None));
}

#[test]
fn bodies_have_defaults_and_unknown_fields_are_refused() {
    let add = |body| serde_json::from_str::<Add>(body);
    assert!(add(r#"{"path": "/x"}"#).is_ok_and(|add| add.collection.is_none() && add.ring.is_none()));
    for other in ["{}", r#"{"path": "/x", "ring": "everybody"}"#, r#"{"path": "/x", "rings": "mesh"}"#] {
        assert!(add(other).is_err(), "{other}");
    }
}

/// The commands that the next start would finish in config.toml, after the agent answered one like this.
fn left_after(
    command: impl AsyncFnOnce(&Api),
    answer: impl Fn(&Request) -> Option<Response>,
    watched: &[Source],
) -> Vec<Setting> {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).unwrap();
    let (node, driver) = NodeHandle::new();
    let api = Api::new(node.with_home(folder.path().to_owned()), Keys::load(folder.path(), Token::random().unwrap()));
    let agent = async {
        while let Ok(Call { request, reply }) = driver.recv().await {
            // Without an answer the agent ends: the reply is dropped.
            if let Some(answer) = answer(&request) {
                reply.try_send(answer).unwrap();
            }
        }
    };
    smol::block_on(smol::future::or(command(&api), async {
        agent.await;
        std::future::pending::<()>().await;
    }));
    unfinished::left(&home, watched)
}

#[test]
fn a_command_whose_end_a_stop_hides_is_finished_by_the_next_start() {
    let stopping = || Some(Response::refused(Problem::Busy, "The agent is stopping."));
    let done = || Some(Response::Done("Done.".to_owned()));
    let forget = async |api: &Api| drop(api.forget_place(b"/a".to_vec()).await);
    let removed = [Setting::RemoveFolder("/a".to_owned())];
    assert_eq!(left_after(forget, |_| None, &[]), removed, "the agent ended before it answered");
    let acknowledged = async |api: &Api| {
        assert_eq!(api.forget_place(b"/a".to_vec()).await, Ok(("Done.".to_owned(), None)));
    };
    let at_stop = |request: &Request| if matches!(request, Request::Forget(_)) { done() } else { stopping() };
    assert_eq!(left_after(acknowledged, at_stop, &[]), removed, "it stops right after the answer");
    assert_eq!(left_after(forget, |_| stopping(), &[]), [], "it was refused");

    let a = Source { path: b"/a".to_vec(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 };
    let add = async |api: &Api| drop(api.watch(a.clone().into()).await);
    let at_stop =
        |request: &Request| if matches!(request, Request::Add(_)) { Some(Response::Added) } else { stopping() };
    for left in [
        left_after(add, at_stop, std::slice::from_ref(&a)),
        left_after(
            add,
            |request| (!matches!(request, Request::Add(_))).then(|| stopping().unwrap()),
            std::slice::from_ref(&a),
        ),
    ] {
        assert!(matches!(&left[..], [Setting::AddFolder(folder)] if folder.path == "/a"), "{left:?}");
    }
}
