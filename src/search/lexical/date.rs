//! Days in a text, whichever way they are written.
//!
//! `2024-03-05`, `5.3.2024`, `5. März 2024`, `5 March 2024`, `March 5, 2024` and `05/03/2024` are one day, and get one term: its
//! figures as ISO 8601 has them, without strokes. Where nobody can tell the day from the month, as in `05/03/2024`, it is both days.

use crate::base::fold::fold;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The names of the months in their canonical form, and short ones by which they begin; in the order of months. English, German, French,
/// Spanish, Italian, Portuguese, Dutch, Danish, Swedish and Russian (in the genitive, as days have it).
const MONTHS: [&str; 12] = [
    "january januar janner janvier enero gennaio janeiro januari января jan janv ene gen",
    "february februar fevrier febrero febbraio fevereiro februari февраля feb fev febr",
    "march marz mars marzo marco maart marts марта mar mrz",
    "april avril abril aprile апреля apr avr abr",
    "may mai mayo maggio maio mei maj мая mag",
    "june juni juin junio giugno junho июня jun giu",
    "july juli juillet julio luglio julho июля jul lug juil",
    "august aout agosto augustus augusti августа aug ago",
    "september septembre septiembre settembre setembro сентября sep sept set",
    "october oktober octobre octubre ottobre outubro октября oct okt ott out",
    "november novembre noviembre novembro ноября nov",
    "december dezember decembre diciembre dicembre dezembro декабря dec dez dic",
];

/// The number of the month of each name: each word of each text is held against them.
static NUMBERS: LazyLock<BTreeMap<&str, u16>> = LazyLock::new(|| {
    let of = |(number, names): (u16, &&'static str)| names.split(' ').map(move |name| (name, number));
    // A name that two months have is that of the earlier one.
    (1..).zip(&MONTHS).collect::<Vec<_>>().into_iter().rev().flat_map(of).collect()
});

/// Words between the parts of a day: the fifth of March, 5 de marzo de 2024.
const BETWEEN: [&str; 3] = ["of", "de", "do"];

/// A year of two figures from this one on is of the last century.
const LAST_CENTURY_FROM: u16 = 70;

/// What a unit of the text may be of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    None,
    /// A number with so many figures.
    Number(u16, usize),
    Month(u16),
}

/// The last units of a text.
#[derive(Default)]
pub(super) struct Days {
    /// The last three that may be parts, the newest at the end, with what stands before each.
    last: [(Part, Mark); 3],
    /// Units that they are, with those between.
    units: [usize; 3],
}

/// What stands before a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mark {
    #[default]
    Other,
    Point,
    Stroke,
    Dash,
    Blank,
}

impl Mark {
    fn of(between: &str) -> Self {
        match between {
            "." | ". " => Self::Point,
            "/" => Self::Stroke,
            "-" | "\u{2010}" | "\u{2011}" => Self::Dash,
            " " | ", " | "\u{A0}" => Self::Blank,
            _ => Self::Other,
        }
    }
}

impl Days {
    /// The days that end with this unit, and how many units each is written in.
    pub(super) fn add(&mut self, unit: &str, between: &str) -> Option<(Vec<String>, usize)> {
        let mark = Mark::of(between);
        if BETWEEN.contains(&unit) && mark == Mark::Blank {
            self.units[2] += 1;
            return None;
        }
        self.last.rotate_left(1);
        self.units.rotate_left(1);
        (self.last[2], self.units[2]) = ((part(unit), mark), 1);
        let days: Vec<String> = self.days().into_iter().filter_map(term).collect();
        let units = self.units.iter().sum();
        (!days.is_empty()).then(|| {
            self.last[2].0 = Part::None;
            (days, units)
        })
    }

