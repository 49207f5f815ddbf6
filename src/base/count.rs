//! Numbers in sentences: a noun and a verb agree with how many there are.

/// A number and its noun, with a regular plural: "1 file", "0 files".
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", plural(number, "", "s"))
}

/// The word for one, or that for any other number.
#[must_use]
pub const fn plural<'a>(number: u64, one: &'a str, many: &'a str) -> &'a str {
    if number == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_the_only_number_without_a_plural() {
        assert_eq!([0, 1, 2].map(|number| count(number, "file")), ["0 files", "1 file", "2 files"]);
        assert_eq!([0, 1, 2].map(|number| plural(number, "is", "are")), ["are", "is", "are"]);
    }
}
