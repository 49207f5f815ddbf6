//! Real agents in network namespaces on a bridge, which scripts/mesh-netns makes.

use super::harness::WATTLE;
use std::path::Path;
use std::process::Command;

/// The script's exit code where no namespaces can be made.
const CANNOT: i32 = 77;

#[test]
fn three_agents_find_each_other_by_multicast_and_without_it_by_one_address() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = Command::new("python3")
        .arg(root.join("scripts/mesh-netns"))
        .args(["--only", "a,b", "--agents", "3", "--within", "60"])
        .env("WATTLE", WATTLE)
        .env("WATTLE_MODELS", root.join("models"))
        .output();
    let output = match run {
        Ok(output) => output,
        Err(error) => return eprintln!("SKIPPED, NOT TESTED: there is no python3 to make namespaces: {error}"),
    };
    let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(CANNOT) {
        return eprintln!("SKIPPED, NOT TESTED: {printed}");
    }
    println!("{printed}");
    assert!(output.status.success(), "{printed}");
    for step in ["ok    a", "ok    b"] {
        assert!(printed.contains(step), "{printed}");
    }
}