    /// Year, month and day of each day that the last three parts may be.
    fn days(&self) -> Vec<(u16, u16, u16)> {
        use Mark::{Blank, Dash, Point, Stroke};
        use Part::{Month, Number};
        let [(a, _), (b, before_b), (c, before_c)] = self.last;
        match (a, before_b, b, before_c, c) {
            (Number(y, 4), x @ (Dash | Stroke | Point), Number(m, 1 | 2), z, Number(d, 1 | 2)) if x == z => {
                vec![(y, m, d)]
            }
            (Number(d, 1 | 2), Point, Number(m, 1 | 2), Point | Blank, Number(y, 2 | 4)) => vec![(year(y), m, d)],
            (Number(d, 1 | 2), x @ (Stroke | Dash), Number(m, 1 | 2), z, Number(y, 4)) if x == z => {
                if d == m {
                    vec![(y, m, d)]
                } else {
                    vec![(y, m, d), (y, d, m)]
                }
            }
            (Number(d, 1 | 2), Blank | Point | Dash, Month(m), Blank | Point | Dash, Number(y, 4))
            | (Month(m), Blank | Point | Dash, Number(d, 1 | 2), Blank | Point | Dash, Number(y, 4)) => vec![(y, m, d)],
            _ => Vec::new(),
        }
    }
}

const fn year(year: u16) -> u16 {
    match year {
        0..LAST_CENTURY_FROM => 2000 + year,
        LAST_CENTURY_FROM..=99 => 1900 + year,
        year => year,
    }
}

fn term((year, month, day): (u16, u16, u16)) -> Option<String> {
    let is_day = (1..=12).contains(&month) && (1..=31).contains(&day) && (1000..=2999).contains(&year);
    is_day.then(|| format!("{year:04}{month:02}{day:02}"))
}

fn part(unit: &str) -> Part {
    let digits = unit.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 {
        let (number, rest) = unit.split_at(digits);
        // The ordinals of English: 5th.
        let is_number = rest.is_empty() || (digits < 3 && ["st", "nd", "rd", "th"].contains(&rest));
        return match number.parse() {
            Ok(value) if is_number && matches!(digits, 1 | 2 | 4) => Part::Number(value, digits),
            _ => Part::None,
        };
    }
    if unit.chars().count() < 3 {
        return Part::None;
    }
    month(&fold(unit)).map_or(Part::None, Part::Month)
}

/// The number of the month that has this name, in its canonical form.
pub(super) fn month(name: &str) -> Option<u16> {
    NUMBERS.get(name).copied()
}

#[cfg(test)]
mod tests {
    use super::super::token::{Kind, each};

    fn days(text: &str) -> Vec<String> {
        let mut days = Vec::new();
        each(text, |unit, kind| {
            if matches!(kind, Kind::Joined(_)) && unit.len() == 8 {
                days.push(unit.to_owned());
            }
        });
        days
    }

    #[test]
    fn a_day_has_one_term_whichever_way_it_is_written() {
        for text in [
            "on 2024-03-15 we",
            "2024/03/15",
            "2024.03.15",
            "am 15.3.24 war",
            "15. märz 2024, um acht",
            "15 march 2024",
            "march 15, 2024",
            "mar 15 2024",
            "15th of march 2024",
            "el 15 de marzo de 2024",
            "le 15 mars 2024",
            "15 марта 2024",
            "15-mar-2024",
            "15. 3. 2024",
        ] {
            assert_eq!(days(text), ["20240315"], "{text}");
        }
        assert!(days("am 15.03.2024").contains(&"20240315".to_owned()));
        assert!(days("15/03/2024").contains(&"20240315".to_owned()));
        assert_eq!(days("15.3.71"), ["19710315"]);
    }

    #[test]
    fn where_nobody_can_tell_the_month_it_is_both_days_and_what_is_no_day_is_none() {
        assert_eq!(days("5/3/2024"), ["20240305", "20240503"]);
        for text in ["32.1.2024", "march 2024", "3 of 4 and 2024", "1.2.3", "march, 5 boxes, 2024 nails"] {
            assert_eq!(days(text), [""; 0], "{text}");
        }
    }
}
