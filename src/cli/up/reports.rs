//! What the services of the SD card image report (cross/image/root/usr/libexec/wattle): what was wrong with `wattle.txt`, and what is wrong with the
//! board itself, as findings of the agent, so that the page tells both.

use crate::base::finding::{Area, Finding};
use crate::platform::card::Reported;
use crate::platform::findings::Findings;

/// Has the findings be what was read just now.
pub(crate) fn tell(reported: &Reported, findings: &Findings) {
    let mistakes = (!reported.mistakes.is_empty()).then(|| of_card(&reported.mistakes));
    let board = (!reported.board.is_empty()).then(|| of_board(&reported.board));
    for (key, found) in [("card", mistakes), ("board", board)] {
        match found {
            Some(found) => findings.set(key, found),
            None => findings.clear(key),
        }
    }
}

/// What was wrong with `wattle.txt` when this board was set up by it.
pub(crate) fn of_card(wrong: &[String]) -> Finding {
    let what = format!(
        "On the card's boot partition, wattle.txt was not carried out whole; wattle-report.txt beside it says so too. {}",
        wrong.join(" ")
    );
    Finding { area: Area::State, what, command: None }
}

/// What is wrong with this board itself.
pub(crate) fn of_board(wrong: &[String]) -> Finding {
    Finding { area: Area::State, what: wrong.join(" "), command: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_on_the_card_is_one_finding_with_its_lines() {
        let finding = of_card(&["line 3: it is wrong.".to_owned(), "not done: it.".to_owned()]);
        assert!(finding.what.ends_with(" so too. line 3: it is wrong. not done: it."), "{}", finding.what);
        assert_eq!(finding.area, Area::State);
    }

    #[test]
    fn what_the_reports_tell_are_findings_until_they_tell_it_no_more() {
        let findings = Findings::default();
        let board = vec!["The card is very slow.".to_owned(), "There is no network.".to_owned()];
        tell(&Reported { mistakes: vec!["line 3: it is wrong.".to_owned()], board: board.clone() }, &findings);
        assert_eq!(findings.list().len(), 2);
        tell(&Reported { mistakes: Vec::new(), board }, &findings);
        let left = findings.list();
        assert_eq!((left.len(), left[0].what.as_str()), (1, "The card is very slow. There is no network."));
        tell(&Reported::default(), &findings);
        assert!(findings.list().is_empty());
    }
}
