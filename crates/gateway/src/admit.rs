//! Step 4: whether the call may start. Rate limits, budgets and credits take their place here; today a call needs
//! room in the receipt journal, because one that can't be written down is not made, and a call on the operator's
//! account needs the database.

use ownkey_domain::payer::PayerKind;

use crate::error::Error;
use crate::ledger::Ledger;

/// Admits a call that `payer` pays for.
pub fn admit(ledger: &dyn Ledger, payer: PayerKind) -> Result<(), Error> {
    if !ledger.has_room() {
        return Err(Error::overloaded(
            "Receipts cannot be written at the moment, so no call is made. Try again shortly.",
        ));
    }
    if payer == PayerKind::Managed && !ledger.moves_money() {
        return Err(Error::overloaded("Managed access is out of order at the moment. Try again shortly."));
    }
    Ok(())
}
