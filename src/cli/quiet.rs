//! `wattle energy quiet`: shows the quiet hours, or sets others.

use super::output::{Stop, show};
use crate::config::WantedQuiet;
use crate::http::client::Client;
use crate::runtime::governor::QuietWindow;
use serde_json::json;
use std::fmt::Write;

/// Shows them where no others are typed.
pub(super) async fn quiet(client: &Client, typed: &[String], none: bool, as_json: bool) -> Result<(), Stop> {
    let show_them = |hours: &[QuietWindow], leads: bool| {
        show(as_json, &json!({ "quiet": hours, "leads": leads }), || shown(hours, leads))
    };
    if typed.is_empty() && !none {
        let energy = client.energy().await?.read;
        return show_them(&energy.wishes.quiet, energy.details.leads);
    }
    let wanted: Vec<WantedQuiet> = typed.iter().map(|text| wanted(text)).collect::<Result<_, String>>()?;
    let body =
        |WantedQuiet { days, from, to, cap }: &WantedQuiet| json!({ "days": days, "from": from, "to": to, "cap": cap });
    let body: Vec<_> = wanted.iter().map(body).collect();
    let set = client.set_quiet(json!({ "quiet": body })).await?;
    show_them(&set.quiet, set.leads)?;
    set.forgotten.map_or(Ok(()), |why| Err(Stop::NotDone(why)))
}

/// "sun-thu 22:00-07:00 25%". The agent says what is wrong with a day or a time.
fn wanted(text: &str) -> Result<WantedQuiet, String> {
    let wrong = || {
        format!(
            "Quiet hours are typed as \"sun-thu 22:00-07:00 25%\" or \"13:00-15:00\", each in quotes, and not as {text:?}. Nothing was changed."
        )
    };
    let (mut days, mut times, mut cap) = (Vec::new(), None, 0.0);
    for word in text.split_whitespace() {
        if let Some(percent) = word.strip_suffix('%') {
            cap = percent.parse::<f64>().map_err(|_| wrong())? / 100.0;
        } else if word.contains(':') {
            times = Some(word.split_once('-').ok_or_else(wrong)?);
        } else {
            days.push(word.trim_matches(','));
        }
    }
    let (from, to) = times.ok_or_else(wrong)?;
    let days = (!days.is_empty()).then(|| days.join(","));
    Ok(WantedQuiet { days, from: from.to_owned(), to: to.to_owned(), cap })
}

fn shown(hours: &[QuietWindow], leads: bool) -> String {
    let mut text = String::new();
    if hours.is_empty() {
        text.push_str("There are no quiet hours.\n");
    }
    for QuietWindow { days, from, to, cap } in hours {
        let share =
            if *cap > 0.0 { format!("at most {:.0} % of the device", cap * 100.0) } else { "nothing".to_owned() };
        let _ = writeln!(text, "{days} {from}-{to}: {share}");
    }
    if !leads {
        text.push_str(
            "Another agent of this host governs it: that one's quiet hours hold, and these once this one does.\n",
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_are_typed_as_people_say_them() {
        let is = |days: Option<&str>, from: &str, to: &str, cap: f64| {
            Ok(WantedQuiet { days: days.map(str::to_owned), from: from.to_owned(), to: to.to_owned(), cap })
        };
        assert_eq!(wanted("sun-thu 22:00-07:00 25%"), is(Some("sun-thu"), "22:00", "07:00", 0.25));
        assert_eq!(wanted("13:00-15:00"), is(None, "13:00", "15:00", 0.0));
        assert_eq!(wanted("sat, sun 13:00-15:00"), is(Some("sat,sun"), "13:00", "15:00", 0.0));
        for bad in ["", "sun-thu", "22:00", "22:00-07:00 x%"] {
            assert!(wanted(bad).unwrap_err().contains("Nothing was changed"), "{bad}");
        }
    }

    #[test]
    fn what_holds_is_shown_and_so_is_that_another_agents_hold() {
        let window = QuietWindow { days: "sat,sun".into(), from: "13:00".into(), to: "15:00".into(), cap: 0.25 };
        assert_eq!(shown(&[window], true), "sat,sun 13:00-15:00: at most 25 % of the device\n");
        let text = shown(&[], false);
        assert!(text.starts_with("There are no quiet hours.\n") && text.contains("Another agent"), "{text}");
    }
}
