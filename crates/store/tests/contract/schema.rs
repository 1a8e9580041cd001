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

/// The column that a line makes, if it makes one.
fn column_of(line: &str) -> Option<(String, &'static str)> {
    let mut words = line.split_whitespace();
    let column = words.next().unwrap();
    let is_column = column.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    is_column.then(|| (column.to_owned(), meaning(words.next().unwrap().trim_end_matches(';'))))
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
            } else if let Some((table, column)) =
                line.strip_prefix("ALTER TABLE ").and_then(|rest| rest.split_once(" ADD COLUMN "))
            {
                tables.get_mut(table).unwrap().extend(column_of(column));
            } else if let Some(table) = &table {
                tables.entry(table.clone()).or_default().extend(column_of(line));
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
    let read = |name| std::fs::read_to_string(folder("sqlite").join(name)).unwrap();
    let texts: Vec<_> = names(&folder("sqlite")).into_iter().map(read).collect();
    let ends = || texts.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with(')'));
    assert!(ends().count() > 10 && ends().all(|end| end.contains("STRICT")));
}
