//! Whether a service's call may start: what it may cost at most is set aside first.

use ownkey_domain::id::{RequestId, WorkspaceId};
use ownkey_domain::ledger::{Funds, HoldCall};
use ownkey_domain::receipt::Receipt;
use ownkey_domain::service::Ending;

use super::problem::Problem;
use super::receipt::Terms;
use crate::error::Error;
use crate::ledger::Ledger;

/// Says that what a call of a service may cost is set aside, or that the plan includes it. Without one no request to a
/// service can be built.
pub struct Admitted(());

/// Sets aside what the call may cost, and writes down what it is charged should this process die, with its receipt so far.
pub async fn admit(
    ledger: &dyn Ledger,
    (request, workspace): (RequestId, WorkspaceId),
    terms: &Terms,
    draft: Option<Box<Receipt>>,
) -> Result<Admitted, Problem> {
    let unwritten =
        || Error::overloaded("Receipts cannot be written at the moment, so no call is made. Try again shortly.");
    if !ledger.has_room() {
        return Err(unwritten().into());
    }
    if !ledger.moves_money() {
        return Err(Error::overloaded("Services are out of order at the moment. Try again shortly.").into());
    }
    if terms.draw.funds == Funds::None {
        return Ok(Admitted(()));
    }
    let call = HoldCall {
        request,
        workspace,
        amount: terms.most,
        funds: terms.draw.funds,
        allowance: terms.draw.allowance,
        // Those count list prices of providers, and a service has none.
        budgets: Vec::new(),
        draft,
    };
    ledger.hold(call).await?;
    let written = ledger.evidence_with_others(request, terms.charge(Ending::BrokenOff));
    written.await.map_err(|_| unwritten())?;
    Ok(Admitted(()))
}
