use std::sync::Mutex;

use futures_util::future::BoxFuture;
use ownkey_domain::health::KeySeen;
use ownkey_domain::id::{CredentialId, RequestId, WorkspaceId};
use ownkey_domain::ledger::HoldCall;
use ownkey_domain::money::CreditPrice;
use ownkey_domain::service::ServiceUnit;
use ownkey_domain::time::Timestamp;
use uuid::Uuid;

use super::*;
use crate::error::Code;
use crate::ledger::HoldRefused;
use crate::services::problem::Problem;

/// Keeps what it is told.
#[derive(Default)]
struct Kept(Mutex<Vec<Receipt>>);

impl Ledger for Kept {
    fn has_room(&self) -> bool {
        true
    }

    fn moves_money(&self) -> bool {
        true
    }

    fn hold(&self, _: HoldCall) -> BoxFuture<'_, Result<(), HoldRefused>> {
        Box::pin(async { Ok(()) })
    }

    fn hold_again(&self, _: HoldCall) -> BoxFuture<'_, Result<(), HoldRefused>> {
        Box::pin(async { Ok(()) })
    }

    fn extend(&self, _: HoldCall) -> BoxFuture<'_, Result<(), HoldRefused>> {
        Box::pin(async { Err(HoldRefused::Away) })
    }

    fn evidence(&self, _: RequestId, _: Charge) -> Result<(), JournalUnavailable> {
        Ok(())
    }

    fn record(&self, receipt: Box<Receipt>) -> Result<(), JournalUnavailable> {
        self.0.lock().unwrap().push(*receipt);
        Ok(())
    }

    fn key_seen(&self, _: (WorkspaceId, CredentialId), _: KeySeen, _: Timestamp) {}
}

fn draft() -> Receipt {
    let (id, workspace) = (RequestId::from_uuid(Uuid::from_u128(1)), WorkspaceId::from_uuid(Uuid::from_u128(2)));
    Receipt::draft(id, Timestamp::from_millis(0), workspace, "/services/tool".to_owned())
}

fn terms(funds: Funds) -> Terms {
    let service = Service {
        name: "tool".to_owned(),
        unit: ServiceUnit::Item,
        credits: CreditPrice::parse("2").unwrap(),
        items_max: Some(10),
        is_served: true,
    };
    let draw = Draw { funds, allowance: None, included: funds == Funds::None };
    Terms::new(service, Bound { most: 10, untold: 10, least: 1 }, draw).unwrap()
}

/// What is written down of a call that was admitted, then lived like that.
fn written(funds: Funds, live: impl FnOnce(OpenReceipt)) -> Receipt {
    let kept = Arc::new(Kept::default());
    let ledger: Arc<dyn Ledger> = Arc::<Kept>::clone(&kept);
    let book = Arc::new(Book { ledger, metrics: Arc::default() });
    let mut open = OpenReceipt::new(draft(), Instant::now(), book);
    open.on(terms(funds));
    live(open);
    let mut receipts = kept.0.lock().unwrap();
    assert_eq!(receipts.len(), 1, "one receipt, whatever happens");
    receipts.remove(0)
}

fn sent(open: &mut OpenReceipt) {
    open.attempt(Arc::new(AtomicBool::new(true)));
}

fn charged(receipt: &Receipt) -> Option<String> {
    let settlement = receipt.settlement?;
    assert_eq!(settlement.charge.credits, receipt.credits);
    Some(receipt.credits.to_string())
}

#[test]
fn what_was_told_is_charged_and_written_down() {
    let receipt = written(Funds::All, |mut open| {
        sent(&mut open);
        open.answered(200);
        open.close(Ending::Told(3), Outcome::Complete).unwrap();
    });
    assert_eq!(charged(&receipt).as_deref(), Some("6"));
    let used = receipt.service.unwrap();
    assert_eq!((used.name.as_str(), used.quantity, used.credits_each.to_string()), ("tool", Some(3), "2".to_owned()));
    assert_eq!((receipt.status, receipt.payer, receipt.measured), (200, Some(PayerKind::Managed), Measured::Measured));
}

#[test]
fn a_call_costs_no_more_than_any_use_and_what_claims_more_was_not_told() {
    let Terms { service, draw, .. } = terms(Funds::All);
    assert!(Terms::new(service.clone(), Bound::exactly(500_000), draw).is_some());
    assert!(Terms::new(service, Bound::exactly(500_001), draw).is_none());
    let receipt = written(Funds::All, |mut open| {
        sent(&mut open);
        open.answered(200);
        open.close(Ending::Told(500_001), Outcome::Complete).unwrap();
    });
    assert_eq!((charged(&receipt).as_deref(), receipt.measured), (Some("20"), Measured::Unknown), "the hold");
    assert_eq!(receipt.service.unwrap().quantity, None);
}

