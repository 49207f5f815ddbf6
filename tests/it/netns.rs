//! Real agents in network namespaces on a bridge, which scripts/mesh-netns and scripts/trust-netns make.

use super::harness::{WATTLE, repo};
use std::process::Command;

/// The scripts' exit code where no namespaces can be made.
const CANNOT: i32 = 77;

/// What a script printed, if it could run; it must have succeeded.
fn run(script: &str, args: &[&str]) -> Option<String> {
    let run = Command::new("python3")
        .arg(repo().join("scripts").join(script))
        .args(args)
        .env("WATTLE", WATTLE)
        .env("WATTLE_MODELS", repo().join("models"))
        .output();
    let output = match run {
        Ok(output) => output,
        Err(error) => {
            eprintln!("SKIPPED, NOT TESTED: there is no python3 to make namespaces: {error}");
            return None;
        }
    };
    let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(CANNOT) {
        eprintln!("SKIPPED, NOT TESTED: {printed}");
        return None;
    }
    println!("{printed}");
    assert!(output.status.success(), "{printed}");
    Some(printed)
}

#[test]
fn three_agents_find_each_other_by_multicast_and_without_it_by_one_address() {
    let Some(printed) = run("mesh-netns", &["--only", "a,b", "--agents", "3", "--within", "60"]) else { return };
    for step in ["ok    a", "ok    b"] {
        assert!(printed.contains(step), "{printed}");
    }
}

#[test]
fn a_relay_with_its_own_noise_and_false_certificates_are_refused_by_real_agents_each_with_its_cause() {
    let Some(printed) = run("trust-netns", &["table", "--only", "relay,certificates"]) else { return };
    for row in
        ["ok    a relayed pairing", "ok    a recorded exchange", "ok    a forged certificate", "ok    a chain of three"]
    {
        assert!(printed.contains(row), "{printed}");
    }
}
