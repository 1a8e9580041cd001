//! Relative paths of the file start at the file's own folder, so that a command means the same wherever it is given.
//! Those of the environment start at the current folder, as everywhere.

use std::path::Path;

use anyhow::Context;
use config::Config;

/// How a URL of SQLite begins; a path follows.
const SQLITE: &str = "sqlite://";
/// Where a journal lies that no database file is beside.
const JOURNAL_DIR: &str = "data/journal";

/// The fields of the file that are paths, made to start at `folder`.
pub fn anchored(file: &Config, folder: &Path) -> anyhow::Result<Vec<(&'static str, String)>> {
    let text = |name| file.get_string(name).ok();
    let at = |path: &str| {
        let path = folder.join(path).into_os_string().into_string().ok();
        path.context("the folder of the configuration file must have a UTF-8 name")
    };
    let mut fields = Vec::new();
    let mut journal_dir = text("database.journal_dir");
    if let Some(url) = text("database.url") {
        match url.strip_prefix(SQLITE) {
            Some("") => {}
            Some(path) => fields.push(("database.url", format!("{SQLITE}{}", at(path)?))),
            None => journal_dir = journal_dir.or_else(|| Some(JOURNAL_DIR.to_owned())),
        }
    }
    let plain = ["server.tls_cert", "server.tls_key", "vault.kek_file"].map(|name| (name, text(name)));
    for (name, path) in plain.into_iter().chain([("database.journal_dir", journal_dir)]) {
        if let Some(path) = path {
            fields.push((name, at(&path)?));
        }
    }
    Ok(fields)
}
