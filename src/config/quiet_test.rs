//! Quiet hours that people ask for: what is refused, and what becomes of a file that they are written into.

use super::*;
use crate::config::edit::{Setting, edit};
use crate::config::file::Config;

fn wanted(days: Option<&str>, from: &str, to: &str, cap: f64) -> WantedQuiet {
    WantedQuiet { days: days.map(str::to_owned), from: from.to_owned(), to: to.to_owned(), cap }
}

fn written(text: &str, wanted: &[WantedQuiet]) -> String {
    let hours = quiet_hours(wanted).unwrap();
    let new = edit(text, None, &[Setting::Quiet(hours.clone())]).unwrap();
    let read = Config::parse(&new).unwrap().energy.settings.policy.quiet;
    let sorted = |hours: &QuietHours| {
        let mut all: Vec<String> = hours.windows().map(|window| format!("{window:?}")).collect();
        all.sort();
        all
    };
    assert_eq!(sorted(&read), sorted(&hours), "{new}");
    new
}

#[test]
fn what_is_asked_for_is_written_as_people_write_it_and_read_back() {
    let night = wanted(Some("sun, mon,tue,wed,Thu"), "22:00", "7:00", 0.25);
    let nap = wanted(Some("sat,sun"), "13:00", "15:00", 0.0);
    let day = wanted(Some("daily"), "00:00", "24:00", 1.0);
    assert_eq!(
        written("", &[night, nap.clone(), day]),
        "[[energy.quiet]]\ndays = \"sun-thu\"\nfrom = \"22:00\"\nto = \"07:00\"\ncap = 0.25\n\n[[energy.quiet]]\ndays = [\"sat\", \"sun\"]\n\
         from = \"13:00\"\nto = \"15:00\"\n\n[[energy.quiet]]\nfrom = \"00:00\"\nto = \"24:00\"\ncap = 1.0\n"
    );
    assert_eq!(
        quiet_hours(&[wanted(Some("mon-fri"), "1:00", "2:00", 0.0)]).unwrap().windows().next().unwrap().0.days,
        31
    );
    assert_eq!(quiet_hours(&[wanted(None, "1:00", "2:00", 0.0)]).unwrap().windows().next().unwrap().0.days, 127);
}

#[test]
fn a_window_that_stays_keeps_its_comments_and_everything_else_of_the_file_stays() {
    let night = wanted(Some("sun-thu"), "22:00", "07:00", 0.25);
    let text = "# Ann's\n[energy] # heat\nlimit_c = 70 # measured\n\n# The baby sleeps:\n[[energy.quiet]]\ndays = \"sun-thu\" # school\nfrom = \"22:00\"\n\
                to = \"07:00\"\ncap = 0.25\n\n[[energy.quiet]]\nfrom = \"13:00\"\nto = \"15:00\"\n\n[node]\nname = \"attic\"\n";
    let nap = "\n[[energy.quiet]]\nfrom = \"13:00\"\nto = \"15:00\"\n";
    assert_eq!(written(text, std::slice::from_ref(&night)), text.replace(nap, ""));
    let both = [night.clone(), wanted(None, "13:00", "15:00", 0.0)];
    assert_eq!(written(text, &both), text, "the same again changes nothing");
    let later = written(text, &[night, wanted(None, "13:00", "16:00", 0.0)]);
    assert_eq!(later, text.replace("15:00", "16:00"));
    let none = written(text, &[]);
    assert!(
        !none.contains("quiet") && none.contains("limit_c = 70 # measured") && none.contains("name = \"attic\""),
        "{none}"
    );
}

#[test]
fn tables_that_stand_elsewhere_take_them_too() {
    let nap = [wanted(None, "13:00", "15:00", 0.5)];
    for text in [
        "energy.silent = true\n",
        "energy = { silent = true }\n",
        "[energy]\nquiet = [{ from = \"1:00\", to = \"2:00\" }]\nsilent = true\n",
        "[node]\nname = \"a\"\n",
    ] {
        let new = written(text, &nap);
        assert_eq!(new.contains("silent = true"), text.contains("silent"), "{new}");
        assert!(!written(&new, &[]).contains("quiet"));
    }
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    for (bad, said) in [
        (wanted(None, "25:00", "7:00", 0.0), "a time of day as \"22:00\", not \"25:00\""),
        (wanted(None, "22:00", "seven", 0.0), "not \"seven\""),
        (wanted(Some("moonday"), "22:00", "7:00", 0.0), "not \"moonday\""),
        (wanted(Some(""), "22:00", "7:00", 0.0), "a day as \"mon\""),
        (wanted(None, "22:00", "7:00", 1.5), "a number from 0 to 1, not 1.5"),
        (wanted(None, "22:00", "7:00", f64::NAN), "a number from 0 to 1"),
    ] {
        let why = quiet_hours(&[wanted(None, "1:00", "2:00", 0.0), bad]).unwrap_err();
        assert!(
            why.contains(said) && why.contains("number 2 is wrong") && why.ends_with("Nothing was changed."),
            "{why}"
        );
    }
    let many = vec![wanted(None, "1:00", "2:00", 0.0); QUIET_HOURS_MAX + 1];
    assert!(quiet_hours(&many).unwrap_err().contains("There may be 14"));
    assert!(quiet_hours(&many[1..]).is_ok());
}
