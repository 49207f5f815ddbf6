//! What a caller is told where no answer comes.

use super::*;
use std::io::Read as _;
use std::net::TcpListener;

/// What a call is told whose connection is closed without an answer, by an agent that has ended by then or goes on.
fn cut_off(ends: bool) -> Failure {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).unwrap();
    home.token().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Client::new(listener.local_addr().unwrap(), folder.path()).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the other side of a call")]
    let agent = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 64]).unwrap();
        (!ends).then_some(home)
    });
    let failure = smol::block_on(client.status()).unwrap_err();
    drop(agent.join().unwrap());
    failure
}

#[test]
fn a_call_that_an_ending_agent_leaves_without_an_answer_is_told_that_it_ended() {
    let Failure::NoAgent(why) = cut_off(true) else { panic!("there is none any more") };
    assert!(why.contains("was ending") && why.contains("`wattle up`"), "{why}");
    let Failure::NotDone(why) = cut_off(false) else { panic!("it still runs") };
    assert!(why.contains("gave no whole answer"), "{why}");
}
