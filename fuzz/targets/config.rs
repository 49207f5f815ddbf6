//! config.toml: parsing gives settings within their ranges, or an error of one line.

use wattle::config::Config;

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    match Config::parse(text) {
        Ok(config) => {
            let settings = &config.energy.settings;
            assert!((3.0..=10.0).contains(&settings.thermal.margin));
            assert!(settings.t_lim.is_none_or(|limit| (40.0..=95.0).contains(&limit)));
            assert!(config.open_api.is_none_or(|open| !open.ip().is_unspecified() && !open.ip().is_loopback()));
            assert!(config.energy.plan.iter().all(|(window, _)| window.is_sound()));
        }
        Err(wrong) => assert!(!wrong.to_string().contains('\n'), "one line: {wrong}"),
    }
}

/// The example of docs/config.md, and small ones.
pub fn seeds() -> Vec<Vec<u8>> {
    let page = include_str!("../../docs/config.md");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    vec![example.into(), b"[energy]\nmargin_c = 3\n".to_vec(), b"[api]\nopen = \"[fd00::4]:7780\"\n".to_vec()]
}
