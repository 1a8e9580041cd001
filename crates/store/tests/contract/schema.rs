//! Both folders of migrations make the same tables and columns.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

type Tables = BTreeMap<String, Vec<(String, &'static str)>>;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(name)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// One name for what both databases mean by a type. STRICT tables have no BOOLEAN.
fn meaning(sql_type: &str) -> &'static str {
    match sql_type.trim_end_matches(',') {
        "INTEGER" | "BIGINT" | "BOOLEAN" => "number",
        "BLOB" | "UUID" | "BYTEA" => "bytes",
        "TEXT" => "text",
        other => panic!("no such type in these migrations: {other}"),
    }
}

fn tables(folder: &Path) -> Tables {
    let mut tables = Tables::new();
    for name in names(folder) {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let mut table = None;
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
                table = Some(rest.trim_end_matches(" (").to_owned());
            } else if line.starts_with(')') {
                table = None;
            } else if let Some(table) = &table {
                let mut words = line.split_whitespace();
                let column = words.next().unwrap();
                if column.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
                    let columns = tables.entry(table.clone()).or_default();
                    columns.push((column.to_owned(), meaning(words.next().unwrap())));
                }
            }
        }
    }
    tables
}

#[test]
fn both_folders_make_the_same() {
    let (sqlite, postgres) = (folder("sqlite"), folder("postgres"));
    assert_eq!(names(&sqlite), names(&postgres));
    let (sqlite, postgres) = (tables(&sqlite), tables(&postgres));
    assert!(sqlite.len() > 10);
    assert_eq!(sqlite, postgres);
}

#[test]
fn every_sqlite_table_is_strict() {
    for name in names(&folder("sqlite")) {
        let text = std::fs::read_to_string(folder("sqlite").join(name)).unwrap();
        let ends = text.lines().filter(|line| line.starts_with(')'));
        assert!(ends.clone().count() > 10 && ends.into_iter().all(|end| end.contains("STRICT")));
    }
}
