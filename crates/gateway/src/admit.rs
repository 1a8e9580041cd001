//! Step 4: whether the call may start. Rate limits, budgets and credits take their place here; today a call needs
//! room in the receipt journal, because one that can't be written down is not made.

use crate::error::Error;
use crate::ledger::Ledger;

/// Admits a call.
pub fn admit(ledger: &dyn Ledger) -> Result<(), Error> {
    if ledger.has_room() {
        return Ok(());
    }
    Err(Error::overloaded("Receipts cannot be written at the moment, so no call is made. Try again shortly."))
}
