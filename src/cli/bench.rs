//! `wattle bench`: how fast this device embeds. No agent is asked, and none should be at work meanwhile.
//!
//! The model is loaded as the agent loads it, by the kernel that it chooses, and a text of each length embedded again and again on one thread: a
//! task of the agent has one, too. The lengths are what the model reads, its own prefix and both ends counted. Of CPU times the least counts: what else runs can
//! only add to it.
//!
//! The agent does not use this: it counts what each chunk of its tasks took, with the lengths that its files have and everything around the model, and
//! the other devices are told the mean of the last ones (`energy::duty_cycle`). The output says so.
//!
//! Where a sensor measures power, the joules of 1,000 chunks of `JOULES_OF` tokens are its mean watts over that length's
//! turn: of the part of the device that it measures, at rest and at work together.

use super::calibrate;
use super::output::{Stop, pretty, print, print_as_is};
use crate::base::time::Duration;
use crate::embed::Embedder;
use crate::embed::kernels::Kernel;
use crate::embed::reader::Side;
use crate::platform::models::{self, EmbeddedModel};
use crate::platform::{clock, sched};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

/// Tokens of the texts.
const LENGTHS: [usize; 3] = [32, 128, 256];
/// The length of which the energy is told: that of an ordinary chunk.
const JOULES_OF: usize = 128;
/// What they are made of: a token of its own in nearly every vocabulary.
const WORD: &str = "the";
/// How long each length is embedded, and how often at least: a slow board is asked no more than it must be.
const TURN: Duration = Duration::from_secs(2);
const ROUNDS_MIN: u32 = 5;

/// Who runs a model that no kernel of ours does.
const TRACT: &str = "tract";

/// What was measured.
#[derive(Debug)]
struct Measured {
    model: String,
    kernel: &'static str,
    load_ms: f64,
    /// For each of `LENGTHS`.
    ms: [f64; LENGTHS.len()],
    rss_mb: Option<f64>,
    joules: Option<f64>,
}

/// Measures and prints the model of this folder, else the one inside the program.
pub(super) fn bench(json: bool, folder: Option<&Path>, model: &EmbeddedModel) -> Result<(), Stop> {
    let folder = folder.map(models::find).transpose()?;
    let before = sched::process_cpu();
    let (mut engine, manifest) = models::load(folder.as_deref(), model)?;
    let load_ms = milliseconds(sched::process_cpu().saturating_sub(before));
    let mut sensors = calibrate::sensor(Path::new("/"), None).map(|(sensors, _)| sensors);
    let (mut ms, mut joules) = ([0.0; LENGTHS.len()], None);
    for (length, ms) in LENGTHS.into_iter().zip(&mut ms) {
        let text = text_of(length, |text| {
            let ids = engine.ids(Side::Passage, text);
            ids.map(<[u32]>::len).map_err(|error| Stop::NotDone(format!("A text was not read: {error}.")))
        })?;
        let mut watts = || sensors.as_mut()?.watts(clock::now(), None).map(|watts| watts.watts);
        // A counter gives the mean since it was last read.
        watts();
        let (least, mean) = turn(&mut engine, &text)?;
        *ms = milliseconds(least);
        if length == JOULES_OF {
            joules = watts().map(|watts| watts * milliseconds(mean));
        }
    }
    let kernel = engine.kernel().unwrap_or(TRACT);
    let measured = Measured { model: manifest.name().to_owned(), kernel, load_ms, ms, rss_mb: peak_mb(), joules };
    if json { print_as_is(&pretty(&measured.json())) } else { print(&measured.text()) }
}

/// A text of which the model reads so many tokens, or if its words do not come out even, as few less as can be. How many a word has, and
/// the model's own prefix, depends on the model: the same words are another length for each.
fn text_of(length: usize, mut tokens: impl FnMut(&str) -> Result<usize, Stop>) -> Result<String, Stop> {
    let mut text = String::new();
    // A model that never reads so many is timed with all that it reads.
    for _ in 0..length {
        let longer = if text.is_empty() { WORD.to_owned() } else { format!("{text} {WORD}") };
        if tokens(&longer)? > length {
            break;
        }
        text = longer;
    }
    Ok(text)
}

/// Why a library runs the model, which is slower: the processor, or else the model's form. Nothing where a kernel of ours does.
const fn why_not_ours(is_ours: bool, has_kernel: bool) -> &'static str {
    match (is_ours, has_kernel) {
        (true, _) => "",
        (false, true) => {
            "tract is a library that runs any model, in 32-bit floats: this one has another form than the kernels of Wattle know. It takes longer and more memory.\n"
        }
        (false, false) => {
            "tract is a library that runs the model in 32-bit floats: this processor lacks the instructions of the kernels of Wattle (AVX2 and FMA; on a 32-bit \
             board NEON and VFPv4). It takes longer and more memory, and the vectors differ a little (docs/architecture.md).\n"
        }
    }
}

