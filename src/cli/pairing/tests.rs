//! What the commands say.

use super::*;

#[test]
fn whoever_reads_other_words_is_told_to_leave_here_as_well() {
    let text = has_joined("lamp river stone");
    assert!(text.contains("`wattle leave` here") && text.contains("`wattle remove`"), "{text}");
}

#[test]
fn a_device_of_the_mesh_has_one_word_for_what_it_is() {
    let of = |caps: &[&str]| role(&caps.iter().map(|cap| (*cap).to_owned()).collect::<Vec<_>>());
    assert_eq!(of(&["member", "worker"]), "member");
    assert_eq!(of(&["member", "worker", "admin"]), "admin");
    assert_eq!(of(&["worker"]), "worker", "one that neither asks nor answers");
}

#[test]
fn times_are_told_in_the_largest_unit_that_says_enough() {
    let told = [-5, 59, 60, 3_599, 3_600, 172_799, 172_800].map(ago);
    assert_eq!(told, ["just now", "just now", "1 min ago", "59 min ago", "1 h ago", "47 h ago", "2 days ago"]);
}
