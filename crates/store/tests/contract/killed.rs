//! Processes of this test binary that are to die at a named point of the store.

use std::path::{Path, PathBuf};
use std::process::Command;

use ownkey_domain::id::WorkspaceId;

const URL: &str = "OWNKEY_TEST_KILL_URL";
const DIR: &str = "OWNKEY_TEST_KILL_DIR";
const WORKSPACE: &str = "OWNKEY_TEST_KILL_WORKSPACE";

/// What such a process works on.
pub struct Work {
    pub url: String,
    /// Where its journal is, and what it notes.
    pub dir: PathBuf,
    pub workspace: WorkspaceId,
}

impl Work {
    pub fn new(url: &str, dir: &Path, workspace: WorkspaceId) -> Self {
        Self { url: url.to_owned(), dir: dir.to_owned(), workspace }
    }

    /// What this process is to work on, if it is one of these.
    pub fn of_this_process() -> Option<Self> {
        let url = std::env::var(URL).ok()?;
        let dir = std::env::var_os(DIR).unwrap().into();
        Some(Self { url, dir, workspace: std::env::var(WORKSPACE).unwrap().parse().unwrap() })
    }

    /// Runs a test in a process of its own, which is aborted when it reaches the point for the `count`th time.
    pub fn dies_at(&self, test: &str, (point, count): (&str, u64)) {
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--test-threads=1"])
            .env(URL, &self.url)
            .env(DIR, &self.dir)
            .env(WORKSPACE, self.workspace.to_string())
            .env("OWNKEY_TEST_KILL_AT", format!("{point}:{count}"))
            .output()
            .unwrap()
            .status;
        assert_eq!(status.code(), None, "{point} was to abort the process");
    }
}