/// The least CPU time of an embedding, and the mean time on the clock.
fn turn(engine: &mut impl Embedder, text: &str) -> Result<(Duration, Duration), Stop> {
    let (begin, mut least, mut rounds) = (clock::now(), Duration::MAX, 0);
    while rounds < ROUNDS_MIN || clock::now().since(begin) < TURN {
        let before = clock::thread_cpu();
        engine.embed(text).map_err(|error| Stop::NotDone(format!("A text was not embedded: {error}.")))?;
        least = least.min(clock::thread_cpu().saturating_sub(before));
        rounds += 1;
    }
    Ok((least, clock::now().since(begin) / rounds))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The most memory that this process had, in megabytes.
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0 / 1e6)
}

impl Measured {
    fn json(&self) -> Value {
        let ms = LENGTHS.iter().zip(self.ms).map(|(length, ms)| (length.to_string(), json!(rounded(ms))));
        json!({
            "model": self.model,
            "kernel": self.kernel,
            "threads": 1,
            "ms": Value::Object(ms.collect()),
            "load_ms": rounded(self.load_ms),
            "rss_mb": self.rss_mb.map(rounded),
            "joules_per_1000": self.joules.map(rounded),
        })
    }

    fn text(&self) -> String {
        let mut text = format!("{} by {}, the least CPU time of one thread\n", self.model, self.kernel);
        for (length, ms) in LENGTHS.iter().zip(self.ms) {
            let tokens = *length as f64 / ms * 1e3;
            let chunks = 1e3 / ms;
            let _ = writeln!(text, "{length:4} tokens   {ms:8.2} ms   {chunks:8.1} chunks/s   {tokens:9.0} tokens/s");
        }
        let _ = writeln!(text, "Load          {:.0} ms", self.load_ms);
        if let Some(peak) = self.rss_mb {
            let _ = writeln!(text, "Memory        {peak:.0} MB at most");
        }
        match self.joules {
            Some(joules) => _ = writeln!(text, "Energy        {joules:.1} J for 1,000 passages of {JOULES_OF} tokens"),
            None => text.push_str("Energy        no sensor measures it here\n"),
        }
        text.push_str(why_not_ours(self.kernel != TRACT, !Kernel::best().is_portable()));
        // It is no setting: people compared it with what `wattle energy` shows, and found two speeds.
        text.push_str("The agent uses none of this: it takes its speed from the chunks that it embeds, of the lengths that your files have.\n");
        text
    }
}

/// To thousandths: more digits mean nothing.
fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured() -> Measured {
        let ms = [1.0, 4.0, 10.000_04];
        Measured { model: "m".to_owned(), kernel: "neon", load_ms: 60.5, ms, rss_mb: Some(50.25), joules: None }
    }

    #[test]
    fn programs_read_the_fixed_form() {
        let due = json!({
            "model": "m", "kernel": "neon", "threads": 1, "ms": {"32": 1.0, "128": 4.0, "256": 10.0}, "load_ms": 60.5,
            "rss_mb": 50.25, "joules_per_1000": null,
        });
        assert_eq!(measured().json(), due);
    }

    #[test]
    fn texts_have_the_tokens_that_are_told_whatever_the_model_makes_of_words() {
        let words = |text: &str| text.split(' ').count();
        // Both ends; a prefix of three tokens besides; and words of two tokens.
        assert_eq!(words(&text_of(32, |text| Ok(words(text) + 2)).unwrap()), 30);
        assert_eq!(words(&text_of(256, |text| Ok(words(text) + 5)).unwrap()), 251);
        assert_eq!(words(&text_of(32, |text| Ok(2 * words(text) + 5)).unwrap()), 13);
        assert_eq!(words(&text_of(32, |text| Ok(20.min(words(text) + 2))).unwrap()), 32, "a model that reads 20");
    }

    #[test]
    fn people_read_why_a_library_runs_the_model() {
        assert_eq!([why_not_ours(true, true), why_not_ours(true, false)], ["", ""], "the scalar kernel was asked for");
        let (form, processor) = (why_not_ours(false, true), why_not_ours(false, false));
        assert!(form.contains("another form") && processor.contains("AVX2 and FMA"), "{form}{processor}");
    }

    #[test]
    fn people_read_speeds_and_that_the_agent_uses_another_one() {
        let text = measured().text();
        assert!(text.contains("The agent uses none of this"), "{text}");
        assert!(text.contains("   1.00 ms     1000.0 chunks/s       32000 tokens/s"), "{text}");
        assert!(text.contains("no sensor") && text.contains("50 MB"), "{text}");
        assert!(Measured { joules: Some(12.34), ..measured() }.text().contains("12.3 J for 1,000"));
    }
}
