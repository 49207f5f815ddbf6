//! Numbers of spreadsheets as a person sees them: dates, shares, and no digits that binary fractions add.

use super::xml::{Tag, Visitor, walk};
use std::collections::BTreeMap;

/// How a number is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    /// As it is.
    #[default]
    Plain,
    /// As a date, a time, or both.
    Date,
    /// The same, counted from 1904.
    Date1904,
    /// In hundredths.
    Percent,
}

/// The formats of a workbook, by the number of a cell's style.
#[derive(Debug, Default)]
pub(super) struct Formats {
    by_style: Vec<usize>,
    codes: BTreeMap<usize, String>,
    in_styles: bool,
    /// Whether days are counted from 1904.
    pub(super) since_1904: bool,
}

impl Formats {
    pub(super) fn of(xml: &str) -> Self {
        let mut formats = Self::default();
        walk(xml, &mut formats);
        formats
    }

    /// A format of the workbook's own.
    pub(super) fn add_code(&mut self, id: usize, code: String) {
        self.codes.insert(id, code);
    }

    /// The next style, with the number of its format.
    pub(super) fn add_style(&mut self, format: usize) {
        self.by_style.push(format);
    }

    pub(super) fn of_style(&self, style: usize) -> Format {
        let number = self.by_style.get(style).copied().unwrap_or(0);
        let format = match (self.codes.get(&number), number) {
            (Some(code), _) => of_code(code),
            // What Excel knows by itself, in all its languages.
            (None, 9 | 10) => Format::Percent,
            (None, 14..=22 | 27..=36 | 45..=47 | 50..=58) => Format::Date,
            (None, _) => Format::Plain,
        };
        if format == Format::Date && self.since_1904 { Format::Date1904 } else { format }
    }
}

/// What a written format says: letters of dates, or a percent sign, outside quotation marks and brackets.
pub(super) fn of_code(code: &str) -> Format {
    let (mut quoted, mut bracket) = (false, false);
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' | '_' | '*' => drop(chars.next()),
            '[' => bracket = true,
            ']' => bracket = false,
            // Another form for numbers below 0.
            ';' if !quoted => break,
            '%' if !quoted => return Format::Percent,
            'd' | 'D' | 'm' | 'M' | 'y' | 'Y' | 'h' | 'H' | 's' | 'S' if !quoted && !bracket => return Format::Date,
            _ => {}
        }
    }
    Format::Plain
}

impl Visitor for Formats {
    fn open(&mut self, name: &str, tag: &Tag<'_>) {
        match name {
            "numFmt" => {
                if let (Some(id), Some(code)) = (tag.number("numFmtId"), tag.get("formatCode")) {
                    self.codes.insert(id, code);
                }
            }
            "cellXfs" => self.in_styles = true,
            "xf" if self.in_styles => self.by_style.push(tag.number("numFmtId").unwrap_or(0)),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        self.in_styles &= name != "cellXfs";
    }

    fn text(&mut self, _text: &str) {}
}

/// The number as it is shown.
pub(super) fn shown(number: f64, format: Format) -> String {
    match format {
        Format::Plain => plain(number),
        Format::Percent => format!("{}%", plain(number * 100.0)),
        Format::Date => date(number).unwrap_or_else(|| plain(number)),
        Format::Date1904 => date(number + 1462.0).unwrap_or_else(|| plain(number)),
    }
}

/// With the fifteen digits that a spreadsheet knows.
fn plain(number: f64) -> String {
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    let text = format!("{rounded}");
    if text.len() > 24 { format!("{rounded:e}") } else { text }
}

/// Days since the end of 1899 with the hours as a fraction, as `2026-11-28 05:04`.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
fn date(days: f64) -> Option<String> {
    if !(0.0..2_958_466.0).contains(&days) {
        return None;
    }
    let seconds = (days * 86_400.0).round() as i64;
    let (mut day, second) = (seconds / 86_400, seconds % 86_400);
    // Excel counts 29 February 1900, which never was.
    day += i64::from((1..60).contains(&day));
    let time = match second % 60 {
        0 => format!("{:02}:{:02}", second / 3600, second / 60 % 60),
        rest => format!("{:02}:{:02}:{rest:02}", second / 3600, second / 60 % 60),
    };
    if day == 0 {
        return Some(time);
    }
    // Days since 0000-03-01, in cycles of 400 years (Howard Hinnant, chrono-Compatible Low-Level Date Algorithms).
    let days = day + 693_899;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let date = format!("{year:04}-{month:02}-{of_month:02}");
    Some(if second == 0 { date } else { format!("{date} {time}") })
}

#[cfg(test)]
mod tests {
    use super::{Format, Formats, of_code, shown};

    #[test]
    fn numbers_are_shown_as_a_person_sees_them() {
        for (number, format, text) in [
            (0.1 + 0.2, Format::Plain, "0.3"),
            (-12.0, Format::Plain, "-12"),
            (1e300, Format::Plain, "1e300"),
            (4_915_550_123_456.0, Format::Plain, "4915550123456"),
            (0.075, Format::Percent, "7.5%"),
            (45_000.0, Format::Date, "2023-03-15"),
            (45_000.75, Format::Date, "2023-03-15 18:00"),
            (0.5, Format::Date, "12:00"),
            (1.0, Format::Date, "1900-01-01"),
            (61.0, Format::Date, "1900-03-01"),
            (36_584.0, Format::Date, "2000-02-28"),
            (36_585.0, Format::Date, "2000-02-29"),
            (43_538.0, Format::Date1904, "2023-03-15"),
            (-1.0, Format::Date, "-1"),
            (f64::NAN, Format::Date, "NaN"),
        ] {
            assert_eq!(shown(number, format), text);
        }
    }

    #[test]
    fn a_format_is_told_by_its_number_or_its_letters() {
        let codes = ["yyyy\\-mm\\-dd", "0.0%", "#,##0.00 \"days\"", "[Red]0", "[h]:mm", "General", "0_d", "@"];
        let kinds = [Format::Date, Format::Percent, Format::Plain, Format::Plain, Format::Date, Format::Plain];
        assert_eq!(codes.map(of_code)[..6], kinds);
        assert_eq!((of_code("0_d"), of_code("@")), (Format::Plain, Format::Plain));
        let xml = "<s><numFmts><numFmt numFmtId='164' formatCode='dd.mm.yy'/></numFmts><cellStyleXfs><xf numFmtId='9'/></cellStyleXfs>\
                   <cellXfs><xf numFmtId='0'/><xf numFmtId='164'/></cellXfs></s>";
        let formats = Formats::of(xml);
        assert_eq!([0, 1, 2].map(|style| formats.of_style(style)), [Format::Plain, Format::Date, Format::Plain]);
    }
}
