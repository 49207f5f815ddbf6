//! The commands about the mesh: what people read on both screens.

mod invite;
mod window;

use super::args::{DEFAULT_LISTEN_PORT, JoinArgs, MeshCommand, PairingCommand};
use super::output::{Stop, pretty, print, print_as_is, show, show_done};
use super::style::Style;
use super::text::{columns, one_line};
use crate::base::span;
use crate::http::client::{Client, Failure};
use crate::limits::{JOIN_FIND_MS, JOIN_MS, WATCH_MS};
use crate::node::mesh_report::MeshReport;
use crate::platform::stdout::{ask, note};
use crate::platform::{clock, invite_card};
use serde_json::json;
use smol::Timer;
use smol::future::or;
use std::fmt::Write as _;
use std::io::{BufRead, IsTerminal, Read};
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;
use zeroize::Zeroizing;

const PHRASE_WORDS: usize = 24;

/// Bytes of what is typed as a phrase, at most: a word of the list has eight letters.
const PHRASE_BYTES_MAX: usize = 1024;

/// Bytes of an answer to a question, at most.
const ANSWER_BYTES_MAX: u64 = 64;

/// What is answered within this time was not waited for.
const AT_ONCE: Duration = Duration::from_millis(300);

/// Carries out a command about the mesh.
pub(super) async fn run(client: &Client, command: PairingCommand, as_json: bool) -> Result<(), Stop> {
    let (done, fields) = match command {
        PairingCommand::Pair => return window::pair(client, as_json).await,
        PairingCommand::Join(args) => return join(client, &args, as_json).await,
        PairingCommand::Invite(args) => return invite::invite(client, &args, as_json).await,
        PairingCommand::Mesh { what: None } => return mesh(client, as_json).await,
        PairingCommand::Mesh { what: Some(MeshCommand::Create) } => return create(client, as_json).await,
        PairingCommand::Mesh { what: Some(MeshCommand::Recover) } => (recover(client).await?, json!({})),
        PairingCommand::Mesh { what: Some(MeshCommand::Admin { device, phrase: asked }) } => {
            not_removed(client).await?;
            let phrase = if asked { Some(phrase()?) } else { None };
            let done = client.appoint(&device, phrase.as_ref().map(|phrase| phrase.as_str())).await?;
            (done, json!({ "device": device }))
        }
        PairingCommand::Remove { device, yes } => {
            if !yes {
                confirm_removal(client, &device).await?;
            }
            (client.remove(&device).await?, json!({ "device": device }))
        }
        PairingCommand::Leave { anyway, yes } => {
            if !yes {
                confirm(LEAVING)?;
            }
            (client.leave(anyway).await?, json!({}))
        }
    };
    show_done(as_json, fields, &(one_line(&done) + "\n"))
}

const LEAVING: &str = "This device leaves its mesh for good: the others answer it no more, and it does not answer them. It keeps its own documents. The \
                       agent ends, and its next start is a new device.";

/// Asks whether the device that is meant is removed. Where none or several are, the agent says so.
async fn confirm_removal(client: &Client, device: &str) -> Result<(), Stop> {
    if !std::io::stdin().is_terminal() {
        return Ok(());
    }
    match client.mesh().await?.read.find(device) {
        Ok(member) if !member.here => confirm(&format!(
            "{} is removed from the mesh, for ever: with this identity it never comes back. It keeps what is on its own disk.",
            one_line(&member.told_apart())
        )),
        _ => Ok(()),
    }
}

/// Asks a person at a terminal. A program that calls the command means it, and is not asked.
pub(super) fn confirm(what: &str) -> Result<(), Stop> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Ok(());
    }
    ask(&format!("{what} Go on? [y/N]"));
    let mut answer = String::new();
    let read = stdin.lock().take(ANSWER_BYTES_MAX).read_line(&mut answer);
    let is_yes = read.is_ok() && ["y", "yes"].iter().any(|yes| answer.trim().eq_ignore_ascii_case(yes));
    if is_yes { Ok(()) } else { Err(Stop::NotDone("Nothing was changed.".to_owned())) }
}

/// Ends what a removed device cannot do, before its owner types 24 words for it.
async fn not_removed(client: &Client) -> Result<(), Stop> {
    let mesh = client.mesh().await?.read;
    mesh.own_removal().map_or(Ok(()), |why| Err(Stop::NotDone(why)))
}

/// Makes this device an admin: by the root of its mesh, if that is in its home, else by the recovery phrase.
async fn recover(client: &Client) -> Result<String, Stop> {
    not_removed(client).await?;
    match client.recover(None).await {
        Ok(done) => Ok(done),
        Err(Failure::NotDone(_)) => Ok(client.recover(Some(&phrase()?)).await?),
        Err(other) => Err(other.into()),
    }
}

