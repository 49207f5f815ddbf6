//! `wattle pair`: the window in which a device joins by a code, from its opening to who came in.

use crate::base::finding::quoted;
use crate::cli::code::Code;
use crate::cli::output::{Stop, compact, print, print_as_is};
use crate::cli::style::Style;
use crate::cli::text::one_line;
use crate::http::client::{Client, Failure};
use crate::limits::WATCH_MS;
use crate::net::diagnostics::NetworkReport;
use crate::node::mesh_report::{ClosedWindow, JoinedDevice, OpenWindow, PairingReport};
use crate::platform::stdout::note;
use async_signal::{Signal, Signals};
use futures_lite::StreamExt;
use smol::Timer;
use smol::future::or;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

/// What is said to whoever ends the command while a device is being let in, and then again.
const ENTERS: &str = "The window is closed. A device has the right code, and is being let in.";
/// See `ENTERS`.
const WAITED: &str = "It was not waited for who is being let in; `wattle mesh` shows whether it has joined.";

const ANOTHER: &str = "The code is not good any more: another one was made here, or the agent has started again, which ends a code. `wattle pair` makes \
                       the next one; `wattle mesh` shows whether a device has joined.";

const AGENT_ENDED: &str = "The agent has ended, and the code with it: it is not good any more. Start the agent again, then run `wattle pair` for a new \
                           code; `wattle mesh` shows whether a device has joined.";

/// Opens a window and waits until it has closed, and who had the code by then is let in.
pub(super) async fn pair(client: &Client, json: bool) -> Result<(), Stop> {
    // Before the window is open: Ctrl-C at any moment closes it.
    let mut signals = Signals::new([Signal::Int, Signal::Term, Signal::Hup])
        .map_err(|error| Stop::NotDone(format!("The system gives no signals to the command: {error}.")))?;
    let opened = client.pair().await?;
    let Some(window) = opened.read.window else {
        return Err(Stop::NotDone("The window closed at once. Run `wattle pair` again.".to_owned()));
    };
    if json {
        print_as_is(&compact(&opened.json))?;
    } else {
        let network = client.network().await?.read;
        print(&shown(&window, &network, Style::columns_of_stdout()))?;
    }
    let (mut is_left, mut told) = (false, None);
    loop {
        let tick = async {
            Timer::after(Duration::from_millis(WATCH_MS)).await;
            false
        };
        if or(tick, async { signals.next().await.is_some() }).await {
            if is_left {
                return Err(Stop::NotDone(WAITED.to_owned()));
            }
            // Whoever ends the command wants nobody to come in any more.
            client.close_window().await.map_err(without_agent)?;
            is_left = true;
        }
        let answer = client.pairing().await.map_err(without_agent)?;
        let news =
            answer.read.trouble.clone().or_else(|| (is_left && answer.read.letting_in).then(|| ENTERS.to_owned()));
        if let Some(news) = news.filter(|news| told.as_ref() != Some(news)) {
            note(&one_line(&news));
            told = Some(news);
        }
        if let Some(end) = ended(&window, &answer.read, is_left) {
            if json && answer.read.closed.is_some() {
                print_as_is(&compact(&answer.json))?;
            }
            return match end {
                Ok(_) if json => Ok(()),
                Ok(joined) => print(&joined),
                Err(why) => Err(Stop::NotDone(why)),
            };
        }
    }
}

/// What a person reads whose agent ends while the code is shown: what became of the code, not of a connection.
fn without_agent(failure: Failure) -> Stop {
    match failure {
        Failure::NoAgent(_) => Stop::NoAgent(AGENT_ENDED.to_owned()),
        other => other.into(),
    }
}

