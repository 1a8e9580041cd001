//! Receipts that the database refuses for what they hold, in a file of their own beside the journal: one that can
//! never be stored must not keep all others out.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Enough for thousands of receipts. More than that is no accident, and a look at the first ones tells why.
const BYTES_MAX: u64 = 16 << 20;
const NAME: &str = "set-aside.jsonl";

/// The file, and how many receipts went there.
#[derive(Debug)]
pub(super) struct Aside {
    path: PathBuf,
    count: AtomicU64,
}

impl Aside {
    pub fn new(journal: &Path) -> Self {
        Self { path: journal.join(NAME), count: AtomicU64::new(0) }
    }

    /// How many receipts of this process's time are set aside, those for which the file had no room included.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Counts what is now behind the journal's position for good.
    pub fn counted(&self, receipts: usize) {
        self.count.fetch_add(u64::try_from(receipts).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Writes texts down, one a line, as far as there is room: how many there was no room for. A process that dies
    /// right after may write them again.
    pub fn keep(&self, texts: &[Vec<u8>]) -> io::Result<usize> {
        self.keep_within(BYTES_MAX, texts)
    }

    fn keep_within(&self, bytes_max: u64, texts: &[Vec<u8>]) -> io::Result<usize> {
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        let mut room = bytes_max.saturating_sub(file.metadata()?.len());
        let mut lines = Vec::new();
        let mut left_out = 0;
        for text in texts {
            let needed = u64::try_from(text.len()).unwrap_or(u64::MAX).saturating_add(1);
            if needed > room {
                left_out += 1;
                continue;
            }
            room -= needed;
            // JSON needs no line breaks, and what is no JSON must not break the lines either.
            lines.extend(text.iter().map(|&byte| if byte == b'\n' { b' ' } else { byte }));
            lines.push(b'\n');
        }
        file.write_all(&lines)?;
        // The journal forgets them next.
        file.sync_data()?;
        Ok(left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_bounded_and_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let aside = Aside::new(dir.path());
        let texts: Vec<Vec<u8>> = ["one", "two\n2", "a long one", "3"].map(|t| t.as_bytes().to_vec()).into();
        assert_eq!(aside.keep_within(13, &texts).unwrap(), 1);
        assert_eq!(aside.keep_within(13, &texts).unwrap(), 4);
        assert_eq!(std::fs::read_to_string(&aside.path).unwrap(), "one\ntwo 2\n3\n");
        assert_eq!(std::fs::metadata(&aside.path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
