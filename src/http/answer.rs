//! How every answer is written: JSON or one sentence, with headers that forbid browsers to cache, sniff or frame it.

use super::shape;
use crate::base::fold::controls_terminal;
use crate::base::time;
use crate::platform::clock;
use crate::platform::home::hints;
use crate::platform::socket_owner::Ends;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt::Write;
use trillium::{Conn, HeaderValues, Headers, KnownHeaderName, Status};

/// Headers of every answer: nothing is cached, sniffed, framed or sent on as a referrer. The date stands there without a value: where it is
/// not there, trillium writes it, with `httpdate`, which panics before 1970 and after 9999.
pub(super) fn common_headers() -> Headers {
    Headers::new()
        .with_inserted_header(KnownHeaderName::Date, HeaderValues::new())
        .with_inserted_header(KnownHeaderName::CacheControl, "no-store")
        .with_inserted_header(KnownHeaderName::XcontentTypeOptions, "nosniff")
        .with_inserted_header(KnownHeaderName::ReferrerPolicy, "no-referrer")
        .with_inserted_header(KnownHeaderName::XframeOptions, "DENY")
        .with_inserted_header(KnownHeaderName::CrossOriginResourcePolicy, "same-origin")
        .with_inserted_header(KnownHeaderName::CrossOriginOpenerPolicy, "same-origin")
}

/// The header of an answer that tells what the caller's token may do: the page leaves out what would be refused.
pub(super) const ROLE_HEADER: &str = "Wattle-Role";

/// The media type of server-sent events.
pub(super) const EVENT_STREAM: &str = "text/event-stream";

/// The media type of an archive, which may be large: it goes on as long as its reader takes some of it now and then. Those of the
/// gateway have parameters behind it.
pub(super) const EXPORT: &str = "application/vnd.ipld.car";

/// Whether the answer goes on as long as its reader wants.
pub(super) fn is_endless(conn: &Conn) -> bool {
    conn.response_headers().get_str(KnownHeaderName::ContentType).is_some_and(goes_on)
}

/// Whether an answer of this type does.
fn goes_on(media: &str) -> bool {
    let bare = media.split(';').next().unwrap_or_default().trim();
    [EVENT_STREAM, EXPORT].contains(&bare)
}

/// Adds the date to an answer, if the clock shows one that HTTP can write. Where it goes without TLS to another device, browsers ignore the header that
/// keeps windows apart, and complain of it at their console: it is left out there.
pub(super) fn finished(mut conn: Conn, is_secure: bool) -> Conn {
    if !is_secure {
        conn.response_headers_mut().remove(KnownHeaderName::CrossOriginOpenerPolicy);
    }
    match date(clock::shown()) {
        Some(date) => conn.with_response_header(KnownHeaderName::Date, date),
        None => conn,
    }
}

/// A time in seconds since 1970 as HTTP writes it (RFC 9110, IMF-fixdate).
fn date(seconds: i64) -> Option<String> {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let date = time::date(days)?;
    let (year, month, day) = (date.get(..4)?, date.get(5..7)?, date.get(8..).filter(|day| day.len() == 2)?);
    let weekday = WEEKDAYS.get(usize::try_from(days % 7).ok()?)?;
    let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    Some(format!("{weekday}, {day} {month} {year} {hour:02}:{minute:02}:{second:02} GMT"))
}

/// Answers with a word as text; no later handler runs.
pub(super) fn plain(conn: Conn, word: &'static str) -> Conn {
    conn.with_response_header(KnownHeaderName::ContentType, "text/plain; charset=utf-8").ok(word)
}

/// Answers with this value as JSON; no later handler runs.
pub(super) fn json(conn: Conn, status: Status, body: &impl Serialize) -> Conn {
    match serde_json::to_string(body) {
        Ok(text) => conn
            .with_status(status)
            .with_response_header(KnownHeaderName::ContentType, "application/json")
            .with_body(escaped(&text).into_owned())
            .halt(),
        Err(error) => {
            log::error!("An answer could not be written as JSON: {error}.");
            conn.with_status(Status::InternalServerError).halt()
        }
    }
}