/// The recovery phrase that a person types: 24 words, on one line or several. Not an argument: the shell would keep it.
fn phrase() -> Result<Zeroizing<String>, Stop> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        note("The 24 words of the recovery phrase, in their order:");
    }
    let mut phrase = Zeroizing::new(String::new());
    for line in stdin.lock().lines() {
        let line = Zeroizing::new(line.map_err(|error| Stop::NotDone(format!("The phrase cannot be read: {error}.")))?);
        phrase.push_str(&line);
        phrase.push(' ');
        if phrase.split_whitespace().count() >= PHRASE_WORDS || phrase.len() > PHRASE_BYTES_MAX {
            break;
        }
    }
    Ok(phrase)
}

/// Joins a mesh.
async fn join(client: &Client, join: &JoinArgs, as_json: bool) -> Result<(), Stop> {
    let mut at = Vec::new();
    for place in &join.at {
        at.extend(places(place)?);
    }
    let invite = join.invite.as_deref().map(invite_card::named);
    let body = match &invite {
        None => json!({ "code": join.code.concat(), "at": at }),
        Some(file) => {
            let text = invite_card::read(file).map_err(Stop::NotDone)?;
            json!({ "invite": *text, "at": at })
        }
    };
    let answer = if as_json {
        client.join(body).await?
    } else {
        or(client.join(body), tell_waits(client, looks(&at, invite.is_some()))).await?
    };
    if let Some(file) = &invite
        && let Err(why) = invite_card::wipe(file)
    {
        note(&one_line(&why));
    }
    if as_json {
        return print_as_is(&pretty(&answer.json));
    }
    print(&answer.read.words.as_deref().map_or_else(|| BY_INVITE.to_owned(), has_joined))
}

/// What is under way while a device joins, and for how long at most.
fn looks(at: &[SocketAddr], by_invite: bool) -> String {
    let (find, most) = (JOIN_FIND_MS / 1000, JOIN_MS / 1000);
    match (at, by_invite) {
        ([], false) => format!("Looking in this network for the device that shows the code, for up to {find} seconds."),
        ([], true) => format!("Looking for a device that lets this one in by the invite, for up to {find} seconds."),
        (places, _) => {
            let places: Vec<String> = places.iter().map(ToString::to_string).collect();
            format!("Asking at {} over TCP, for up to {most} seconds.", places.join(" and "))
        }
    }
}

/// Tells a person, while the device joins, what it does, and that it waits for another one that is being let in; until the caller ends it.
/// What is answered at once needs no such words.
async fn tell_waits<T>(client: &Client, looks: String) -> T {
    Timer::after(AT_ONCE).await;
    note(&looks);
    let mut told = false;
    loop {
        Timer::after(Duration::from_millis(WATCH_MS)).await;
        let waits = client.pairing().await.ok().and_then(|answer| answer.read.waits);
        if let Some(seconds) = waits.filter(|_| !told) {
            note(&format!(
                "The other device is busy with another exchange; the next try is in {}.",
                span::span(seconds.into())
            ));
        }
        told = waits.is_some();
    }
}

/// What is shown to whoever joins by an invite: it holds the keys of the devices that may let it in, so nobody can be in between, and
/// there may be no other screen.
const BY_INVITE: &str = "This device has joined the mesh by its invite. There are no three words to compare, as there are with a code: the invite \
                         names the devices that may let it in. `wattle mesh` lists the mesh.\n";

/// What the joining side shows. Whoever is in between has let this device into a mesh of its own: a removal over there ends nothing here.
fn has_joined(words: &str) -> String {
    format!(
        "This device has joined the mesh. The other screen shows the same three words: {words}. If it shows others, somebody is in \
         between, and this device is in their mesh: type `wattle leave` here, and there the `wattle remove DEVICE` that its screen shows.\n"
    )
}

/// The addresses of a place that was typed: with or without a port, as a number or a name.
fn places(typed: &str) -> Result<Vec<SocketAddr>, Stop> {
    let number =
        typed.trim_start_matches('[').trim_end_matches(']').parse().map(|ip| SocketAddr::new(ip, DEFAULT_LISTEN_PORT));
    if let Some(address) = typed.parse().ok().or(number.ok()) {
        return Ok(vec![address]);
    }
    let looked_up = match typed.rsplit_once(':') {
        Some(_) => typed.to_socket_addrs(),
        None => (typed, DEFAULT_LISTEN_PORT).to_socket_addrs(),
    };
    let found: Vec<SocketAddr> = looked_up.into_iter().flatten().take(2).collect();
    if found.is_empty() {
        return Err(Stop::NotDone(format!(
            "{} is no address, and no device of that name was found. An address looks like 192.168.1.5:7781.",
            one_line(typed)
        )));
    }
    Ok(found)
}

