//! Whose fault it was that a parser process gave no text: of the document, or of the device.

use super::frame::{self, Parsed};
use super::running::{End, Remains};
use super::sandbox::{Bounds, Sandbox};
use crate::base::time::Duration;
use crate::limits::{PARSER_ANSWER_BYTES_MAX, PARSER_SAID_BYTES_MAX};
use crate::text::extract::section::Text;
use rustix::process::Signal;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// When a document whose parser failed is tried again: it is refused, and a refusal holds for a file as it is and for
/// `limits::READER`.
const AGAIN: &str = "It is tried again when the file changes, or with a newer parser";

/// What came of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its text, or why it has none: the same at each attempt until the file or the parser changes.
    Document(Result<Text, String>),
    /// Something that is not the document's: another attempt may succeed.
    Device(String),
}

/// What follows from the remains of a parser process that had these limits.
pub(super) fn verdict(remains: &Remains, bounds: Bounds, wall: Duration) -> Verdict {
    let fault = |what: String| Verdict::Document(Err(format!("its parser {what}. {AGAIN}")));
    let device = |what: &str| Verdict::Device(format!("its parser {what}"));
    match remains.end {
        End::Exited(status) if status.success() => match answer(&remains.answer) {
            Some((_, Parsed::Text(text))) if text.is_sound() => Verdict::Document(Ok(text)),
            Some((_, Parsed::Refused(why))) => Verdict::Document(Err(why)),
            Some((_, Parsed::Panicked(place))) => fault(format!("crashed ({place})")),
            Some((_, Parsed::Text(_) | Parsed::Secret(_) | Parsed::Nothing)) | None => {
                fault("gave an answer that is none".to_owned())
            }
        },
        End::Exited(status) => died(status, &remains.said, bounds),
        // Behind other programs it got no core: that is no loop.
        End::TimeOver { waited: false } if remains.cpu.as_secs() < bounds.cpu_s / 2 => {
            device("got too little of this device's time to come to an end")
        }
        End::TimeOver { .. } => fault(format!("came to no end in {} seconds", wall.as_secs())),
        End::AnsweredTooMuch => fault(format!("gave more than {} MiB of text", PARSER_ANSWER_BYTES_MAX >> 20)),
        End::SaidTooMuch => fault(format!("wrote more than {} KiB of messages", PARSER_SAID_BYTES_MAX >> 10)),
        End::AgentStops => device("was ended with the agent"),
        End::Lost => device("was lost by the system"),
    }
}

/// Whether a secret stands in the document that a process had. One at which the parsers fail counts as one that has a secret, since nobody
/// knows.
pub(super) fn secret(remains: &Remains, bounds: Bounds, wall: Duration) -> Result<bool, String> {
    if let (End::Exited(status), Some((_, Parsed::Secret(holds)))) = (remains.end, answer(&remains.answer))
        && status.success()
    {
        return Ok(holds);
    }
    match verdict(remains, bounds, wall) {
        Verdict::Document(_) => Ok(true),
        Verdict::Device(why) => Err(why),
    }
}

/// What a look at the sandbox found.
pub(super) fn sandbox(remains: &Remains) -> Result<Sandbox, String> {
    match (answer(&remains.answer), remains.end) {
        (Some((sandbox, _)), End::Exited(status)) if status.success() => Ok(sandbox),
        (_, End::Exited(status)) => Err(format!("it ended with the {status}")),
        (_, end) => Err(format!("it did not come to its end: {end:?}")),
    }
}

fn answer(bytes: &[u8]) -> Option<(Sandbox, Parsed)> {
    frame::read_answer(bytes).map(|answer| (answer.sandbox, answer.parsed))
}

