//! A folder that lies at two places at once.

use super::*;

#[test]
fn a_folder_that_is_bound_to_a_second_name_is_followed_there_and_at_the_first_afterwards() {
    let place = Place::new();
    place.write("n/lock.md", LOCK);
    fs::create_dir_all(place.docs().join("m")).unwrap();
    let probe = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "x", "/mnt"]).output();
    if !probe.as_ref().is_ok_and(|probe| probe.status.success()) {
        return eprintln!("SKIPPED, NOT TESTED: there is no mount namespace to be had: {probe:?}");
    }
    let mut command = Command::new("unshare");
    command.args(["-rm", WATTLE]);
    let agent = Agent::start(command, &place.home(), &[place.docs().to_str().unwrap()]);
    agent.wait_ready(1);
    let pid = agent.child.id().to_string();
    let inside = |args: &[&str]| {
        let run = Command::new("nsenter").args(["-t", &pid, "-U", "-m", "--preserve-credentials"]).args(args).output();
        let run = run.unwrap();
        assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
    };
    let (first, second) = (place.docs().join("n"), place.docs().join("m"));
    inside(&["mount", "--bind", first.to_str().unwrap(), second.to_str().unwrap()]);
    agent.wait_ready(2);
    let is_found = |question: &str, name: &str| {
        let path = first.join(name);
        wait_for(&agent, question, name, |hits| {
            let places = |hit: &Value| hit["places"].as_array().into_iter().flatten().any(|place| names(place, &path));
            hits.iter().any(|hit| names(hit, &path) || places(hit))
        });
    };
    place.write("n/fox.md", "The fox sleeps below the hazel.\n");
    is_found("fox below the hazel", "fox.md");
    inside(&["umount", second.to_str().unwrap()]);
    std::thread::sleep(Duration::from_secs(1));
    place.write("n/seal.md", "The seal lies on the sandbank.\n");
    is_found("seal on the sandbank", "seal.md");
    agent.stop();
}
