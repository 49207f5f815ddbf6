//! Texts that are nearly the same, so that an answer shows one of them: a note and its copy with another date line, or another header.
//!
//! Two texts are one if nearly all groups of three words in a row are in both (Broder, "On the resemblance and containment of documents", 1997;
//! the groups are compared themselves, as there are few texts), all figures are in both, and the question has no word that only one of them
//! has. Days and times are no figures, and of no group; where the question asks when something was, they must be the same too. So neither a
//! part number nor a sum is folded away, in whichever words it is asked for. The lines of a mail's header, as of one that was sent on, are of
//! no group either; their figures count, but for the line of the date. Headings are read likewise: their figures and times count, so that
//! equal texts under two part numbers stay apart, and their words are of no group.
//!
//! A note of thirty words with another name in it stays apart: of its groups three are others. In long passages a name is folded away that
//! was not asked for; docs/evidence.md, "Texts that are nearly the same", has how often.

use super::date::Days;
use super::stop_word::asks_when;
use super::token::{has_digit, parts};
use crate::base::fold::{fold, lower};
use crate::base::hit::TermFrequencies;
use crate::limits::QUESTION_WORDS_MAX;
use core::cell::OnceCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use unicode_segmentation::UnicodeSegmentation;

/// Words of a group.
const GROUP: usize = 3;

/// The part of the groups of two texts that both have, from which on they are one (docs/evidence.md, "Texts that are nearly the same").
const NEAR_FROM: f32 = 0.9;

/// What the lines of a mail's header begin with, in their canonical form; and those that say when it was sent.
const HEADER: &str = "from to cc bcc subject reply-to von an betreff kopie de para asunto objet a oggetto da van aan onderwerp assunto fra til \
                      emne fran till amne \u{43E}\u{442} \u{43A}\u{43E}\u{43C}\u{443} \u{442}\u{435}\u{43C}\u{430}";
const SENT: &str = "date sent datum gesendet fecha enviado envoye data inviato verzonden dato sendt skickat \u{434}\u{430}\u{442}\u{430}";

/// Lines of a header, and words of the text behind one: with fewer the header may be all that is said.
const HEADER_LINES: usize = 8;
const BEHIND_HEADER: usize = 12;

/// A text, to be compared with others. What it says is looked at once another text has the same words of the question.
#[derive(Clone, Debug)]
pub struct Compared {
    heading: String,
    text: String,
    /// Which terms of the question it has, a bit each.
    has: u64,
    says: OnceCell<Says>,
}

const _: () = assert!(QUESTION_WORDS_MAX <= 64, "each term has a bit");

/// What a text says, as far as it is compared.
#[derive(Clone, Debug)]
struct Says {
    /// Hashes of its groups, sorted, each once.
    groups: Vec<u64>,
    /// Of its words with figures but days and times, likewise.
    figures: Vec<u64>,
    /// Of its days and times, likewise.
    times: Vec<u64>,
}

/// Tells for one question which texts are one.
#[derive(Clone, Copy, Debug)]
pub struct Likeness {
    asks_when: bool,
}

/// A word of a text.
struct Unit {
    hash: u64,
    has_digit: bool,
    is_time: bool,
    /// What stands before it.
    is_after_comma: bool,
}

impl Likeness {
    /// For this question.
    #[must_use]
    pub fn of(question: &str) -> Self {
        Self { asks_when: asks_when(question) }
    }

    /// Whether the one text says all that the other one does, as far as the question asks.
    #[must_use]
    pub fn are_one(self, one: &Compared, other: &Compared) -> bool {
        if one.has != other.has {
            return false;
        }
        let (one, other) = (one.says(), other.says());
        one.figures == other.figures
            && (!self.asks_when || one.times == other.times)
            && part_in_both(&one.groups, &other.groups) >= NEAR_FROM
    }
}

impl Compared {
    /// A text under this heading that has the question's terms so often.
    #[must_use]
    pub fn new(heading: &str, text: &str, has: &TermFrequencies) -> Self {
        let bits = has.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(at, _)| 1 << at);
        let has = bits.fold(0, |all, bit: u64| all | bit);
        Self { heading: heading.to_owned(), text: text.to_owned(), has, says: OnceCell::new() }
    }

    fn says(&self) -> &Says {
        self.says.get_or_init(|| Says::of(&self.heading, &self.text))
    }
}

