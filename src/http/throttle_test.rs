//! How often tokens and passwords are tried, by whom, and whom that keeps waiting.

use super::*;

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A browser at this address tries a password.
fn tried(throttle: &Throttle, from: &str, now: u64) -> Result<(), u64> {
    tried_by(throttle, from, "Firefox", now)
}

fn tried_by(throttle: &Throttle, from: &str, agent: &str, now: u64) -> Result<(), u64> {
    throttle.try_password(throttle.source(ip(from), None, agent), at(now)).map(drop)
}

/// A flood of guesses of programs that each call themselves something else.
fn flood(throttle: &Throttle, from: &str, now: u64) {
    for number in 0..100 {
        let _ = tried_by(throttle, from, &format!("guesser {number}"), now);
    }
}

#[test]
fn the_sixth_wrong_one_of_a_minute_waits_and_waiting_is_not_made_longer_by_trying() {
    let throttle = Throttle::default();
    for number in 0..5 {
        assert_eq!(tried(&throttle, "10.0.0.7", 1000 + number * 1000), Ok(()));
    }
    assert_eq!(tried(&throttle, "10.0.0.7", 6000), Err(55));
    for now in (7000..61_000).step_by(500) {
        assert!(tried(&throttle, "10.0.0.7", now).is_err(), "{now}");
    }
    assert_eq!(tried(&throttle, "10.0.0.7", 60_999), Err(1));
    for _ in 0..5 {
        assert_eq!(tried(&throttle, "10.0.0.7", 61_000), Ok(()));
    }
    assert_eq!(tried(&throttle, "10.0.0.7", 61_000), Err(60));
}

#[test]
fn others_and_tokens_are_not_slowed_with_it_and_a_right_one_ends_it() {
    let throttle = Throttle::default();
    for _ in 0..6 {
        let _ = tried(&throttle, "10.0.0.7", 1000);
    }
    assert_eq!(tried(&throttle, "10.0.0.8", 1000), Ok(()));
    assert_eq!(tried_by(&throttle, "10.0.0.7", "Safari", 1000), Ok(()), "another program behind the same router");
    assert_eq!(throttle.wrong_token(ip("10.0.0.7"), "ab", at(1000)), Ok(()));
    assert!(tried(&throttle, "10.0.0.7", 1000).is_err());
    throttle.forgive(throttle.source(ip("10.0.0.7"), None, "Firefox"));
    assert_eq!(tried(&throttle, "10.0.0.7", 1000), Ok(()));
}

#[test]
fn the_same_wrong_token_again_is_no_further_guess_and_the_sixth_other_one_waits() {
    let throttle = Throttle::default();
    let wrong = |token: &str, now| throttle.wrong_token(ip("10.0.0.7"), token, at(now));
    for now in 0..100 {
        assert_eq!(wrong("of a session that is over", 1000 + now), Ok(()));
    }
    for number in 1..5 {
        assert_eq!(wrong(&number.to_string(), 2000), Ok(()));
    }
    assert_eq!(wrong("5", 2000), Err(59));
    assert_eq!(wrong("of a session that is over", 2000), Ok(()), "its browser learns that it is void");
    assert_eq!(wrong("5", 61_000), Ok(()));
}

#[test]
fn however_many_programs_an_address_pretends_to_be_it_has_ten_tries_a_minute() {
    let throttle = Throttle::default();
    let looked_at = |now| {
        let all = (0..200).map(|number| tried_by(&throttle, "10.0.0.7", &format!("guesser {number}"), now));
        all.filter(Result::is_ok).count()
    };
    let most = usize::try_from(TRIES_ADDRESS_MAX).unwrap();
    assert_eq!((looked_at(1000), looked_at(60_999), looked_at(61_000)), (most, 0, most));
}

#[test]
fn whatever_is_tried_at_an_address_who_was_let_in_there_before_has_tries_of_its_own() {
    let throttle = Throttle::default();
    // By a token, as the page has one that was opened by `wattle link`; and by the password.
    throttle.let_in(ip("10.0.0.7"), "Firefox");
    throttle.forgive(throttle.source(ip("10.0.0.7"), None, "Safari"));
    flood(&throttle, "10.0.0.7", 1000);
    assert!(tried_by(&throttle, "10.0.0.7", "curl", 1000).is_err());
    for known in ["Firefox", "Safari"] {
        for number in 0..5 {
            assert_eq!(tried_by(&throttle, "10.0.0.7", known, 1000 + number), Ok(()), "{known}");
        }
        assert_eq!(tried_by(&throttle, "10.0.0.7", known, 2000), Err(59), "and no more than five: {known}");
    }
    let phone = "2001:db8:1:2::9";
    throttle.let_in(ip(phone), "Firefox");
    for number in 0..100 {
        let _ = tried(&throttle, &format!("2001:db8:1:2::{number:x}1"), 1000);
    }
    assert!(tried(&throttle, "2001:db8:1:2::aaaa", 1000).is_err());
    assert_eq!(tried(&throttle, phone, 1000), Ok(()), "nor by the other addresses of its network");
}

