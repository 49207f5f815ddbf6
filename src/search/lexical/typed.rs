//! Numbers and words as they are typed in a question: what is told of one is told with the blanks and signs that its asker gave it.

use super::token::TAIL_FROM;
use crate::base::fold::fold;
use core::ops::Range;

/// Signs of the code of a country with its check figures, which an IBAN begins with.
const COUNTRY_SIGNS: usize = 4;

/// The number, or the word, as it is typed in the question.
#[must_use]
pub fn as_typed(question: &str, number: &str) -> String {
    span(question, number).unwrap_or(number).to_owned()
}

/// The longest of these numbers as it is typed in the question: the whole, where others are parts of it.
pub(super) fn longest(question: &str, numbers: &[String]) -> String {
    let typed = numbers.iter().filter_map(|number| span(question, number)).max_by_key(|span| span.len());
    let longest = typed.or_else(|| numbers.iter().map(String::as_str).max_by_key(|number| number.len()));
    longest.unwrap_or_default().to_owned()
}

/// The letters and figures of a text that stand together, each time in their order.
pub(super) fn units(text: &str) -> Vec<Range<usize>> {
    let mut units: Vec<Range<usize>> = Vec::new();
    let mut goes_on = false;
    for (at, sign) in text.char_indices() {
        let is_of_one = sign.is_alphanumeric();
        let to = at + sign.len_utf8();
        match units.last_mut().filter(|_| goes_on && is_of_one) {
            Some(last) => last.end = to,
            None if is_of_one => units.push(at..to),
            None => {}
        }
        goes_on = is_of_one;
    }
    units
}

/// The part of the question that has the letters and figures of this number and no others.
fn span<'a>(question: &'a str, number: &str) -> Option<&'a str> {
    let wanted: String = number.chars().filter(|sign| sign.is_alphanumeric()).collect();
    let units = units(question);
    for (first, from) in units.iter().enumerate() {
        let mut signs = String::new();
        for unit in units.iter().skip(first) {
            signs.push_str(&fold(question.get(unit.clone()).unwrap_or_default()));
            if signs == wanted {
                let before = first.checked_sub(1).and_then(|at| units.get(at));
                let country = before.filter(|before| is_country(question, before, from, &wanted));
                return question.get(country.unwrap_or(from).start..unit.end);
            }
            if !wanted.starts_with(&signs) {
                break;
            }
        }
    }
    None
}

/// Whether an IBAN begins with what stands here, before its groups of figures.
fn is_country(question: &str, unit: &Range<usize>, next: &Range<usize>, figures: &str) -> bool {
    let code = question.get(unit.clone()).unwrap_or_default().as_bytes();
    let is_code = code.len() == COUNTRY_SIGNS
        && code.iter().take(2).all(u8::is_ascii_alphabetic)
        && code.iter().skip(2).all(u8::is_ascii_digit);
    let is_long = figures.len() >= TAIL_FROM && figures.bytes().all(|byte| byte.is_ascii_digit());
    is_code && is_long && question.get(unit.end..next.start) == Some(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_told_with_its_blanks_and_signs_and_an_iban_with_its_country() {
        for (question, number, typed) in [
            ("premium 284.99 EUR?", "28499", "284.99"),
            ("file (151/815/08157)", "15181508157", "151/815/08157"),
            ("\u{43F}\u{43E}\u{43B}\u{438}\u{441} 7754 3208 9912 0046", "7754320899120046", "7754 3208 9912 0046"),
            ("IBAN DE89 3704 0044 0532 0130 01", "370400440532013001", "DE89 3704 0044 0532 0130 01"),
            ("part DE89 3704", "3704", "3704"),
            ("Is RE-4712 paid?", "re4712", "RE-4712"),
            ("HEDGEROW?", "hedgerow", "HEDGEROW"),
            ("nothing", "4712", "4712"),
        ] {
            assert_eq!(as_typed(question, number), typed, "{question}");
        }
        let of = |numbers: &[&str]| {
            longest("call 030 2345679", &numbers.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(of(&["030", "2345679", "0302345679"]), "030 2345679");
        assert_eq!(of(&["12", "123"]), "123");
        assert_eq!(of(&[]), "");
    }
}
