//! Times as scenarios write them.

use crate::base::rng::Rng;
use crate::base::time::Duration;
use crate::config::duration;
use crate::energy::policy::hours::minute_of_day;
use crate::limits::SCENARIO_S_MAX;

/// From one time to another, by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Duration,
    pub(super) to: Duration,
}

impl Span {
    /// A time of it.
    pub(super) fn draw(self, rng: &mut Rng) -> Duration {
        let range = u64::try_from(self.to.saturating_sub(self.from).as_millis()).unwrap_or(0);
        self.from + Duration::from_millis(rng.below(range + 1))
    }
}

/// Minutes of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    from: u16,
    to: u16,
}

impl Window {
    /// Whether it holds so long after midnight.
    pub(super) fn holds(self, since_midnight: Duration) -> bool {
        let minute = since_midnight.as_secs() / 60 % (24 * 60);
        let (from, to) = (u64::from(self.from), u64::from(self.to));
        if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to }
    }
}

/// "0s", "250ms", "30s", "1h30m".
pub(super) fn time(text: &str) -> Option<Duration> {
    let given = match text.strip_suffix("ms") {
        _ if text == "0s" => Duration::ZERO,
        Some(number) => Duration::from_millis(number.parse().ok()?),
        None => duration(text)?,
    };
    (given <= Duration::from_secs(SCENARIO_S_MAX)).then_some(given)
}

/// "30s", or "5s..60s".
pub(super) fn span(text: &str) -> Option<Span> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let span = Span { from: time(from.trim())?, to: time(to.trim())? };
    (span.from <= span.to).then_some(span)
}

/// "10:00-15:00".
pub(super) fn window(text: &str) -> Option<Window> {
    let (from, to) = text.split_once('-')?;
    Some(Window { from: minute_of_day(from.trim())?, to: minute_of_day(to.trim())? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_spans_and_windows_are_read_and_nothing_else() {
        let s = Duration::from_secs;
        assert_eq!(["0s", "1h30m"].map(time), [Some(s(0)), Some(s(5400))]);
        assert_eq!(time("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(span("5s..60s"), Some(Span { from: s(5), to: s(60) }));
        assert_eq!(span("5s"), Some(Span { from: s(5), to: s(5) }));
        for wrong in ["", "5", "s", "-5s", "9999999d", "ms", "99999999999999999999ms"] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
        assert_eq!([span("60s..5s"), span("5s.."), span("..")], [None; 3]);
        let night = window("22:00-07:00").unwrap();
        assert_eq!([21, 22, 6, 7].map(|hour| night.holds(s(hour * 3600))), [false, true, true, false]);
        assert_eq!(["", "10:00", "25:00-26:00"].map(window), [None; 3]);
    }
}
