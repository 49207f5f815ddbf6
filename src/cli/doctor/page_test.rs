//! Test code: the table of faults in docs/doctor.md, held against what the doctor said. The unit tests and the tests with real
//! agents (tests/it/doctor.rs) read it.

use serde_json::Value;
use std::fs;
use std::path::Path;

/// A row of the table.
struct Row {
    fault: String,
    check: String,
    says: String,
    code: i32,
}

fn rows() -> Vec<Row> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/doctor.md")).unwrap();
    let (_, table) = page.split_once("|---|---|---|---|\n").expect("the table of faults");
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [fault, check, says, code] = cells[..] else { panic!("four cells: {line}") };
        let (fault, check, says) = (fault.to_owned(), check.to_owned(), says.to_owned());
        Row { fault, check, says, code: code.parse().unwrap() }
    };
    table.lines().take_while(|line| line.starts_with('|')).map(row).collect()
}

/// Whether the text is as the pattern, in which `…` stands for anything. A pattern that ends with `…` is a beginning.
fn matches(pattern: &str, text: &str) -> bool {
    let parts: Vec<&str> = pattern.split('…').map(str::trim).collect();
    let (first, last) = (parts[0], parts[parts.len() - 1]);
    if parts.len() == 1 {
        return first == text;
    }
    let mut rest = text.strip_prefix(first);
    for part in &parts[1..] {
        rest = rest.and_then(|rest| rest.split_once(part)).map(|(_, rest)| rest);
    }
    rest.is_some() && text.ends_with(last)
}

/// The fault of this row was planted: `report` is the doctor's `--json`, `code` its exit code.
pub(crate) fn planted(fault: &str, report: &Value, code: i32) {
    let rows = rows();
    let row =
        rows.iter().find(|row| row.fault == fault).unwrap_or_else(|| panic!("docs/doctor.md has no row {fault:?}"));
    let checks = report["checks"].as_array().unwrap();
    let bad = checks.iter().filter(|check| check["ok"] == false);
    let mut said: Vec<(String, String)> = bad
        .map(|check| (check["name"].as_str().unwrap().to_owned(), check["says"].as_str().unwrap().to_owned()))
        .collect();
    for file in report["store"]["refused"].as_array().into_iter().flatten() {
        let says = format!("{}: {}", file["path"].as_str().unwrap(), file["reason"].as_str().unwrap());
        said.push(("not usable".to_owned(), says));
    }
    let found = said.iter().any(|(check, says)| *check == row.check && matches(&row.says, says));
    assert!(found, "{fault}: nothing says {:?}: {said:#?}", row.says);
    assert_eq!(code, row.code, "{fault}: {said:#?}");
}

/// Each row is planted by one test.
pub(crate) fn all_are_planted() {
    let repo = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = [
        "tests/it/doctor.rs",
        "tests/it/doctor/lost.rs",
        "tests/it/doctor/state.rs",
        "tests/it/doctor/store.rs",
        "src/cli/doctor/test.rs",
        "src/cli/doctor/rows_test.rs",
    ]
    .map(|path| fs::read_to_string(repo.join(path)).unwrap())
    // As on one line, where the formatter has broken a call.
    .map(|source| source.split('(').map(str::trim_start).collect::<Vec<_>>().join("("));
    let rows = rows();
    assert!(rows.len() >= 25, "the table was cut short");
    for Row { fault, .. } in rows {
        let count: usize = sources.iter().map(|source| source.matches(&format!("(\"{fault}\"")).count()).sum();
        assert_eq!(count, 1, "{fault:?} is planted {count} times");
    }
}
