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

#[test]
fn without_the_file_of_its_token_an_agent_is_reached_by_the_copy_and_without_both_it_is_told_what_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let address = "127.0.0.1:1".parse().unwrap();
    let home = Home::open(folder.path()).unwrap();
    let token = home.token().unwrap();
    let file = home.file(HomeFile::Token);
    std::fs::remove_file(&file).unwrap();
    assert!(Client::new(address, folder.path()).unwrap().token.matches(token.reveal()));
    std::fs::remove_file(file.with_extension("copy")).unwrap();
    let Err(Failure::NotDone(why)) = Client::new(address, folder.path()) else { panic!("its token is gone") };
    assert!(why.contains("api-token is gone with its copy") && !why.contains("moved away"), "{why}");
    drop(home);
    let Err(Failure::NoAgent(why)) = Client::new(address, folder.path()) else { panic!("no agent runs") };
    assert!(!why.contains("moved away"), "{why}");
}
