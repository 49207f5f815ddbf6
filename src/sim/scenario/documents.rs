//! The documents of a scenario's devices.

use super::plan::{Documents, Scenario};
use crate::base::time::Duration;
use crate::sim::leaves::PRIVATE_WORD;
use crate::sim::world::{FOLDER, World};

/// The folder whose texts no other device may get.
pub(super) const PRIVATE_FOLDER: &[u8] = b"/private";

/// Writes documents to their device.
pub(super) fn write(world: &mut World, of: &Documents, next_text: &mut u64) {
    for _ in 0..of.count {
        *next_text += 1;
        let n = *next_text;
        let folder = if of.private { PRIVATE_FOLDER } else { FOLDER };
        let path = [folder, format!("/{n}.md").as_bytes()].concat();
        world.devices[of.device].files.write(&path, text_of(n, of.chunks, of.private, 0).as_bytes());
        world.touched(of.device, &path);
    }
}

/// Documents that were embedded before: by a device of its own world, whose disk and files the device of the scenario gets. Gives the
/// number of the last text.
pub(super) fn add_embedded(world: &mut World, scenario: &Scenario) -> u64 {
    let mut last = 0;
    for of in scenario.documents.iter().filter(|of| of.embedded) {
        let mut before = World::new(of.device as u64, 1);
        before.set_speed(0, 1);
        write(&mut before, &Documents { device: 0, ..of.clone() }, &mut last);
        before.boot(0);
        before.add_folder(0);
        before.run_until_embedded(0, Duration::from_secs(3600));
        let from = before.devices.remove(0);
        let device = &mut world.devices[of.device];
        (device.disk, device.files, device.boots) = (from.disk, from.files, from.boots);
    }
    last
}

/// A document of so many chunks, unlike all others.
pub(super) fn text_of(n: u64, chunks: usize, private: bool, salt: u64) -> String {
    let mark = if private { PRIVATE_WORD } else { "note" };
    if chunks == 1 {
        return format!(
            "The {mark} {n}: the fence{n} by the river{} was mended in year {}. {salt}",
            n * 7 % 1000,
            1900 + n % 120
        );
    }
    let mut text = String::new();
    for part in 0..chunks {
        text += &format!("# Part {part} of {n}\n\n");
        for word in 0..40 {
            text += &format!("word{} {mark} of part{part} in {n} ", part * 31 + word);
        }
        text += "end.\n\n";
    }
    text
}
