//! Files of a server of three lines.

use super::*;
use std::io::Write as _;
use std::net::TcpListener;
use std::thread;

/// Answers one call with these bytes, and says what was asked for.
fn server(answer: Vec<u8>) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/wattle/update.toml", listener.local_addr().unwrap());
    let served = thread::Builder::new().spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut asked, mut byte) = (Vec::new(), [0]);
        while !asked.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
            asked.push(byte[0]);
        }
        stream.write_all(&answer).unwrap();
        String::from_utf8(asked).unwrap()
    });
    (address, served.unwrap())
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    [head.as_bytes(), format!("\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len()).as_bytes(), body]
        .concat()
}

#[test]
fn a_file_comes_whole_and_in_pieces_and_a_refusal_is_a_sentence() {
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let (address, served) = server(answer("HTTP/1.1 200 OK", &bytes));
    let mut read = Vec::new();
    Fetched::get(&address).unwrap().read_to_end(&mut read).unwrap();
    assert_eq!(read, bytes);
    let asked = served.join().unwrap();
    assert!(asked.starts_with("GET /wattle/update.toml HTTP/1.1\r\n"), "{asked}");
    let (address, served) = server(answer("HTTP/1.1 404 Not Found", b"no"));
    assert!(Fetched::get(&address).unwrap_err().ends_with("HTTP status 404."));
    served.join().unwrap();
    for wrong in ["nas.local/wattle", "ftp://nas.local/", "https://nas.local/", "/media/stick", ""] {
        assert!(Fetched::get(wrong).unwrap_err().contains("no address of a web server"), "{wrong}");
    }
}

#[test]
fn a_server_that_goes_away_in_the_middle_gives_no_whole_file() {
    let mut cut = answer("HTTP/1.1 200 OK", &[7; 10_000]);
    cut.truncate(5_000);
    let (address, served) = server(cut);
    let mut read = Vec::new();
    let done =
        Fetched::get(&address).and_then(|mut file| file.read_to_end(&mut read).map_err(|error| error.to_string()));
    assert!(done.is_err() || read.len() < 10_000);
    served.join().unwrap();
}

#[test]
fn a_server_that_gives_a_byte_now_and_then_is_not_waited_for_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/wattle/update.toml", listener.local_addr().unwrap());
    let served = thread::Builder::new().spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut asked, mut byte) = (Vec::new(), [0]);
        while !asked.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
            asked.push(byte[0]);
        }
        let mut given = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n");
        let mut bytes = 0;
        while given.is_ok() && bytes < 2000 {
            smol::block_on(Timer::after(Duration::from_millis(20)));
            given = stream.write_all(b"x");
            bytes += 1;
        }
        bytes
    });
    let mut file = Fetched::get(&address).unwrap();
    file.patience = Duration::from_millis(400);
    let mut read = Vec::new();
    assert_eq!(file.read_to_end(&mut read).unwrap_err().kind(), ErrorKind::TimedOut);
    drop(file);
    assert!(served.unwrap().join().unwrap() < 2000, "it never said nothing for as long as it is waited for");
}
