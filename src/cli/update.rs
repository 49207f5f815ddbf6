//! `wattle update` and `wattle factory-reset`: a board of the SD card image takes an update, watches over it, goes back from it, or to its first day. Run by root; the
//! agent itself can write neither the card nor restart the board.

mod agent;
mod makers;
mod origin;
mod status;
mod stick;
mod watch;

use super::args::{ImageCommand, UpdateCommand};
use super::card;
use super::output::{Stop, show, show_done};
use super::paths::absolute;
use crate::mesh::update::Trial;
use crate::platform::clock;
use crate::platform::home::default_home;
use crate::platform::update::{Card, System, Then, mark_for_reset, restart};
use agent::seen;
use origin::Origin;
use serde_json::json;
use status::STANDS;
use std::path::Path;

/// Why a device that runs no image has no updates of this kind.
const NO_IMAGE: &str = "This device does not run Wattle's SD card image: it is updated by the package that its program came with (`apt upgrade`, or a new program in \
                        place of the old one). Nothing was changed.";

/// Runs one of the commands of a board of the image.
pub(super) fn image(what: ImageCommand, home: &Path, as_json: bool) -> Result<(), Stop> {
    match what {
        ImageCommand::Card { what } => card::run(what, home, as_json),
        ImageCommand::Update { root, what } => update(what, &absolute(&root)?, home, as_json),
        ImageCommand::FactoryReset { confirm, root } => reset(&confirm, &absolute(&root)?, as_json),
    }
}

fn update(what: UpdateCommand, root: &Path, home: &Path, as_json: bool) -> Result<(), Stop> {
    match what {
        UpdateCommand::Key { file } => return makers::key(&absolute(&file)?, as_json),
        UpdateCommand::Sign { folder, key, architecture, release } => {
            let (folder, key) = (absolute(&folder)?, absolute(&key)?);
            return makers::sign((&folder, &key), &architecture, release.as_deref(), as_json);
        }
        _ => {}
    }
    let system = System::find(root)?.ok_or_else(|| NO_IMAGE.to_owned())?;
    // Who logs in by ssh is root, whose usual home has no agent.
    let home = if default_home().is_ok_and(|usual| usual == home) { system.home() } else { home.to_owned() };
    match what {
        UpdateCommand::Check { from } => check(&system, from.as_deref(), as_json),
        UpdateCommand::Apply { from, older, now, stick } => {
            let from = Origin::of(&system, from.as_deref())?;
            apply(&system, &home, (&from, stick.as_deref()), (older, now), as_json)
        }
        UpdateCommand::Rollback => back(&system, as_json),
        UpdateCommand::Watch => watch::watch(&system, &home),
        _ => status::status(&system, as_json),
    }
}

fn check(system: &System, from: Option<&str>, as_json: bool) -> Result<(), Stop> {
    let from = Origin::of(system, from)?;
    let update = from.package().check(system, true)?;
    let (brings, runs) = (update.version, System::version());
    let fields = json!({
        "brings": brings.to_string(),
        "runs": runs.to_string(),
        "newer": brings > runs,
        "bytes": update.boot.bytes + update.root.bytes,
    });
    show(as_json, &fields, || {
        if brings > runs {
            format!(
                "There is version {brings}, signed and for this board, which runs {runs}. `wattle update apply` takes it.\n"
            )
        } else {
            format!("There is version {brings}, signed and for this board, which runs {runs}: nothing is to be done.\n")
        }
    })
}

fn apply(
    system: &System,
    home: &Path,
    (from, on_stick): (&Origin, Option<&str>),
    (older, now): (bool, bool),
    as_json: bool,
) -> Result<(), Stop> {
    let card = Card::take(system)?;
    if let Some(name) = on_stick {
        stick::may_take(&card, from, name)?;
    }
    let version = card.install(&from.package(), older)?;
    forget_left(&card);
    let stands = card.record().is_some_and(|record| record.stands());
    let mut text = format!("Version {version} lies whole on the card. ");
    if stands {
        text += STANDS;
        text += " ";
    }
    let mut then = Then::GoOn;
    if now {
        system.can_try()?;
        let (mut trial, _) = Trial::start(clock::now(), system.running(), card.record());
        let has_mesh = seen(home).is_some_and(|seen| seen.reaches_others);
        then = card.carry_out(&trial.turn(has_mesh, card.has_network()))?;
        text += "The board starts it now, and comes back to this one by itself unless it holds for ten minutes.\n";
    } else if let Err(why) = system.can_try() {
        text += &why;
        text.push('\n');
    } else {
        text += "The board starts it once it is its turn: in a few minutes, unless another device of the mesh updates or was away within a day. `wattle update status` says how far it is.\n";
    }
    let fields = json!({ "brings": version.to_string(), "restarts": then != Then::GoOn, "stands": stands });
    show_done(as_json, fields, &text)?;
    restart(system, then).map(drop).map_err(Stop::NotDone)
}

fn back(system: &System, as_json: bool) -> Result<(), Stop> {
    let card = Card::take(system)?;
    let (mut trial, effects) = Trial::start(clock::now(), system.running(), card.record());
    card.carry_out(&effects)?;
    let effects = trial.back(system.running());
    if effects.is_empty() {
        return Err(Stop::NotDone(
            "There is nothing to go back from: this system came by no update, or the place of the earlier one was written over since. Nothing was changed."
                .to_owned(),
        ));
    }
    let then = card.carry_out(&effects)?;
    forget_left(&card);
    let text = if then == Then::GoOn {
        "The update that waited is given up.\n"
    } else {
        "The board starts anew with the earlier system.\n"
    };
    show_done(as_json, json!({ "restarts": then != Then::GoOn }), text)?;
    restart(system, then).map(drop).map_err(Stop::NotDone)
}

/// What was told of an update on a stick that was left alone holds no more.
fn forget_left(card: &Card<'_>) {
    if let Err(error) = card.forget_left() {
        log::warn!("That an update was left alone cannot be forgotten: {error}.");
    }
}

/// Marks the boot partition, so that the next start makes the data partition anew.
fn reset(name: &str, root: &Path, as_json: bool) -> Result<(), Stop> {
    let system = System::find(root)?.ok_or_else(|| {
        "This device does not run Wattle's SD card image, and is not reset: `wattle leave` takes it out of its mesh, and its home can be deleted then. Nothing was changed."
            .to_owned()
    })?;
    let own = system.name();
    if !own.eq_ignore_ascii_case(name.trim_end_matches(".local")) {
        return Err(Stop::Misused(format!(
            "This board is {own}, and not {name}. Nothing was changed. To delete all that it has of you: `wattle factory-reset --confirm {own}`"
        )));
    }
    mark_for_reset(&system)?;
    let text = format!(
        "This board starts anew, and forgets everything of its owner. Its mesh knows the old device until you remove it there: `wattle remove {own}`.\n"
    );
    show_done(as_json, json!({ "name": own }), &text)?;
    restart(&system, Then::Restart).map(drop).map_err(Stop::NotDone)
}

#[cfg(test)]
#[path = "update/update_test.rs"]
mod update_test;
