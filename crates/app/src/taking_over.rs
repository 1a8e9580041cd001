//! The take-over of the receipt journal as a task that is watched: it must not end before it is told to.

use anyhow::{Context, bail};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The running task.
pub struct TakingOver {
    task: JoinHandle<anyhow::Result<()>>,
    alive: watch::Receiver<bool>,
}

impl TakingOver {
    /// Starts `work`, which must go on until `stopped` says so.
    pub fn start(work: impl Future<Output = ()> + Send + 'static, stopped: watch::Receiver<bool>) -> Self {
        let (ending, alive) = watch::channel(true);
        let work = tokio::spawn(work);
        let task = tokio::spawn(async move {
            let outcome = work.await;
            let told = *stopped.borrow();
            if outcome.is_err() || !told {
                tracing::error!(panicked = outcome.is_err(), "the take-over of the receipt journal has ended");
            }
            // Nobody may be left to hear it.
            let _ = ending.send(false);
            outcome.context("the take-over of the receipt journal failed; receipts stay in the journal")?;
            if !told {
                bail!("the take-over of the receipt journal ended early; receipts stay in the journal");
            }
            Ok(())
        });
        Self { task, alive }
    }

    /// Whether it runs, now and later.
    pub fn alive(&self) -> watch::Receiver<bool> {
        self.alive.clone()
    }

    /// Waits for its end, for whatever reason.
    pub async fn ended(&self) {
        // An error means that the task is gone, which is an end too.
        let _ = self.alive().wait_for(|alive| !*alive).await;
    }

    /// Waits for its end; an error if it ended before it was told to.
    pub async fn finish(self) -> anyhow::Result<()> {
        self.task.await.context("the take-over of the receipt journal was not watched to its end")?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_early_end_is_noticed_at_once() {
        let (_stop, stopped) = watch::channel(false);
        let panics = TakingOver::start(async { panic!("a bug") }, stopped.clone());
        panics.ended().await;
        assert!(!*panics.alive().borrow());
        assert!(panics.finish().await.is_err());
        let leaves = TakingOver::start(async {}, stopped);
        leaves.ended().await;
        assert!(leaves.finish().await.is_err());
    }

    #[tokio::test]
    async fn an_end_when_told_is_fine() {
        let (stop, stopped) = watch::channel(false);
        let mut told = stopped.clone();
        let work = async move { assert!(told.wait_for(|stop| *stop).await.is_ok()) };
        let taking_over = TakingOver::start(work, stopped);
        assert!(*taking_over.alive().borrow());
        stop.send(true).unwrap();
        taking_over.finish().await.unwrap();
    }
}
