//! Step 5: whether the call may start. A call needs room in the receipt journal, because one that can't be written down
//! is not made; one that costs credits, or that a budget counts, needs what it may cost held for it.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use std::sync::Arc;

use ownkey_domain::ledger::HoldCall;
use ownkey_domain::payer::PayerKind;
use tokio::task::yield_now;

use crate::call::Call;
use crate::decide::Decision;
use crate::error::Error;
use crate::funds::Funding;
use crate::ledger::HoldRefused;

/// Admits a call that was decided so: what it may cost is held, or nobody needs to hold anything. Whatever else is ready has
/// its turn before this answers: calls that are ready together then write together, and whoever reads that is woken once
/// for many.
pub async fn admit(call: &mut Call, decision: &Decision<'_>, funding: Funding) -> Result<(), Error> {
    let (ledger, is_managed) = (call.receipt.ledger(), decision.payer.kind() == PayerKind::Managed);
    if !ledger.has_room() {
        return Err(Error::overloaded(
            "Receipts cannot be written at the moment, so no call is made. Try again shortly.",
        ));
    }
    if is_managed && !ledger.moves_money() {
        return Err(Error::overloaded("Managed access is out of order at the moment. Try again shortly."));
    }
    let funding = Arc::new(funding);
    let output = funding.first_slice();
    call.receipt.funded_by(Arc::clone(&funding), output);
    if !funding.holds() {
        yield_now().await;
        return Ok(());
    }
    let before = call.receipt.asks_for_a_hold();
    let hold = HoldCall { draft: call.receipt.so_far(decision), ..funding.hold(output) };
    let held = if !ledger.moves_money() {
        Err(HoldRefused::Away)
    } else if before {
        ledger.hold_again(hold).await
    } else {
        ledger.hold(hold).await
    };
    if let Err(refused) = held {
        call.receipt.metrics().hold_refused(refused);
        if matches!(refused, HoldRefused::Short(_)) {
            // Nothing is held then, so there is nothing to end.
            call.receipt.asked_for_a_hold(before);
        }
        if refused != HoldRefused::Away || funding.is_bounded() || is_managed {
            return Err(funding.refused(refused, output, call.route.takes_limit()));
        }
    }
    let input = funding.charge_at_most(0);
    let written = ledger.evidence_with_others(call.id, input);
    written.await.map_err(|_| {
        Error::overloaded("Nothing can be written down at the moment, so no call is made. Try again shortly.")
    })
}
