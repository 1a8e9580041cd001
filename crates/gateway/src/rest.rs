//! Work that goes on when its caller has left: the rest of an answer is read for what it cost. The process waits for it
//! before it ends.

use std::time::Duration;

use tokio::sync::watch;

/// How long the rest of an answer is read.
pub const REST_MAX: Duration = Duration::from_secs(60);

/// All such work of a process.
#[derive(Clone)]
pub struct Rest(watch::Sender<()>);

/// A piece of it that goes on until this is dropped.
pub struct Ongoing {
    _until_dropped: watch::Receiver<()>,
}

impl Default for Rest {
    fn default() -> Self {
        Self(watch::Sender::new(()))
    }
}

impl Rest {
    /// Begins a piece.
    pub fn begin(&self) -> Ongoing {
        Ongoing { _until_dropped: self.0.subscribe() }
    }

    /// Resolves when none goes on.
    pub async fn over(&self) {
        self.0.closed().await;
    }
}
