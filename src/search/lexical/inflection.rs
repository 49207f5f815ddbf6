//! Whether two words are likely to be forms of one, where no stemmer can tell: a row of a table is too short to tell its language.

/// Letters that two forms of one word have in common at their beginning at least, where one of them is the beginning of the other, and where both
/// have another end. Chosen: `Martin` and `Martha` are two names, and so are `hedgerow` and `hedgehog` two words.
const COMMON: (usize, usize) = (4, 5);

/// Letters at most of the end of a form, in the same two cases.
const END: (usize, usize) = (3, 2);

/// Whether two words, in their canonical form, are likely to be forms of one: `Rechnung` and `Rechnungen`, `bezahlt` and `bezahlen`.
pub(super) fn are_forms_of_one(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let common = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let ends = [one, other].map(|word| word.chars().count() - common);
    let (shorter, longer) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
    let (least, most) = if shorter == 0 { (COMMON.0, END.0) } else { (COMMON.1, END.1) };
    common >= least && longer <= most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_word_differ_in_a_short_end_and_other_words_in_more() {
        for (one, other) in [
            ("paid", "paid"),
            ("rechnung", "rechnungen"),
            ("return", "returned"),
            ("bezahlt", "bezahlen"),
            ("pagadas", "pagado"),
            ("waschmaschinen", "waschmaschine"),
        ] {
            assert!(are_forms_of_one(one, other) && are_forms_of_one(other, one), "{one} {other}");
        }
        for (one, other) in
            [("hedgerow", "hedgehog"), ("martin", "martha"), ("pay", "pays"), ("member", "membership"), ("", "pay")]
        {
            assert!(!are_forms_of_one(one, other) && !are_forms_of_one(other, one), "{one} {other}");
        }
    }
}