#[test]
fn what_a_service_can_not_have_used_is_the_operators_to_pay() {
    let told = |quantity| {
        written(Funds::All, move |mut open| {
            sent(&mut open);
            open.answered(200);
            open.close(Ending::Told(quantity), Outcome::Complete).unwrap();
        })
    };
    assert_eq!((charged(&told(20)).as_deref(), told(20).measured), (Some("40"), Measured::Measured));
    let lie = told(21);
    let settlement = lie.settlement.unwrap();
    assert_eq!(
        (settlement.charge.credits.to_string(), settlement.disbelieved.to_string()),
        ("20".to_owned(), "22".to_owned())
    );
    assert_eq!((lie.credits.to_string(), lie.measured), ("42".to_owned(), Measured::Estimated));
    assert_eq!((lie.service.unwrap().quantity, lie.credits_at_rate.unwrap().to_string()), (Some(10), "20".to_owned()));
}

#[test]
fn whoever_leaves_pays_what_was_set_aside_once_the_request_is_out() {
    let receipt = written(Funds::All, |mut open| sent(&mut open));
    assert_eq!((charged(&receipt).as_deref(), receipt.outcome), (Some("20"), Outcome::Cancelled));
    assert_eq!(receipt.service.unwrap().quantity, None);
    let before = written(Funds::All, |mut open| open.attempt(Arc::default()));
    assert_eq!(charged(&before).as_deref(), Some("0"), "the hold ends, and nothing is charged");
    assert!(before.attempts.is_empty() && before.payer.is_none());
    let waiting = written(Funds::All, drop);
    assert_eq!(charged(&waiting).as_deref(), Some("0"));
}

#[test]
fn an_error_is_free_and_a_broken_answer_costs_what_was_asked_for() {
    let ended = |ending| {
        written(Funds::All, move |mut open| {
            sent(&mut open);
            open.close(ending, Outcome::Failed).unwrap();
        })
    };
    assert_eq!(charged(&ended(Ending::Failed)).as_deref(), Some("0"));
    assert_eq!(charged(&ended(Ending::BrokenOff)).as_deref(), Some("2"));
    assert_eq!(charged(&ended(Ending::Untold)).as_deref(), Some("20"));
}

#[test]
fn a_call_ended_from_here_pays_what_was_set_aside_once_the_request_is_out() {
    let ended = |error: Error, live: fn(&mut OpenReceipt)| {
        let receipt = written(Funds::All, move |mut open| {
            live(&mut open);
            let _ = Problem::from(error).ending(open);
        });
        (charged(&receipt).unwrap(), receipt.outcome)
    };
    let revoked = || Error::new(Code::Unauthorized, "The platform key was revoked during the call.");
    let unreachable = Error::of_provider(Code::ProviderUnavailable, "The provider could not be reached.");
    assert_eq!(ended(revoked(), sent), ("20".to_owned(), Outcome::Failed));
    assert_eq!(ended(unreachable, sent), ("0".to_owned(), Outcome::Failed), "the service's own failure");
    let late = Error::of_provider(Code::ProviderUnavailable, "Too slow.").with_status(StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(ended(late.clone(), sent), ("2".to_owned(), Outcome::Failed), "what it asked for, for it may be done");
    assert_eq!(ended(late, |open| open.attempt(Arc::default())).0, "0", "nothing went out");
    assert_eq!(ended(revoked(), |open| open.attempt(Arc::default())).0, "0", "nothing went out");
    let refused = |open: &mut OpenReceipt| {
        sent(open);
        open.answered(500);
    };
    assert_eq!(ended(revoked(), refused).0, "0", "the service had said that it failed");
}

#[test]
fn where_the_plan_includes_it_no_account_is_touched() {
    let receipt = written(Funds::None, |mut open| {
        sent(&mut open);
        open.close(Ending::Told(3), Outcome::Complete).unwrap();
    });
    assert_eq!((receipt.settlement, receipt.credits, receipt.included), (None, MicroCredits::ZERO, true));
    assert_eq!(receipt.service.unwrap().quantity, Some(3));
    assert_eq!(receipt.credits_at_rate.unwrap().to_string(), "6", "what it would have cost");
}
