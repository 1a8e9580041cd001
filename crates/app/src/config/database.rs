//! `[database]`: the store.

use std::path::PathBuf;

use anyhow::bail;
use serde::Deserialize;

/// The store that is used when none is named.
pub const URL: &str = "sqlite://data/ownkey.db";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawDatabase {
    url: String,
    journal_dir: Option<PathBuf>,
}

impl Default for RawDatabase {
    fn default() -> Self {
        Self { url: URL.to_owned(), journal_dir: None }
    }
}

/// Where the store is.
#[derive(Debug)]
pub struct Database {
    /// `sqlite://PATH` or `postgres://…`.
    pub url: String,
    /// The folder of the receipt journal.
    pub journal_dir: PathBuf,
}

impl RawDatabase {
    pub fn check(self) -> anyhow::Result<Database> {
        let beside = match self.url.strip_prefix("sqlite://") {
            Some("") => bail!("`url` names no file, such as sqlite://data/ownkey.db"),
            Some(path) => PathBuf::from(path).parent().map(|folder| folder.join("journal")),
            None if self.url.starts_with("postgres://") || self.url.starts_with("postgresql://") => None,
            None => bail!("`url` must start with sqlite:// or postgres://"),
        };
        let journal_dir = self.journal_dir.or(beside).unwrap_or_else(|| PathBuf::from("data/journal"));
        Ok(Database { url: self.url, journal_dir })
    }
}

impl Database {
    /// Whether it is a file that one process at a time may open.
    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite://")
    }
}
