//! Every code of a problem is met by a test.

use std::{fs, path::Path};

use crate::house::files;

/// The words of the table in `api/problem.rs`.
fn codes(root: &Path) -> Vec<String> {
    let table = fs::read_to_string(root.join("src/api/problem.rs")).unwrap();
    let rows =
        table.lines().filter(|line| line.trim_start().starts_with("Self::") && line.contains("=> (\""));
    rows.map(|row| row.split('"').nth(1).unwrap().to_owned()).collect()
}

#[test]
fn every_code_is_met_by_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let codes = codes(root);
    assert!(codes.len() > 20, "{codes:?}");
    let mut tests = String::new();
    for file in files(&root.join("tests"), ".rs") {
        tests += &fs::read_to_string(file).unwrap();
    }
    for file in files(&root.join("src"), ".rs") {
        let text = fs::read_to_string(&file).unwrap();
        let path = file.to_string_lossy();
        let whole = path.ends_with("tests.rs") || path.contains("/tests/");
        tests += if whole { &text } else { text.split_once("#[cfg(test)]").map_or("", |(_, rest)| rest) };
    }
    let missing: Vec<_> = codes.iter().filter(|code| !tests.contains(&format!("\"{code}\""))).collect();
    assert!(missing.is_empty(), "no test meets {missing:?}");
}
