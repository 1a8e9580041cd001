//! Folders, files and locks, readable by nobody else.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

/// A lock that lasts as long as this value, or as the process.
#[derive(Debug)]
pub(crate) struct LockFile(#[expect(dead_code, reason = "held for its lock only")] File);

/// Locks that file, making it if need be; `None` if another one holds it.
pub(crate) fn lock_file(path: &Path) -> io::Result<Option<LockFile>> {
    let file = private_file(path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(LockFile(file))),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// Opens that file, making it if need be.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Makes that folder and those above it.
pub(crate) fn private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}
