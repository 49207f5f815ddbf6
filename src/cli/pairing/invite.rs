//! `wattle invite`: an invite on a card.

use super::super::args::InviteArgs;
use super::super::output::{Stop, show_done};
use super::super::text::one_line;
use super::window;
use crate::base::count::count;
use crate::base::finding::quoted_bytes;
use crate::http::client::{Client, Failure, Replaced};
use crate::platform::invite_card;
use crate::wire::pairing::invite::Invite;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use zeroize::Zeroizing;

/// Writes an invite onto a card.
pub(super) async fn invite(client: &Client, args: &InviteArgs, as_json: bool) -> Result<(), Stop> {
    // Before the invite is made: the folder of a card that is not there would be made on this disk.
    if !args.file.is_dir() {
        let name = args.file.display();
        return Err(Stop::NotDone(format!(
            "There is no folder {name}. Name the card's boot partition where it is mounted."
        )));
    }
    let before = invite_card::find(std::slice::from_ref(&args.file));
    if let Some(before) = before.as_ref().filter(|_| !args.replace) {
        return Err(Stop::NotDone(on_card_already(before, &args.file)));
    }
    let before = match before {
        Some(before) => Some(to_replace(&before, &args.file)?),
        None => None,
    };
    // Before the invite that is there is void.
    invite_card::try_to_write(&args.file).map_err(Stop::NotDone)?;
    let is_first = client.mesh().await?.read.mesh.is_none();
    let (text, replaced) = client.invite(args.hours, before.as_ref().map(|text| text.as_str())).await?;
    let file = invite_card::write(&args.file, &text).map_err(|why| {
        let then = if replaced.is_void == Some(true) { " The invite that was there is void already." } else { "" };
        Stop::NotDone(format!("{why}{then} `wattle invite --file DIR` writes another one on a card that takes it."))
    })?;
    let listen = client.network().await.map(|network| network.read.listen);
    let remark = note_on_network(listen);
    let fields = json!({
        "file": file.display().to_string(), "hours": args.hours, "replaced": replaced.is_void, "not_replaced": replaced.why_not,
        "first": is_first, "remark": remark,
    });
    let mut text = format!(
        "{} lets one device in, once, within {} in which this device runs. Whoever copies the file can use it in that device's \
         place. It is deleted when the device has joined, without a code and without three words to compare: `wattle mesh` lists the device then.{}{}\n",
        one_line(&file.display().to_string()),
        count(u64::from(args.hours), "hour"),
        of_replaced(&replaced),
        if is_first { " This device had no mesh: it has made one, of which it is the first." } else { "" }
    );
    if let Some(remark) = remark {
        text += &remark;
        text.push('\n');
    }
    show_done(as_json, fields, &text)
}

/// The text of the invite that is to be replaced. One that cannot be read is not overwritten: which invite it is, nobody would know then.
fn to_replace(file: &Path, folder: &Path) -> Result<Zeroizing<String>, Stop> {
    let why = match invite_card::read(file) {
        Err(why) => why,
        Ok(text) if Invite::parse(&text).is_ok() => return Ok(text),
        Ok(_) => format!("{} is damaged, or no invite of this version.", file.display()),
    };
    Err(Stop::NotDone(format!(
        "{} So nobody knows which invite it is, and it cannot be made void: whoever has a whole copy of it can join by that within its time. \
         Nothing was changed. To go on all the same, delete the file, then type `wattle invite --file {}`.",
        one_line(&why),
        quoted_bytes(folder.as_os_str().as_encoded_bytes())
    )))
}

/// What the owner of the card has to know of this device's network. The invite is written, whatever the agent answers.
fn note_on_network(listen: Result<Option<SocketAddr>, Failure>) -> Option<String> {
    match listen {
        Ok(listen) => listen.filter(|at| at.ip().is_loopback()).map(window::only_here),
        Err(why) => Some(format!(
            "The invite is written. Whether other devices reach this one could not be asked: {} `wattle doctor` says it.",
            one_line(why.sentence())
        )),
    }
}

/// Whoever writes several cards, one after another in one place, may have the last one in still.
fn on_card_already(file: &Path, folder: &Path) -> String {
    format!(
        "{} is there already: an invite for one device, used or not. If this is the card of another device, put the right one in. To write a new \
         invite in its place, which makes that one void: `wattle invite --file {} --replace`. Nothing was changed.",
        one_line(&file.display().to_string()),
        quoted_bytes(folder.as_os_str().as_encoded_bytes())
    )
}

/// What became of the invite that was there before.
fn of_replaced(replaced: &Replaced) -> String {
    match (replaced.is_void, &replaced.why_not) {
        (None, _) => String::new(),
        (Some(true), _) => " The one that was there is void here and on the other admins that are on now; one that is off hears of it with its \
                            next link."
            .to_owned(),
        (Some(false), Some(why)) => format!(" {}", one_line(why)),
        (Some(false), None) => " What became of the one that was there is not known.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn an_invite_that_cannot_be_read_is_not_replaced_and_why_is_told() {
        let card = tempfile::tempdir().unwrap();
        let file = invite_card::write(card.path(), "").unwrap();
        let told = |file: &Path| match to_replace(file, card.path()) {
            Err(Stop::NotDone(why)) => why,
            other => panic!("{other:?}"),
        };
        for bytes in [&b""[..], b"\n\n\n", b"version = 1\nmesh = \"A\"\n", &[0xff; 40], &[b'x'; 9_000]] {
            fs::write(&file, bytes).unwrap();
            let why = told(&file);
            assert!(why.contains("cannot be made void") && why.contains("Nothing was changed."), "{why}");
            assert!(why.contains("delete the file, then type `wattle invite --file "), "{why}");
        }
        assert!(told(&card.path().join("gone")).contains("cannot be read"));
    }

    #[test]
    fn what_became_of_the_earlier_invite_is_told_in_the_words_of_the_agent() {
        let of = |is_void, why: Option<&str>| of_replaced(&Replaced { is_void, why_not: why.map(str::to_owned) });
        assert_eq!(of(None, None), "");
        assert!(of(Some(true), None).contains("is void here"));
        assert_eq!(of(Some(false), Some("It was used.")), " It was used.");
        assert!(of(Some(false), None).contains("not known"));
    }

    #[test]
    fn an_invite_that_is_written_stays_written_if_the_agent_does_not_answer_any_more() {
        let note = note_on_network(Err(Failure::NoAgent("No agent answers.".to_owned()))).expect("it is told");
        assert!(note.starts_with("The invite is written.") && note.contains("No agent answers."), "{note}");
        assert!(note_on_network(Ok(Some(([127, 0, 0, 1], 7781).into()))).is_some());
        assert_eq!(note_on_network(Ok(Some(([0, 0, 0, 0], 7781).into()))), None);
        assert_eq!(note_on_network(Ok(None)), None);
    }
}