#[test]
fn a_flood_of_one_address_or_of_a_whole_network_keeps_no_other_address_waiting() {
    let throttle = Throttle::default();
    for number in 0..=255 {
        flood(&throttle, &format!("192.168.1.{number}"), 1000);
        flood(&throttle, &format!("2001:db8:1:{number:x}::1"), 1000);
    }
    for other in ["192.168.2.9", "10.0.0.7", "2001:db8:2::1", "127.0.0.1"] {
        assert_eq!(tried(&throttle, other, 1000), Ok(()), "{other}");
    }
}

#[test]
fn of_those_who_wait_for_a_look_the_known_go_first_and_a_flooded_network_last() {
    let throttle = Throttle::default();
    throttle.let_in(ip("192.168.1.9"), "Firefox");
    for number in 20..80 {
        tried(&throttle, &format!("192.168.1.{number}"), 1000).unwrap();
    }
    let rank = |from: &str, agent| throttle.try_password(throttle.source(ip(from), None, agent), at(1000)).unwrap();
    let (known, other) = (rank("192.168.1.9", "Firefox"), rank("10.0.0.7", "Firefox"));
    let (fresh, again) = (rank("192.168.1.200", "Firefox"), rank("192.168.1.20", "Firefox"));
    assert!(known < other && other < fresh && fresh < again, "{known:?} {other:?} {fresh:?} {again:?}");
}

#[test]
fn addresses_of_one_ipv6_network_count_as_one_and_so_does_an_ipv4_address_however_it_is_written() {
    let throttle = Throttle::default();
    for number in 0..10 {
        assert_eq!(tried(&throttle, &format!("2001:db8:1:2::{number}"), 1000), Ok(()));
    }
    assert!(tried(&throttle, "2001:db8:1:2:ffff::9", 1000).is_err());
    assert_eq!(tried(&throttle, "2001:db8:1:3::1", 1000), Ok(()));
    for _ in 0..5 {
        assert_eq!(tried(&throttle, "::ffff:10.0.0.7", 1000), Ok(()));
    }
    assert!(tried(&throttle, "10.0.0.7", 1000).is_err());
    assert_eq!(tried(&throttle, "::1", 1000), Ok(()));
}

#[test]
fn all_addresses_of_this_machine_count_as_one() {
    let throttle = Throttle::default();
    for from in ["127.0.0.1", "127.0.0.2", "127.9.8.7", "::1", "::ffff:127.4.4.4"] {
        assert_eq!(tried(&throttle, from, 1000), Ok(()), "{from}");
    }
    for from in ["127.0.0.1", "127.255.0.9", "::1"] {
        assert!(tried(&throttle, from, 1000).is_err(), "a program here has sixteen million of them: {from}");
    }
}

#[test]
fn each_user_of_this_machine_has_tries_of_its_own_and_nobody_elsewhere_gains_by_that() {
    let throttle = Throttle::default();
    let tried = |from: &str, user, agent: &str| {
        throttle.try_password(throttle.source(ip(from), user, agent), at(1000)).map(drop)
    };
    for number in 0..100 {
        let _ = tried("127.0.0.1", Some(1001), &format!("guesser {number}"));
    }
    assert!(tried("127.0.0.1", Some(1001), "Firefox").is_err());
    assert_eq!(tried("127.0.0.1", Some(1000), "Firefox"), Ok(()));
    assert_eq!(tried("127.0.0.1", None, "Firefox"), Ok(()));
    for number in 0..100 {
        let _ = tried("10.0.0.7", Some(number), &number.to_string());
    }
    assert!(tried("10.0.0.7", Some(1000), "Firefox").is_err());
}

#[test]
fn the_tables_are_bounded_and_whoever_fills_them_loses_the_oldest_first() {
    let throttle = Throttle::default();
    for _ in 0..5 {
        let _ = tried(&throttle, "10.9.0.0", 5000);
    }
    for number in 0..2 * TRIES_ADDRESSES_MAX {
        let from = format!("10.0.{}.{}", number / 256, number % 256);
        assert_eq!(tried(&throttle, &from, 1000 + u64::try_from(number).unwrap()), Ok(()));
        throttle.let_in(ip(&from), "Firefox");
        let sizes = throttle.with(|tables| (tables.tries.len(), tables.known.len()));
        assert!(sizes.0 <= TRIES_ADDRESSES_MAX && sizes.1 <= TRIES_KNOWN_MAX, "{sizes:?}");
    }
    assert!(tried(&throttle, "10.9.0.0", 6000).is_err(), "one that came later stays");
}