/// How the window ended, once that is sure: what people read about the device that joined, or else why none did. `is_left`: the command
/// was ended, and its window closed by that; who has proven the code by then is let in all the same.
fn ended(opened: &OpenWindow, report: &PairingReport, is_left: bool) -> Option<Result<String, String>> {
    match (&report.window, &report.closed) {
        (Some(now), _) if now.code == opened.code => None,
        // Another window is open already.
        (Some(_), Some(ClosedWindow { number, joined: Some(joined), .. })) if *number == Some(opened.number) => {
            Some(Ok(has_joined(joined)))
        }
        (Some(_), _) => Some(Err(ANOTHER.to_owned())),
        (None, Some(ClosedWindow { joined: Some(joined), .. })) => Some(Ok(has_joined(joined))),
        (None, _) if report.letting_in => None,
        (None, Some(_)) if is_left => Some(Err("The window is closed. Nobody has joined.".to_owned())),
        (None, Some(closed)) => Some(Err(closed.why.clone())),
        (None, None) => Some(Err(ANOTHER.to_owned())),
    }
}

/// Who came in, and the words to compare, where there are some.
fn has_joined(JoinedDevice { device, peer_id, words }: &JoinedDevice) -> String {
    let device = one_line(device);
    match words {
        Some(words) => format!(
            "{device} has joined the mesh. The other screen shows the same three words: {words}. If it shows others, type `wattle \
             remove {peer_id}`.\n"
        ),
        None => format!("{device} has joined the mesh by an invite, which has no words to compare.\n"),
    }
}

/// That no other device reaches an agent that listens here, and what to do.
pub(super) fn only_here(at: SocketAddr) -> String {
    format!(
        "This device listens on its own machine only, at {at}, where no other device reaches it. For other devices, start it with \
         `wattle up --listen 0.0.0.0:{}`.",
        at.port()
    )
}