impl Says {
    fn of(heading: &str, text: &str) -> Self {
        let ([header, sent], body) = divided(text);
        let (units_of_body, mut times) = units(body);
        let (units_of_header, more) = units(&header);
        let (units_of_heading, above) = units(heading);
        times.extend(more.into_iter().chain(units(&sent).1).chain(above));
        let is_figure = |unit: &&Unit| unit.has_digit && !unit.is_time;
        let all = units_of_body.iter().chain(&units_of_header).chain(&units_of_heading);
        let mut figures: Vec<u64> = all.filter(is_figure).map(|unit| unit.hash).collect();
        let words: Vec<u64> = units_of_body.iter().filter(|unit| !unit.is_time).map(|unit| unit.hash).collect();
        let mut groups: Vec<u64> = words.windows(GROUP.min(words.len()).max(1)).map(hash_of).collect();
        for list in [&mut groups, &mut figures, &mut times] {
            list.sort_unstable();
            list.dedup();
        }
        Self { groups, figures, times }
    }
}

/// The lines of a text's header, of which those apart that say when it was sent, and the rest.
fn divided(text: &str) -> ([String; 2], &str) {
    let (mut lines, mut rest) = ([String::new(), String::new()], text);
    for line in text.split_inclusive('\n').take(HEADER_LINES) {
        let key = line.split_once(':').map(|(key, _)| fold(key.trim()).into_owned());
        let is_of = |keys: &str| key.as_ref().is_some_and(|key| keys.split_whitespace().any(|one| one == key));
        match [is_of(HEADER), is_of(SENT)].iter().position(|is| *is) {
            Some(kind) => lines[kind].push_str(line),
            None if line.trim().is_empty() => {}
            None => break,
        }
        rest = rest.get(line.len()..).unwrap_or_default();
    }
    if rest.split_whitespace().count() < BEHIND_HEADER {
        return (Default::default(), text);
    }
    (lines, rest)
}

/// The words of a text, and its days and times.
fn units(text: &str) -> (Vec<Unit>, Vec<u64>) {
    let text = lower(text);
    let (mut units, mut times, mut days): (Vec<Unit>, Vec<u64>, Days) = (Vec::new(), Vec::new(), Days::default());
    let (mut ended, mut clock) = (0, None);
    for (at, word) in text.unicode_word_indices() {
        for (part, between) in parts(word, text.get(ended..at).unwrap_or_default()) {
            let is_after_comma = between.trim_end().ends_with(',') && !between.contains('\n');
            units.push(Unit { hash: hash_of(&fold(part)), has_digit: has_digit(part), is_time: false, is_after_comma });
            let is_two = part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            if is_two && between == ":" && clock.is_some() {
                mark(&mut units, 2);
                times.extend(clock.map(|hours| hash_of(&(hours, hash_of(part)))));
            }
            clock = is_two.then(|| hash_of(part));
            if let Some((ends, count)) = days.add(part, between) {
                times.extend(ends.iter().map(hash_of));
                mark(&mut units, count);
                // `Mon, 5 May 2024`
                let first = units.len().saturating_sub(count);
                if units.get(first).is_some_and(|unit| unit.is_after_comma)
                    && let Some(weekday) = first.checked_sub(1).and_then(|before| units.get_mut(before))
                {
                    weekday.is_time |= !weekday.has_digit;
                }
            }
        }
        ended = at + word.len();
    }
    (units, times)
}

/// The last so many words are a day or a time.
fn mark(units: &mut [Unit], count: usize) {
    units.iter_mut().rev().take(count).for_each(|unit| unit.is_time = true);
}

