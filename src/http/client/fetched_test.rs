//! Files of a server of three lines.

use super::*;
use std::io::Write as _;
use std::net::TcpListener;
use std::thread;

/// Answers one call with these bytes, and says what was asked for.
fn server(answer: Vec<u8>) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/wattle/update.toml", listener.local_addr().unwrap());
    (address, serve(listener, answer))
}

fn serve(listener: TcpListener, answer: Vec<u8>) -> thread::JoinHandle<String> {
    let served = thread::Builder::new().spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut asked, mut byte) = (Vec::new(), [0]);
        while !asked.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
            asked.push(byte[0]);
        }
        stream.write_all(&answer).unwrap();
        String::from_utf8(asked).unwrap()
    });
    served.unwrap()
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
    let error = Fetched::get(&address).unwrap().read_to_end(&mut read).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::UnexpectedEof, "the server ended in the middle of it")
    );
    assert!(!read.is_empty() && read.iter().all(|byte| *byte == 7), "what came before is what it was: {}", read.len());
    served.join().unwrap();
    // Chunks, of which the last one is not there.
    let (address, served) =
        server(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n5\r\nab".to_vec());
    let error = Fetched::get(&address).unwrap().read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{error}");
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

#[test]
fn an_address_of_one_link_is_asked_at_its_interface_and_one_without_is_told_what_is_missing() {
    let parts = |address: &str| {
        let (plain, zone) = without_zone(address);
        (plain, zone.unwrap_or_default())
    };
    for written in ["http://[fe80::1%eth0]:8080/wattle/", "http://[fe80::1%25eth0]:8080/wattle/"] {
        assert_eq!(parts(written), ("http://[fe80::1]:8080/wattle/".to_owned(), "eth0".to_owned()), "{written}");
    }
    for other in ["http://[fd00::1]:8080/50%25/", "http://nas.local/a%20b/", "http://10.0.0.2/]%["] {
        assert_eq!(parts(other), (other.to_owned(), String::new()));
    }
    assert_eq!(parts("http://[fe80::1%25]/").1, "25", "an interface with that number");
    assert_eq!(parts("http://[fe80::1%25253]/").1, "253", "the zone of a member at the interface 253");
    let refused = |address: &str| client_for(address).map(drop).unwrap_err();
    assert!(refused("http://[fe80::1]/wattle/").contains("as http://[fe80::1%eth0]"));
    let unknown = refused("http://[fe80::1%no-such-network]/wattle/");
    assert!(unknown.contains("no network of the name no-such-network"), "{unknown}");
    assert!(refused("https://[fe80::1%lo]/").contains("no address of a web server"));
    assert!(client_for("http://[fd00::1]/").is_ok());
}

#[test]
fn the_zone_of_an_address_reaches_the_system_and_not_the_server() {
    // Where this machine has no IPv6, there is nothing to ask.
    let Ok(listener) = TcpListener::bind("[::1]:0") else { return };
    let port = listener.local_addr().unwrap().port();
    let served = serve(listener, answer("HTTP/1.1 200 OK", b"signed"));
    let mut read = String::new();
    Fetched::get(&format!("http://[::1%1]:{port}/update.sig")).unwrap().read_to_string(&mut read).unwrap();
    assert_eq!(read, "signed");
    let asked = served.join().unwrap().to_lowercase();
    assert!(asked.contains(&format!("host: [::1]:{port}\r\n")), "{asked}");
}
