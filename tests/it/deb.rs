//! scripts/deb: a package of this very program, what is in it, and its way in and out of a system.

use super::harness::{WATTLE, repo};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Makes the package in this folder, unpacked as it is: to compress it takes a minute.
fn package(folder: &Path) -> PathBuf {
    let architecture = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };
    let mut command = Command::new(repo().join("scripts/deb"));
    command.args([architecture, "--binary", WATTLE, "--out"]).arg(folder);
    command.env("SOURCE_DATE_EPOCH", "1800000000").env("WATTLE_DEB_COMPRESSION", "none");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made = String::from_utf8(output.stdout).unwrap();
    assert_eq!(Path::new(made.trim()).parent(), Some(folder));
    PathBuf::from(made.trim())
}

fn told(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_package_has_the_program_its_service_and_its_pages_and_a_system_takes_it_and_is_rid_of_it() {
    let is_debian = Command::new("dpkg-deb").arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_debian || !cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        println!("not checked: no dpkg-deb, or no package for this processor");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let made = package(folder.path());
    let made = made.to_str().unwrap();
    let files = told("dpkg-deb", &["--contents", made]);
    for file in [
        "./usr/bin/wattle",
        "./usr/lib/systemd/system/wattle.service",
        "./usr/lib/sysusers.d/wattle.conf",
        "./usr/share/man/man1/wattle.1.gz",
        "./usr/share/man/man1/wattle-search.1.gz",
        "./usr/share/bash-completion/completions/wattle",
        "./usr/share/doc/wattle/copyright",
        "./usr/share/doc/wattle/crates.gz",
    ] {
        assert!(files.lines().any(|line| line.ends_with(&format!(" {file}"))), "{file} is missing:\n{files}");
    }
    assert!(files.lines().all(|line| line.contains(" root/root ")), "{files}");
    let field = |name: &str| told("dpkg-deb", &["--field", made, name]).trim().to_owned();
    assert_eq!(field("Version"), env!("CARGO_PKG_VERSION"));
    assert!(field("Depends").starts_with("libc6 (>= 2."), "{}", field("Depends"));
    let root = folder.path().join("root");
    for inside in ["etc", "var/lib/dpkg/info", "var/lib/dpkg/updates"] {
        fs::create_dir_all(root.join(inside)).unwrap();
    }
    fs::write(root.join("var/lib/dpkg/status"), "").unwrap();
    if !rustix::process::geteuid().is_root() || Command::new("systemd-sysusers").arg("--version").output().is_err() {
        println!("not installed: that needs root and systemd-sysusers");
        return;
    }
    let at_root = format!("--root={}", root.display());
    let dpkg = |what: &[&str]| {
        let known = [at_root.as_str(), "--force-depends", "--force-script-chrootless", "--log=/dev/null"];
        told("dpkg", &[known.as_slice(), what].concat())
    };
    // The second is an upgrade.
    for _ in 0..2 {
        dpkg(&["--install", made]);
    }
    let users = fs::read_to_string(root.join("etc/passwd")).unwrap();
    assert!(users.contains(":Wattle agent:/var/lib/wattle:"), "{users}");
    let wanted = root.join("etc/systemd/system/multi-user.target.wants/wattle.service");
    assert!(!wanted.is_symlink(), "its owner enables it, and nobody else");
    fs::create_dir_all(root.join("var/lib/wattle")).unwrap();
    dpkg(&["--remove", "wattle"]);
    assert!(!root.join("usr/bin/wattle").exists() && root.join("var/lib/wattle").exists(), "what it knows stays");
    dpkg(&["--purge", "wattle"]);
    assert!(!root.join("var/lib/wattle").exists());
}