/// The same JSON in which every character that could control a terminal, or turn the direction of what follows, is
/// written as `\u`. They stand in strings only, where that is the same.
#[must_use]
pub fn escaped(json: &str) -> Cow<'_, str> {
    let hidden = |c: char| !c.is_ascii() && controls_terminal(c) || c == '\u{7f}';
    if !json.contains(hidden) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if hidden(c) {
            // None of them is beyond U+FFFF.
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    Cow::Owned(text)
}

/// After how many seconds a program asks again: what is under way, a save or a step of an earlier request, takes about as long.
const BUSY_RETRY_S: &str = "1";

/// Answers `{"error": sentence}`, or in the shape that the path's clients read, and closes the connection: the rest of a refused request is not read. Whoever came while the agent was busy
/// is told when to ask again.
pub(super) fn refused(conn: Conn, status: Status, sentence: &str) -> Conn {
    let sentence = if may_know_home(&conn) { hints(sentence) } else { Cow::Borrowed(sentence) };
    let error = shape::error(conn.path(), status, &sentence);
    let conn = json(conn, status, &error).with_response_header(KnownHeaderName::Connection, "close");
    match retry_after(status) {
        Some(seconds) => conn.with_response_header(KnownHeaderName::RetryAfter, seconds),
        None => conn,
    }
}

/// Whether the commands of a refusal may name the agent's home: to whoever was let in, and on this machine. Its path often has its owner's name in it, which
/// is nothing for strangers of the network.
fn may_know_home(conn: &Conn) -> bool {
    let is_here = conn.state::<Ends>().is_some_and(|ends| ends.local.ip().to_canonical().is_loopback());
    is_here || conn.response_headers().has_header(ROLE_HEADER)
}

fn retry_after(status: Status) -> Option<&'static str> {
    matches!(status, Status::ServiceUnavailable | Status::TooManyRequests).then_some(BUSY_RETRY_S)
}

#[cfg(test)]
mod tests {
    use super::{common_headers, date, escaped, goes_on, retry_after};
    use trillium::{KnownHeaderName, Status};

    #[test]
    fn no_clock_stops_an_answer() {
        // By `date -u -d @…`.
        for (seconds, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (1_796_000_000, "Mon, 30 Nov 2026 00:53:20 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            assert_eq!(date(seconds).as_deref(), Some(text));
        }
        for none in [-1, -86_401, i64::MIN, 253_402_300_800, i64::MAX] {
            assert_eq!(date(none), None);
        }
        assert!(common_headers().has_header(KnownHeaderName::Date), "trillium asks no clock");
    }

    #[test]
    fn an_archive_of_the_gateway_goes_on_as_an_export_does() {
        for media in
            ["application/vnd.ipld.car", "application/vnd.ipld.car; version=1; order=dfs; dups=n", "text/event-stream"]
        {
            assert!(goes_on(media), "{media}");
        }
        assert!(!goes_on("application/json") && !goes_on("application/vnd.ipld.raw"));
    }

    #[test]
    fn who_comes_while_the_agent_is_busy_is_told_when_to_ask_again_and_nobody_else() {
        for status in [Status::ServiceUnavailable, Status::TooManyRequests] {
            assert_eq!(retry_after(status), Some("1"));
        }
        for status in [Status::Conflict, Status::InsufficientStorage, Status::InternalServerError] {
            assert_eq!(retry_after(status), None, "{status}");
        }
    }

    #[test]
    fn json_carries_no_raw_control_character_and_stays_the_same_value() {
        let value = serde_json::json!({
            "a\u{9b}": "x\u{85}\u{1b}[2J\u{7f} \u{202e}gpj.exe\u{2066}\u{feff}\u{2028}\u{61c} Gr\u{fc}\u{df}e \u{1f600}"
        });
        for json in [value.to_string(), format!("{value:#}")] {
            let safe = escaped(&json);
            let raw = |c: &char| {
                c.is_control() && *c != '\n' || matches!(*c, '\u{2028}'..='\u{202e}' | '\u{2066}' | '\u{feff}')
            };
            assert_eq!(safe.chars().find(raw), None, "{safe}");
            assert!(
                safe.contains("\\u009b") && safe.contains("\\u202egpj") && safe.contains("Gr\u{fc}\u{df}e \u{1f600}")
            );
            assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
        }
    }
}
