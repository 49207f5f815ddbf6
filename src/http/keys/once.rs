//! Codes that let one browser in, once, within a minute: `wattle open` gives one to the browser that it starts.
//!
//! The code is an argument of the browser, which every user of the machine can read. So it is no token: it is good once, for a minute, and only
//! for a browser of the agent's own user (`platform::socket_owner`).

use super::entry::sum;
use crate::base::time::{Duration, Instant};
use crate::limits::{ONCE_MAX, ONCE_MS};
use crate::platform::home::Token;
use std::sync::{Arc, Mutex, PoisonError};

/// The codes that are good now. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Once(Arc<Mutex<Vec<(String, Instant)>>>);

impl Once {
    /// A new code. Of too many the oldest is void.
    ///
    /// # Errors
    /// One sentence: the system gives no random numbers.
    pub(crate) fn issue(&self, now: Instant) -> Result<Token, String> {
        let code = Token::random()?;
        self.with(|codes| {
            codes.retain(|(_, until)| now < *until);
            if codes.len() >= ONCE_MAX {
                codes.remove(0);
            }
            codes.push((sum(code.reveal()), now + Duration::from_millis(ONCE_MS)));
        });
        Ok(code)
    }

    /// Whether this code is good. It is not from then on.
    pub(crate) fn redeem(&self, code: &str, now: Instant) -> bool {
        let offered = sum(code);
        self.with(|codes| {
            codes.retain(|(_, until)| now < *until);
            let before = codes.len();
            codes.retain(|(sum, _)| *sum != offered);
            codes.len() < before
        })
    }

    fn with<T>(&self, then: impl FnOnce(&mut Vec<(String, Instant)>) -> T) -> T {
        then(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_good_once_within_a_minute_and_few_are_at_a_time() {
        let (once, at) = (Once::default(), Instant::from_millis);
        let code = once.issue(at(1000)).unwrap();
        assert!(!once.redeem("", at(1000)) && !once.redeem(&"0".repeat(64), at(1000)));
        assert!(once.redeem(code.reveal(), at(60_999)));
        assert!(!once.redeem(code.reveal(), at(60_999)), "once");
        let late = once.issue(at(1000)).unwrap();
        assert!(!once.redeem(late.reveal(), at(61_000)), "a minute");
        let codes: Vec<Token> = (0..=ONCE_MAX).map(|_| once.issue(at(1000)).unwrap()).collect();
        let good = codes.iter().filter(|code| once.redeem(code.reveal(), at(1000))).count();
        assert_eq!(good, ONCE_MAX);
        assert!(!format!("{once:?}").contains(codes[0].reveal()));
    }
}
