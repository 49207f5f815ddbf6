//! `wattle pair`, `join`, `mesh` and `mesh create`: what people read on both screens.

use super::args::{DEFAULT_LISTEN_PORT, JoinArgs};
use super::output::{Stop, compact, pretty, print};
use super::style::Style;
use super::text::{columns, one_line};
use crate::http::client::Client;
use crate::limits::{INVITE_FILE_BYTES_MAX, WATCH_MS};
use crate::net::diagnostics::NetworkReport;
use crate::node::mesh_report::{ClosedWindow, MeshReport, OpenWindow};
use crate::wire::pairing::qr::Qr;
use serde_json::json;
use smol::Timer;
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

/// Opens a window and waits until it has closed.
pub(super) async fn pair(client: &Client, json: bool) -> Result<(), Stop> {
    let opened = client.pair().await?;
    let Some(window) = opened.read.window else {
        return Err(Stop::NotDone("The window closed at once. Run `wattle pair` again.".to_owned()));
    };
    if json {
        print(&compact(&opened.json))?;
    } else {
        let network = client.network().await?.read;
        print(&shown(&window, &network, std::io::stdout().is_terminal()))?;
    }
    loop {
        Timer::after(Duration::from_millis(WATCH_MS)).await;
        let answer = client.pairing().await?;
        match (answer.read.window, answer.read.closed) {
            (Some(now), _) if now.code == window.code => {}
            (None, Some(closed)) => {
                if json {
                    print(&compact(&answer.json))?;
                }
                return ended(&closed, json);
            }
            _ => return Err(Stop::NotDone("Another window was opened, or the agent started again.".to_owned())),
        }
    }
}

/// The code, the QR code, and what to type on the other device.
fn shown(window: &OpenWindow, network: &NetworkReport, terminal: bool) -> String {
    let mut text = format!("\n    {}\n\n", window.code);
    let local = network.listen.filter(|at| at.ip().is_loopback());
    if terminal && local.is_none() {
        for line in Qr::of(&window.link).into_iter().flat_map(|qr| qr.lines(false)) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    let join = format!("wattle join {}", window.code.replace(' ', ""));
    let at = local.map(|at| at.to_string()).or_else(|| window.addresses.first().cloned());
    let _ = writeln!(text, "On the other device, where `wattle up` runs, type within three minutes:\n\n    {join}\n");
    if let Some(at) = at {
        let _ = writeln!(text, "If it does not find this one:\n\n    {join} --at {at}\n");
    }
    if let Some(at) = local {
        let _ = writeln!(
            text,
            "This device listens at {at} only, where just this machine reaches it. For other devices, start it with \
             `wattle up --listen 0.0.0.0:{DEFAULT_LISTEN_PORT}`.\n"
        );
    }
    text
}

fn ended(closed: &ClosedWindow, json: bool) -> Result<(), Stop> {
    let Some(joined) = &closed.joined else { return Err(Stop::NotDone(closed.why.clone())) };
    if json {
        return Ok(());
    }
    print(&format!(
        "{} has joined the mesh. The other screen shows the same three words: {}. If it shows others, type `wattle remove \
         {}`.\n",
        one_line(&joined.device),
        joined.words,
        joined.peer_id
    ))
}

/// Joins a mesh.
pub(super) async fn join(client: &Client, join: &JoinArgs) -> Result<(), Stop> {
    let mut at = Vec::new();
    for place in &join.at {
        at.extend(places(place)?);
    }
    let body = match &join.invite {
        None => json!({ "code": join.code.concat(), "at": at }),
        Some(file) => {
            let name = file.display();
            let unreadable = |why: String| Stop::NotDone(format!("The invite {name} cannot be read: {why}."));
            let length = std::fs::metadata(file).map_err(|error| unreadable(error.to_string()))?.len();
            if length > INVITE_FILE_BYTES_MAX as u64 {
                return Err(unreadable("it is too long for one".to_owned()));
            }
            let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
            json!({ "invite": text, "at": at })
        }
    };
    let answer = client.join(body).await?;
    if join.json {
        return print(&pretty(&answer.json));
    }
    print(&format!(
        "This device has joined the mesh. The other screen shows the same three words: {}. If it shows others, somebody is in \
         between: type `wattle remove` there.\n",
        answer.read.words
    ))
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
pub(super) async fn create(client: &Client) -> Result<(), Stop> {
    let phrase = client.make_mesh().await?;
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
pub(super) async fn mesh(client: &Client, json: bool) -> Result<(), Stop> {
    let answer = client.mesh().await?;
    print(&if json { pretty(&answer.json) } else { table(&answer.read, Style::of_stdout()) })
}

fn table(report: &MeshReport, style: Style) -> String {
    if report.mesh.is_none() {
        return "This device belongs to no mesh. `wattle pair` makes one and lets the next device in; `wattle join CODE` joins \
                that of another device.\n"
            .to_owned();
    }
    let mut text = String::new();
    if report.removed_here {
        text.push_str("This device was removed from its mesh, for ever. It can only come back with a new identity.\n");
    }
    let mut rows = vec![["DEVICE", "LINK", "MAY", "PEER"].map(str::to_owned)];
    rows.extend(report.members.iter().map(|member| {
        let device = member.device.as_deref().map_or_else(|| "not seen yet".to_owned(), one_line);
        let link = if member.here {
            "this device"
        } else if member.linked {
            "linked"
        } else {
            "not linked"
        };
        [device, link.to_owned(), member.caps.join(", "), member.peer_id.clone()]
    }));
    let widths: [usize; 4] = std::array::from_fn(|at| rows.iter().map(|row| columns(&row[at])).max().unwrap_or(0));
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
    match report.removed {
        0 => {}
        1 => text.push_str("One device was removed, for ever.\n"),
        count => {
            let _ = writeln!(text, "{count} devices were removed, for ever.");
        }
    }
    text
}
