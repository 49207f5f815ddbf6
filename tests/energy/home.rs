//! Must show 4: two days of a home, beside the same home without a governor.

use wattle::sim::power::home::Home;

fn lived(is_governed: bool) -> Home {
    let mut home = Home::new(is_governed);
    home.live();
    home
}

#[test]
fn a_backlog_that_can_wait_two_days_is_done_on_the_sun_and_never_on_a_battery() {
    let (ours, none) = (lived(true), lived(false));
    for (name, home) in [("governor", &ours), ("none", &none)] {
        let (all, paid) = home.joules_per_thousand();
        let share = home.share_on_surplus() * 100.0;
        println!("{name}: {share:.1} % on surplus, {all:.0} J per 1,000 chunks, {paid:.0} of them not surplus");
        for device in &home.devices {
            println!("  {:8} {:?} left {:.0}", device.name, device.done, device.backlog);
        }
    }
    assert!(ours.devices.iter().all(|device| device.backlog < 1.0), "the backlog is done by its deadline");
    assert!((ours.chunks() - none.chunks()).abs() < 1.0, "both did the same work");
    assert!(ours.share_on_surplus() > 0.9, "{}", ours.share_on_surplus());
    assert!(none.share_on_surplus() < 0.1, "{}", none.share_on_surplus());
    assert!(ours.joules_per_thousand().1 < none.joules_per_thousand().1 / 5.0);
    for device in &ours.devices {
        assert!(device.done.on_battery < 1.0, "{} worked on its battery", device.name);
        assert_eq!((device.done.above_limit, device.done.unquiet), (0, 0), "{}", device.name);
    }
    assert!(none.devices[0].done.above_limit > 1000, "without a governor the Pi 4 throttles");
}
