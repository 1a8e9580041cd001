//! The rest of an answer whose caller has left. Its provider goes on and bills what it makes, so it is read for what it
//! costs, within a bound of time, and of money: no more is held for it.

use tokio::time::Instant;

use super::watched::Watchable;
use super::{Relay, State};
use crate::error::Error;
use crate::rest::Ongoing;

impl Watchable for Relay {
    fn end_early(&mut self, error: &Error) {
        Self::end_early(self, error);
    }

    fn heard_at(&self) -> Instant {
        self.heard_at
    }

    fn leave(&mut self) -> Option<Ongoing> {
        self.is_left = true;
        self.writer = None;
        if let Some(slices) = &mut self.slices {
            slices.hold_no_more();
        }
        let is_open = matches!(self.state, State::Flowing(_) | State::Waiting(..));
        let is_read = is_open && self.call.receipt.is_paid_in_credits() && !self.has_learnt_all();
        is_read.then(|| self.rest.begin())
    }

    /// Its receipt is closed, or more was produced than is held.
    fn has_learnt_all(&self) -> bool {
        self.meter.is_none() || self.slices.as_ref().is_some_and(|slices| slices.is_used_up())
    }
}
