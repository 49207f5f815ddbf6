//! Two days of a simulated home, beside the same home without a governor.

use wattle::sim::power::home::{Home, Strategy};

fn run(strategy: Strategy) -> Home {
    let mut home = Home::new(strategy);
    home.live();
    let (all, paid) = home.joules_per_thousand();
    let percent = home.share_on_surplus() * 100.0;
    println!("{strategy:?}: {percent:.1} % on surplus, {all:.0} J per 1,000 chunks, {paid:.0} of them not surplus");
    for device in &home.devices {
        let done = device.done;
        println!(
            "  {:7} {:6.0} chunks, {:6.0} on surplus, {:5.0} on battery, {:4} s above its limit, {:.0} left",
            device.name, done.chunks, done.on_surplus, done.on_battery, done.above_limit, device.backlog
        );
    }
    home
}

fn is_safe_and_done(home: &Home) {
    for device in &home.devices {
        assert!(device.backlog < 1.0, "{}: {} left at its deadline", device.name, device.backlog);
        assert!(device.done.on_battery < 1.0, "{} worked on its battery", device.name);
        assert_eq!((device.done.above_limit, device.done.unquiet), (0, 0), "{}", device.name);
    }
}

#[test]
fn a_backlog_that_can_wait_two_days_is_done_on_surplus_and_never_on_battery() {
    let (ours, none) = (run(Strategy::Together), run(Strategy::Ungoverned));
    is_safe_and_done(&ours);
    assert!((ours.chunks() - none.chunks()).abs() < 1.0, "both did the same work");
    assert!(ours.share_on_surplus() > 0.9, "{}", ours.share_on_surplus());
    assert!(none.share_on_surplus() < 0.1, "{}", none.share_on_surplus());
    assert!(ours.joules_per_thousand().1 < none.joules_per_thousand().1 / 5.0);
    assert!(none.devices[0].done.above_limit > 1000, "without a governor the Pi 4 throttles");
}

#[test]
fn devices_without_helpers_wait_for_surplus_and_meet_their_deadline() {
    let home = run(Strategy::Alone);
    is_safe_and_done(&home);
    let [pi, .., pc] = &home.devices[..] else { panic!("a home has devices") };
    assert!(pi.done.on_surplus < 1.0 && pc.done.on_surplus / pc.done.chunks > 0.9);
}
