//! When a certificate is renewed, whatever the clocks do, and which names are the device's own.

use super::*;
use crate::platform::home::Home;

const NOON: i64 = 1_796_000_000;

fn at(days: u64) -> Instant {
    Instant::from_millis(1 + days * 86_400_000)
}

#[test]
fn a_certificate_is_renewed_by_either_clock_and_when_the_clock_was_set() {
    let times = Times { at: at(0), wall: NOON };
    assert!(!times.is_over(at(29), NOON + 29 * DAY));
    assert!(times.is_over(at(30), NOON + DAY), "running time counts where the wall clock stands");
    assert!(times.is_over(at(1), NOON + 30 * DAY), "the clock was behind when it was made");
    assert!(times.is_over(at(1), NOON - 2 * DAY), "it was ahead");
    assert!(!times.is_over(at(1), NOON - 3600), "summer time, or a network that sets it a little");
    let without = Times { at: at(0), wall: believed(0) };
    assert_eq!(without.wall, RELEASE, "1970 is not believed");
    assert!(!without.is_over(at(1), 86_400), "and is no reason to make one each minute");
    assert!(without.is_over(at(1), RELEASE + 40 * DAY), "the network set the clock");
    assert!(believed(i64::MAX) < ROOT_UNTIL);
}

#[test]
fn a_renewed_certificate_is_shown_from_then_on_and_a_host_is_known_by_its_names_and_port() {
    let folder = tempfile::tempdir().unwrap();
    let root = Home::at(folder.path()).tls_root().unwrap();
    let tls = Tls::new(root, "Attic", "192.168.1.4:7780".parse().unwrap()).unwrap();
    let shown = || {
        let current = tls.certificate.current.read().unwrap();
        current.key.cert[0].to_vec()
    };
    let first = shown();
    tls.certificate.renew("attic", clock::now(), clock::shown());
    assert_eq!(shown(), first, "not before it is time");
    tls.certificate.renew("attic", clock::now(), believed(clock::shown()) + 31 * DAY);
    assert_ne!(shown(), first);
    for own in ["attic.local", "attic.local:7780", "ATTIC.lan:7780", "attic.home.arpa"] {
        assert!(tls.is_name(own, 7780), "{own}");
    }
    for other in [
        "attic",
        "attic:7780",
        "attic.local:80",
        "attic.local:",
        "evil.local",
        "evil.example",
        "",
        "attic.local.",
        "attic.local:7780:1",
    ] {
        assert!(!tls.is_name(other, 7780), "{other}");
    }
    assert_eq!(format!("{tls:?}"), "Tls(attic.local)");
}

#[test]
fn a_machine_that_gets_another_name_shows_a_certificate_of_that_and_is_known_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = Home::at(folder.path()).tls_root().unwrap();
    let tls = Tls::new(root, "attic", "192.168.1.4:7780".parse().unwrap()).unwrap();
    let shown = || tls.certificate.current().key.cert[0].to_vec();
    let has = |certificate: &[u8], what: &[u8]| certificate.windows(what.len()).any(|part| part == what);
    let (first, address) = (shown(), [192, 168, 1, 4]);
    assert!(has(&first, b"attic.local") && has(&first, &address), "where it is listened at");
    tls.certificate.renew("loft", clock::now(), clock::shown());
    let second = shown();
    assert!(has(&second, b"loft.local") && has(&second, &address) && !has(&second, b"attic.local"));
    assert!(tls.is_name("loft.local:7780", 7780) && !tls.is_name("attic.local:7780", 7780));
}