/// The code, the QR code where it fits so many columns, and what to type on the other device.
fn shown(window: &OpenWindow, network: &NetworkReport, columns: usize) -> String {
    let local = network.listen.filter(|at| at.ip().is_loopback());
    let mut text = String::new();
    if let Some(at) = local {
        let _ = writeln!(text, "{}\n", only_here(at));
    }
    let _ = writeln!(text, "\n    {}\n", window.code);
    let code = if local.is_none() { Code::of(&window.link, columns) } else { Code::Nothing };
    if matches!(code, Code::Left(_)) {
        let _ = writeln!(text, "{}", window.link);
    }
    text.push_str(code.shown());
    let join = format!("wattle join {}", window.code.replace(' ', ""));
    if let Some(at) = local {
        let at = quoted(&at.to_string());
        let _ = writeln!(
            text,
            "So this code, which holds for three minutes, is for another agent on this machine alone. Type there, with its own --home:\n\n    \
             {join} --at {at} --home DIR\n"
        );
        return text;
    }
    let _ = writeln!(text, "On the other device, where `wattle up` runs, type within three minutes:\n\n    {join}\n");
    if let Some(at) = window.addresses.first().map(|at| quoted(at)) {
        let _ = writeln!(text, "If it does not find this one:\n\n    {join} --at {at}\n");
    }
    let gives = match code {
        Code::Drawn(_) => "The QR code is for any scanner, of a phone for example: it gives a text. Who types that",
        Code::Left(_) => "The text below the digits is that of the QR code. Who types it",
        Code::Nothing => return text,
    };
    let _ = writeln!(
        text,
        "{gives} on the other device in place of the digits, as\n\n    wattle join 'TEXT'\n\nneeds no address: it is in the text.\n"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(code: &str) -> OpenWindow {
        let (link, addresses) = (String::new(), Vec::new());
        OpenWindow {
            number: 1 + u64::from(code == "2"),
            code: code.to_owned(),
            link,
            addresses,
            seconds_left: 9,
            tries_left: 5,
        }
    }

    fn said(
        window_now: Option<OpenWindow>,
        closed: Option<Option<JoinedDevice>>,
        letting_in: bool,
        is_left: bool,
    ) -> String {
        let closed =
            closed.map(|joined| ClosedWindow { number: Some(1), why: "The time was over.".to_owned(), joined });
        let report = PairingReport { window: window_now, closed, letting_in, ..PairingReport::default() };
        ended(&window("1"), &report, is_left).map_or_else(|| "waits".to_owned(), |end| end.unwrap_or_else(|why| why))
    }

    #[test]
    fn a_window_of_a_device_that_nobody_reaches_says_so_before_the_code_and_names_no_way_for_another_device() {
        let network = |listen: &str| NetworkReport {
            listen: Some(listen.parse().unwrap()),
            listen_addresses: Vec::new(),
            no_datagrams: None,
            garbage: 0,
            multicast: crate::net::diagnostics::Multicast::default(),
            peers: Vec::new(),
            unknown_peers: Vec::new(),
        };
        let local = shown(&window("1234 5678"), &network("127.0.0.1:41234"), 80);
        let (first, rest) = local.split_once("1234 5678").unwrap();
        assert!(first.contains("own machine only") && first.contains("--listen 0.0.0.0:41234"), "{local}");
        assert!(rest.contains("on this machine alone") && rest.contains("--at 127.0.0.1:41234"), "{local}");
        assert!(!rest.contains("On the other device"), "{local}");
        let bracketed = shown(&window("1"), &network("[::1]:41234"), 80);
        assert!(bracketed.contains("--at '[::1]:41234' --home DIR"), "{bracketed}");
        let there = OpenWindow { addresses: vec!["[fd00::2]:7781".to_owned()], ..window("1") };
        assert!(shown(&there, &network("0.0.0.0:7781"), 80).contains("--at '[fd00::2]:7781'\n"));
        let open = shown(&window("1234 5678"), &network("0.0.0.0:7781"), 80);
        assert!(open.contains("On the other device") && !open.contains("own machine only"), "{open}");
        assert!(open.contains("The QR code is for any scanner") && open.contains("wattle join 'TEXT'"), "{open}");
        assert!(!shown(&window("1"), &network("0.0.0.0:7781"), usize::MAX).contains("QR"), "a pipe has none");
        let link = "wattle:pair?c=00000000000000000000000000".to_owned();
        let narrow = shown(&OpenWindow { link, ..window("1") }, &network("0.0.0.0:7781"), 30);
        assert!(
            narrow.contains("00000\nThe QR code is not drawn") && narrow.contains("wattle join 'TEXT'"),
            "{narrow}"
        );
        assert!(!narrow.contains('█') && !narrow.contains("any scanner"), "{narrow}");
        assert!(!local.contains("QR"), "{local}");
    }

    #[test]
    fn whoever_ends_the_command_is_told_who_joined_also_if_that_device_was_just_being_let_in() {
        let words = Some("a b c".to_owned());
        let joined = JoinedDevice { device: "attic".to_owned(), peer_id: "12D3".to_owned(), words };
        for is_left in [true, false] {
            assert!(said(None, Some(Some(joined.clone())), false, is_left).starts_with("attic has joined"));
            assert_eq!(said(None, None, true, is_left), "waits", "its certificate is being saved");
            assert_eq!(said(None, Some(None), true, is_left), "waits");
            assert!(said(Some(window("2")), None, true, is_left).contains("another one was made here"));
            let next = said(Some(window("2")), Some(Some(joined.clone())), false, is_left);
            assert!(next.starts_with("attic has joined"), "the next window hides nobody's words: {next}");
            assert!(said(Some(window("2")), Some(None), false, is_left).contains("another one was made here"));
            assert!(said(None, None, false, is_left).contains("the agent has started again"));
            assert_eq!(said(Some(window("1")), None, false, is_left), "waits");
        }
        let by_invite = said(None, Some(Some(JoinedDevice { words: None, ..joined })), false, false);
        assert!(by_invite.starts_with("attic has joined") && !by_invite.contains("If it shows others"), "{by_invite}");
        let gone = without_agent(Failure::NoAgent("connection refused".to_owned()));
        assert!(
            matches!(&gone, Stop::NoAgent(why) if why.contains("not good any more") && !why.contains("connection"))
        );
        assert_eq!(said(None, Some(None), false, true), "The window is closed. Nobody has joined.");
        assert_eq!(said(None, Some(None), false, false), "The time was over.");
    }
}