/// The same in every run: chance has no part in an answer.
fn hash_of(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The part of two sorted lists that is in both, of all that is in either.
fn part_in_both(one: &[u64], other: &[u64]) -> f32 {
    let (short, long) = (one.len().min(other.len()), one.len().max(other.len()));
    // Even if all of the shorter one is in the longer one.
    if (short as f32) < NEAR_FROM * long as f32 {
        return 0.0;
    }
    let (mut rest, mut both) = (other.iter().peekable(), 0);
    for hash in one {
        while rest.next_if(|other| *other < hash).is_some() {}
        both += usize::from(rest.next_if(|other| *other == hash).is_some());
    }
    let all = one.len() + other.len() - both;
    if all == 0 { 1.0 } else { both as f32 / all as f32 }
}

#[cfg(test)]
mod tests {
    use super::super::terms::QueryTerms;
    use super::*;

    fn are_one(question: &str, one: &str, other: &str) -> bool {
        are_one_under(question, ("", one), ("", other))
    }

    fn are_one_under(question: &str, one: (&str, &str), other: (&str, &str)) -> bool {
        let terms = QueryTerms::new(question);
        let compared = |(heading, text)| Compared::new(heading, text, &terms.count(["", heading, text]));
        let [one, other] = [one, other].map(compared);
        let likeness = Likeness::of(question);
        assert_eq!(likeness.are_one(&one, &other), likeness.are_one(&other, &one));
        likeness.are_one(&one, &other)
    }

    const NOTE: &str = "The man who cleans the chimney was here. He said that the flap at the top does not close any more, that \
                        the brush fits through the small door in the cellar, and that the neighbours have the same stove.";

    #[test]
    fn a_note_with_another_date_line_is_the_same_unless_the_question_asks_when() {
        let of = |day: &str| format!("{day}\n{NOTE}");
        let days = ["2024-03-05", "6. März 2024", "Thu, 7 March 2024 14:30", "Datum: 05.03.23", ""];
        for pair in days[..3].windows(2) {
            let (one, other) = (of(pair[0]), of(pair[1]));
            assert!(are_one("What is wrong with the chimney?", &one, &other), "{pair:?}");
            for question in ["When was the chimney cleaned?", "Wann war der Kaminkehrer da?"] {
                assert!(!are_one(question, &one, &other), "{question} {pair:?}");
            }
        }
        assert!(are_one("chimney", &of(days[3]), &of(days[4])), "one word more, in a note of some length");
    }

    #[test]
    fn a_changed_header_makes_no_other_note_and_a_changed_sentence_does() {
        let more = "Next time somebody has to be at home from eight in the morning, because the key does not turn from outside, and the \
                    ladder stands in the garage behind the old wardrobe.";
        let of = |header: &str| format!("{header}\n{NOTE} {more}");
        assert!(are_one(
            "chimney",
            &of("From: Ann\nTo: all"),
            &of("From: Ben\nTo: the house\nSubject: Fwd: stove\nDate: 5 May 2024 +0200")
        ));
        assert!(!are_one("chimney", &of("Subject: stove 12"), &of("Subject: stove 13")), "a figure");
        assert!(!are_one("chimney", "From: Ann\nTo: Ben", "From: Ben\nTo: Ann"), "there is nothing else");
        assert!(!are_one(
            "chimney",
            NOTE,
            &NOTE.replace("the neighbours have the same stove", "it costs nothing this year")
        ));
        assert!(!are_one("what did Ann say", &of("From: Ann\nTo: all"), &of("From: Ben\nTo: all")), "it is asked for");
    }

    #[test]
    fn what_figures_tell_apart_is_never_one() {
        let of = |figure: &str| format!("{NOTE} The part has the number {figure}, they say. {NOTE}");
        for (one, other) in
            [("AB-1234/C", "AB-1235/C"), ("120 €", "135 €"), ("2023", "2024"), ("030 123456", "030 123457")]
        {
            for question in ["What is the number of the part?", "chimney", "Wie heißt das Teil?"] {
                assert!(!are_one(question, &of(one), &of(other)), "{one} {other} {question}");
            }
        }
        assert!(!are_one("part", "Part A needs oil", "Part B needs oil"), "short notes say all by a word");
    }

    #[test]
    fn what_figures_of_headings_tell_apart_is_never_one_and_other_words_above_a_text_make_no_other_text() {
        let are_one = |question, one, other| are_one_under(question, (one, NOTE), (other, NOTE));
        assert!(!are_one("chimney", "Parts > AB-1234", "Parts > AB-1235"));
        assert!(!are_one("chimney", "Budget 2023", "Budget 2024"));
        assert!(are_one("chimney", "Visits", "Who was here"));
        assert!(!are_one("visits", "Visits", "Who was here"), "it is asked for");
        assert!(are_one("chimney", "5 May 2024", "6 May 2024"), "days are no figures");
        assert!(!are_one("when was the chimney cleaned", "5 May 2024", "6 May 2024"));
    }

    #[test]
    fn texts_of_nothing_or_of_a_word_are_one_only_with_themselves() {
        for (one, other, same) in
            [("", "", true), ("oil", "oil", true), ("oil", "milk", false), ("", "oil", false), ("a b", "b a", false)]
        {
            assert_eq!(are_one("q", one, other), same, "{one:?} {other:?}");
        }
    }
}
