//! What can go wrong in the store. No message holds a value from a row: PostgreSQL repeats values in its
//! details, so database errors are shown by their code.

use std::path::PathBuf;

/// What the store answers.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has this database open.
    #[error("another process has the database open (lock file {0})")]
    AlreadyOpen(PathBuf),
    /// The URL names no database that can be opened.
    #[error("the database URL must be sqlite://PATH or postgres://…")]
    BadUrl,
    /// The database was changed by a newer version that this binary can't work with.
    #[error("the database needs Ownkey {needed} or newer; this is {this}")]
    TooOld {
        /// The oldest version that can work with it.
        needed: String,
        /// The version of this binary.
        this: String,
    },
    /// A setting that durability or secrecy rests on did not take.
    #[error("the database did not accept `{0}`")]
    Setting(&'static str),
    /// The lock file or the folder of the database could not be made.
    #[error("cannot prepare {path}: {source}")]
    Files {
        /// What was touched.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A migration failed.
    #[error("cannot bring the database up to date: {0}")]
    Migration(String),
    /// Something that must be unique is there already.
    #[error("there is already such a {0}")]
    Duplicate(&'static str),
    /// The database did not answer in time, or is away.
    #[error("the database is not available: {0}")]
    Unavailable(&'static str),
    /// The database refused a statement.
    #[error("the database refused a statement (code {0})")]
    Database(String),
    /// A row holds what this version can't read.
    #[error("a stored {0} cannot be read")]
    Corrupt(&'static str),
    /// A statement touched another number of rows than it must.
    #[error("a change of {0} touched an unexpected number of rows")]
    RowCount(&'static str),
    /// A value can't be stored as it is.
    #[error("cannot store this {0}")]
    Unstorable(&'static str),
    /// The file of a backup is there already, or can't be made.
    #[error("the backup needs a new file in a folder that can be written")]
    BackupFile,
    /// This database can't do that.
    #[error("not supported: {0}")]
    Unsupported(&'static str),
    /// A mutation before [`crate::Store::set_audit_mac`]: nothing is changed without its audit event.
    #[error("the audit key is not set yet")]
    NoAuditKey,
    /// Receipts of ended calls were not taken over in time.
    #[error("the receipt journal is not taken over yet")]
    Behind,
    /// The journal, when opened together with the store.
    #[error(transparent)]
    Journal(#[from] crate::journal::JournalError),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(e) => of_code(e.code().as_deref().unwrap_or("none")),
            sqlx::Error::PoolTimedOut => Self::Unavailable("no free connection in time"),
            sqlx::Error::PoolClosed => Self::Unavailable("closed"),
            sqlx::Error::Io(_) => Self::Unavailable("connection lost"),
            sqlx::Error::Tls(_) => Self::Unavailable("TLS failed"),
            sqlx::Error::BeginFailed | sqlx::Error::InvalidSavePointStatement => {
                Self::Unavailable("the connection is being replaced")
            }
            sqlx::Error::WorkerCrashed => Self::Unavailable("worker gone"),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Corrupt("value"),
            _ => Self::Database("driver".to_owned()),
        }
    }
}

/// A database that says itself that it can't go on is away; anything else is a statement it does not take. SQLite's
/// codes are numbers (the low byte is the kind), PostgreSQL's have five characters (the first two are the class).
fn of_code(code: &str) -> StoreError {
    let sqlite = code.parse::<u32>().ok().filter(|_| code.len() != 5).map(|number| number & 0xff);
    let class = code.get(..2).filter(|_| code.len() == 5);
    match (sqlite, class) {
        (Some(5 | 6), _) => StoreError::Unavailable("busy"),
        (Some(10 | 14), _) => StoreError::Unavailable("disk failing"),
        (Some(13), _) => StoreError::Unavailable("disk full"),
        (_, Some("08" | "57")) => StoreError::Unavailable("connection closed by the server"),
        (_, Some("53")) => StoreError::Unavailable("the server is out of resources"),
        (_, Some("25")) => StoreError::Unavailable("the session was ended or may not write"),
        _ => StoreError::Database(code.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_cannot_go_on_is_away() {
        for code in ["5", "13", "10", "778", "1802", "57P01", "57P03", "08006", "53100", "53300", "25P03"] {
            assert!(matches!(of_code(code), StoreError::Unavailable(_)), "{code}");
        }
        for code in ["1", "19", "2067", "23505", "42601", "P0001", "none"] {
            assert!(matches!(of_code(code), StoreError::Database(_)), "{code}");
        }
    }
}