/// The verdict on a process that a signal ended, or that gave up.
fn died(status: ExitStatus, said: &[u8], bounds: Bounds) -> Verdict {
    let fault = |what: String| Verdict::Document(Err(format!("its parser {what}. {AGAIN}")));
    let Some(signal) = status.signal() else {
        return Verdict::Device(format!("its parser could not begin ({status})"));
    };
    let says = |what: &str| said.windows(what.len()).any(|part| part == what.as_bytes());
    match signal {
        signal if signal == Signal::XCPU.as_raw() => {
            fault(format!("used more than {} seconds of computing time", bounds.cpu_s))
        }
        // Words of the standard library, before it aborts.
        signal if signal == Signal::ABORT.as_raw() && says("memory allocation of ") => {
            fault(format!("needed more memory than the {} MiB that it gets", bounds.memory >> 20))
        }
        signal if signal == Signal::ABORT.as_raw() && says("overflowed its stack") => {
            fault("crashed (its stack is full: the file is nested too deeply)".to_owned())
        }
        // Somebody ended it, or the kernel did for want of memory: that of the device, since its own limit is told otherwise.
        signal if [Signal::KILL, Signal::TERM, Signal::INT, Signal::HUP].iter().any(|kind| kind.as_raw() == signal) => {
            Verdict::Device("its parser was ended from outside, or the device ran out of memory".to_owned())
        }
        signal => fault(format!("crashed (signal {signal})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::child::frame::Answer;
    use crate::text::extract::section::Section;

    const BOUNDS: Bounds = Bounds { memory: 256 << 20, cpu_s: 120 };
    const WALL: Duration = Duration::from_secs(300);

    fn of(end: End, parsed: Option<Parsed>, said: &str, cpu_s: u64) -> Verdict {
        let sandbox = Sandbox::default();
        let answer = parsed.and_then(|parsed| frame::answer(&Answer { sandbox, parsed })).unwrap_or_default();
        let remains = Remains { end, answer, said: said.as_bytes().to_vec(), cpu: Duration::from_secs(cpu_s) };
        verdict(&remains, BOUNDS, WALL)
    }

    fn signal(signal: Signal) -> End {
        End::Exited(ExitStatus::from_raw(signal.as_raw()))
    }

    #[test]
    fn what_is_the_document_s_is_said_and_what_is_the_device_s_is_tried_again() {
        let well = End::Exited(ExitStatus::from_raw(0));
        let faults = [
            (of(well, Some(Parsed::Panicked("pdf.rs:7".to_owned())), "", 1), "its parser crashed (pdf.rs:7)."),
            (of(well, Some(Parsed::Nothing), "", 1), "its parser gave an answer that is none."),
            (of(well, None, "", 1), "its parser gave an answer that is none."),
            (of(signal(Signal::XCPU), None, "", 120), "its parser used more than 120 seconds of computing time."),
            (
                of(signal(Signal::ABORT), None, "memory allocation of 99 bytes failed", 1),
                "its parser needed more memory than the 256 MiB that it gets.",
            ),
            (
                of(signal(Signal::ABORT), None, "thread 'main' has overflowed its stack", 1),
                "its parser crashed (its stack is full: the file is nested too deeply).",
            ),
            (of(signal(Signal::ABORT), None, "", 1), "its parser crashed (signal 6)."),
            (of(signal(Signal::SEGV), None, "", 1), "its parser crashed (signal 11)."),
            (of(End::TimeOver { waited: true }, None, "", 0), "its parser came to no end in 300 seconds."),
            (of(End::TimeOver { waited: false }, None, "", 100), "its parser came to no end in 300 seconds."),
            (of(End::AnsweredTooMuch, None, "", 1), "its parser gave more than 32 MiB of text."),
            (of(End::SaidTooMuch, None, "", 1), "its parser wrote more than 64 KiB of messages."),
        ];
        for (verdict, says) in faults {
            assert_eq!(verdict, Verdict::Document(Err(format!("{says} {AGAIN}"))));
        }
        let refused = of(well, Some(Parsed::Refused("the file has no text".to_owned())), "", 1);
        assert_eq!(refused, Verdict::Document(Err("the file has no text".to_owned())), "that is no crash");
        let later = [
            of(signal(Signal::KILL), None, "", 1),
            of(signal(Signal::TERM), None, "", 1),
            of(End::TimeOver { waited: false }, None, "", 30),
            of(End::AgentStops, None, "", 1),
            of(End::Lost, None, "", 1),
            of(End::Exited(ExitStatus::from_raw(256)), None, "", 1),
        ];
        for verdict in later {
            assert!(matches!(verdict, Verdict::Device(_)), "{verdict:?}");
        }
    }

    #[test]
    fn a_text_with_sections_outside_it_is_no_answer() {
        let text = |end| {
            let section = Section { heading: String::new(), range: 0..end };
            Parsed::Text(Text { text: "Herons.".to_owned(), sections: vec![section] })
        };
        let well = End::Exited(ExitStatus::from_raw(0));
        assert!(matches!(of(well, Some(text(7)), "", 1), Verdict::Document(Ok(_))));
        assert!(matches!(of(well, Some(text(8)), "", 1), Verdict::Document(Err(_))));
    }
}
