//! Subtitles (SubRip, WebVTT): the sentences that are spoken, without times and numbers.
//!
//! A sentence goes over several of the pieces that are shown at once, and is joined here. Every five minutes of the film are a section
//! under their time, so that an answer can say where.

use crate::text::extract::entity;
use crate::text::extract::leaf::Leaf;

/// Seconds of a section.
const SECTION_S: u64 = 300;

/// Seconds without a word after which another scene begins.
const PAUSE_S: u64 = 5;

/// Bytes after which a sentence that has no end is one nevertheless.
const SENTENCE_BYTES_MAX: usize = 1000;

/// Reads subtitles; `None` if they are none.
pub(super) fn read(text: &str) -> Option<Leaf> {
    let is_vtt =
        text.strip_prefix("WEBVTT").is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
    // A number stands before the first time.
    let mut first = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(2);
    if !is_vtt && !first.any(|line| times(line).is_some()) {
        return None;
    }
    let mut film = Film::default();
    let mut is_shown = false;
    for line in text.lines().map(str::trim) {
        if let Some((begin, end)) = times(line) {
            is_shown = true;
            film.at(begin, end);
        } else if line.is_empty() {
            is_shown = false;
        } else if is_shown {
            film.line(&spoken(line));
        }
    }
    film.end_sentence();
    Some(film.leaf)
}

/// `00:01:14,440 --> 00:01:15,760`, with what may follow, as seconds.
fn times(line: &str) -> Option<(u64, u64)> {
    let (begin, end) = line.split_once("-->")?;
    Some((seconds(begin.trim())?, seconds(end.split_whitespace().next()?)?))
}

fn seconds(time: &str) -> Option<u64> {
    let (whole, _) = time.split_once(['.', ',']).unwrap_or((time, ""));
    let mut parts = whole.split(':');
    let count = parts.clone().count();
    let all = parts.try_fold(0_u64, |all, part| {
        let number =
            part.parse::<u64>().ok().filter(|_| part.len() <= 4 && part.bytes().all(|c| c.is_ascii_digit()))?;
        Some(all * 60 + number)
    });
    all.filter(|_| (2..=3).contains(&count))
}

/// A line without marks of how it looks: `<i>`, `{\an8}`, `<00:00:01.000>`; a voice (`<v Ann>`) is who speaks.
fn spoken(line: &str) -> String {
    let mut words = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['<', '{', '&']) {
        let (before, mark) = rest.split_at(at);
        words.push_str(before);
        let end = |sign: char| mark.find(sign).map(|end| end + 1);
        let skipped = match mark.as_bytes() {
            [b'<', b'/' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9', ..] => end('>'),
            [b'{', b'\\', ..] => end('}'),
            _ => None,
        };
        if let Some(voice) = mark.strip_prefix("<v ").and_then(|voice| voice.split_once('>')) {
            words.push_str(voice.0);
            words.push_str(": ");
        }
        if let Some(skipped) = skipped {
            rest = mark.get(skipped..).unwrap_or_default();
        } else if let Some((c, behind)) = mark.strip_prefix('&').and_then(entity::read) {
            words.push(c);
            rest = behind;
        } else {
            let (sign, behind) = mark.split_at(1);
            words.push_str(sign);
            rest = behind;
        }
    }
    words.push_str(rest);
    words
}

/// What was spoken so far.
#[derive(Default)]
struct Film {
    leaf: Leaf,
    sentence: String,
    /// The last line, which some programs show again with the next one.
    last: String,
    /// When what is shown ends.
    ends: u64,
    section: u64,
    is_pause: bool,
}

impl Film {
    fn at(&mut self, begin: u64, end: u64) {
        if begin >= self.ends.saturating_add(PAUSE_S) {
            self.end_sentence();
            self.is_pause = true;
        }
        if begin / SECTION_S > self.section {
            self.section = begin / SECTION_S;
            // It is where its sentence began.
            self.end_sentence();
            let minutes = self.section * SECTION_S / 60;
            self.leaf.place(1, &format!("{}:{:02}:00", minutes / 60, minutes % 60));
        }
        self.ends = end.max(begin);
    }

    fn line(&mut self, line: &str) {
        let line = line.trim();
        if line.is_empty() || line == self.last {
            return;
        }
        line.clone_into(&mut self.last);
        // Another person speaks.
        if line.starts_with(['-', '\u{2013}', '\u{2014}']) || self.sentence.len() > SENTENCE_BYTES_MAX {
            self.end_sentence();
        }
        if !self.sentence.is_empty() {
            self.sentence.push(' ');
        }
        self.sentence.push_str(line);
        let end = line.trim_end_matches(['"', '\u{201d}', '\u{bb}', ')', '\'', '\u{2019}']);
        if end.ends_with(['.', '!', '?', '\u{2026}', '\u{3002}', '\u{ff01}', '\u{ff1f}', ']', '\u{266a}']) {
            self.end_sentence();
        }
    }

    fn end_sentence(&mut self) {
        let sentence = std::mem::take(&mut self.sentence);
        if sentence.is_empty() {
        } else if std::mem::take(&mut self.is_pause) {
            self.leaf.paragraph(&sentence);
        } else {
            self.leaf.line(&sentence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    fn told(text: &str) -> Option<String> {
        read(text).map(|leaf| leaf.text.replace('\u{1}', "").trim_end().to_owned())
    }

    #[test]
    fn sentences_are_joined_and_times_and_marks_are_left_out() {
        let film = "1\r\n00:01:14,440 --> 00:01:15,760\r\n{\\an8}<i>The boiler</i>\r\nhums and\r\n\r\n2\r\n00:01:15,880 --> 00:01:19,520\r\n\
                    blinks. \r\n\r\n3\r\n00:01:30,000 --> 00:01:31,000\r\n- Is it old?\r\n- 5 < 6 years &amp; a day.\r\n\r\n\
                    4\r\n01:02:03,000 --> 01:02:04,000\r\nThe end\r\n";
        assert_eq!(
            told(film).unwrap(),
            "The boiler hums and blinks.\n\n- Is it old?\n- 5 < 6 years & a day.\n\n# 1:00:00\n\nThe end"
        );
    }

    #[test]
    fn web_subtitles_have_voices_notes_and_lines_that_are_shown_twice() {
        let film = "WEBVTT - Title\n\nNOTE nobody\nsays this\n\nSTYLE\n::cue { color: red }\n\nintro\n00:01.000 --> 00:02.500 align:start\n\
                    <v Ann>Look at the lamp\n\n00:02.500 --> 00:04.000\nLook at the lamp\n<00:02.600><c>it</c> is red\n";
        assert_eq!(told(film).unwrap(), "Ann: Look at the lamp Look at the lamp it is red");
        let twice = "WEBVTT\n\n00:01.000 --> 00:02.500\nthe lamp\n\n00:02.500 --> 00:04.000\nthe lamp\nis red\n";
        assert_eq!(told(twice).unwrap(), "the lamp is red");
    }

    #[test]
    fn a_text_with_an_arrow_is_none() {
        for text in [
            "",
            "a --> b",
            "1\nWEBVTT",
            "WEBVTTX\n",
            "1:2 --> 3:4 --> x",
            "notes\nmore\n00:01:14,440 --> 00:01:15,760\nx",
        ] {
            assert!(text.starts_with("1:2") || told(text).is_none(), "{text}");
        }
    }
}