/// Makes a mesh, and prints its recovery phrase.
async fn create(client: &Client, as_json: bool) -> Result<(), Stop> {
    if !std::io::stdout().is_terminal() {
        // A file or a journal would keep it.
        return Err(Stop::NotDone(
            "The recovery phrase is shown on a terminal only, and once. Nothing was changed. Run this in a terminal."
                .to_owned(),
        ));
    }
    let phrase = Zeroizing::new(client.make_mesh().await?);
    if as_json {
        let done = "The mesh is made, and this device is its admin. Keep the phrase on paper: it is shown once.";
        return show_done(true, json!({ "phrase": *phrase }), done);
    }
    let mut text =
        String::from("The mesh is made, and this device is its admin. Write these words down, in their order:\n\n");
    for (number, words) in (1..).step_by(6).zip(phrase.split(' ').collect::<Vec<_>>().chunks(6)) {
        let _ = writeln!(text, "  {number:>2}  {}", words.join(" "));
    }
    text.push_str(
        "\nThey are shown once. Whoever has them can make admins of this mesh; without them and without this device, nobody \
         can.\n",
    );
    print(&text)
}

/// Shows the mesh.
async fn mesh(client: &Client, json: bool) -> Result<(), Stop> {
    let answer = client.mesh().await?;
    show(json, &answer.json, || table(&answer.read, Style::of_stdout()))
}

/// Removed devices that are named.
const REMOVALS_SHOWN: usize = 8;

fn table(report: &MeshReport, style: Style) -> String {
    if report.mesh.is_none() {
        return "This device belongs to no mesh. `wattle pair` makes one and lets the next device in; `wattle join CODE` joins \
                that of another device.\n"
            .to_owned();
    }
    let mut text = String::new();
    if let Some(removed) = report.own_removal() {
        let _ = writeln!(text, "{}", one_line(&removed));
    }
    let now = clock::wall_ns() / 1_000_000_000;
    let mut rows = vec![["DEVICE", "LINK", "ROLE", "KNOWN HERE SINCE", "PEER"].map(str::to_owned)];
    rows.extend(report.members.iter().map(|member| {
        let was_seen = member.linked || member.seen.is_some();
        let unnamed = if was_seen { "name not known" } else { "not seen yet" };
        let device = member.device.as_deref().map_or_else(|| unnamed.to_owned(), one_line);
        let link = match member.seen {
            _ if member.here => "this device".to_owned(),
            _ if member.linked => member
                .silent_s
                .map_or_else(|| "linked".to_owned(), |silent| format!("silent for {}", span::span(silent))),
            Some(seen) => format!("seen {}", ago(now - seen)),
            None => "not linked".to_owned(),
        };
        let since = member.since.map_or_else(|| "-".to_owned(), |since| ago(now - since));
        [device, link, role(&member.caps), since, member.peer_id.clone()]
    }));
    let widths: [usize; 5] = std::array::from_fn(|at| rows.iter().map(|row| columns(&row[at])).max().unwrap_or(0));
    for (number, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width + 2 - columns(cell)));
        }
        let line = line.trim_end();
        text.push_str(&if number == 0 { style.dim(line) } else { line.to_owned() });
        text.push('\n');
    }
    for member in &report.members {
        if let Some(why) = &member.no_help {
            let device = member.device.as_deref().unwrap_or(&member.peer_id);
            let _ = writeln!(text, "{} {}.", one_line(device), one_line(why));
        }
    }
    match report.removed {
        0 => {}
        1 => text.push_str("One device was removed, for ever.\n"),
        count => {
            let _ = writeln!(text, "{count} devices were removed, for ever.");
        }
    }
    // Who was removed last is of interest; of those long ago nobody may know the time.
    let mut removals: Vec<_> = report.removals.iter().filter(|removal| removal.peer_id != report.peer_id).collect();
    removals.sort_by_key(|removal| std::cmp::Reverse(removal.known_since));
    for removal in removals.iter().take(REMOVALS_SHOWN) {
        let _ = writeln!(text, "  {}", one_line(&removal.told()));
    }
    if removals.len() > REMOVALS_SHOWN {
        let _ = writeln!(text, "  and {} more, which `wattle mesh --json` lists", removals.len() - REMOVALS_SHOWN);
    }
    text
}

/// What a device is in the mesh, in one word: that of docs/security.md. The certificate's caps are in `--json`.
fn role(caps: &[String]) -> String {
    let known = ["admin", "member"].into_iter().find(|role| caps.iter().any(|cap| cap == role));
    known.map_or_else(|| caps.join(", "), str::to_owned)
}

/// How long something is past. A clock that was set back makes it "just now".
fn ago(seconds: i64) -> String {
    span::ago(u64::try_from(seconds).unwrap_or(0))
}

#[cfg(test)]
mod tests;
