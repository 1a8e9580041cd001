//! Holds that are extended while their calls go on: what a call had stays whatever becomes of the extension, and a call
//! that has ended gets nothing more.

use std::sync::Arc;

use ownkey_domain::id::{GrantId, RequestId, WorkspaceId};
use ownkey_domain::ledger::{Amount, Charge, Funds, Grant, HoldCall, Order, Settlement};
use ownkey_domain::money::{MicroCredits, NanoUsd};
use ownkey_domain::receipt::Receipt;
use ownkey_store::{HoldError, Holds, JournalLimits};
use serde_json::json;
use uuid::Uuid;

use crate::bed::{BY, Bed, NOW, Running, receipt};

crate::on_both! {
    a_hold_is_extended_by_what_is_missing
    a_call_that_has_ended_is_not_extended
    who_leaves_an_extension_keeps_what_he_had
}

fn call(workspace: WorkspaceId, request: RequestId, credits: i64) -> HoldCall {
    let amount = Charge { credits: MicroCredits::new(credits), usd: NanoUsd::ZERO };
    HoldCall { request, workspace, amount, funds: Funds::All, allowance: None, budgets: Vec::new(), draft: None }
}

/// A workspace with a thousand micro-credits, of which a call holds four hundred.
struct Calling {
    bed: Bed,
    running: Running,
    workspace: WorkspaceId,
    request: RequestId,
    holds: Holds,
}

impl Calling {
    async fn with(bed: Bed) -> Self {
        let workspace = bed.workspace().await;
        let order = Order { reason: "top-up".to_owned(), idempotency_key: None };
        let (id, credits) = (GrantId::from_uuid(Uuid::now_v7()), Amount::at_least_zero(1_000));
        let grant = Grant { id, workspace, credits, expires_at: None, order };
        bed.store.grant(&grant, (&json!(1), &json!(1)), BY).await.unwrap();
        let running = bed.start(JournalLimits::default()).await;
        let (holds, task) = bed.store.holds(running.journal.node(), Arc::new(|| NOW));
        tokio::spawn(task.run());
        let request = RequestId::from_uuid(Uuid::now_v7());
        holds.hold(call(workspace, request, 400)).await.unwrap();
        Self { bed, running, workspace, request, holds }
    }

    fn wants(&self, credits: i64) -> HoldCall {
        call(self.workspace, self.request, credits)
    }

    /// What there is, and what of it is held.
    async fn has(&self) -> (i64, i64) {
        let credits = self.bed.store.credits(self.workspace, NOW).await.unwrap();
        (credits.balance().get(), credits.held().get())
    }

    async fn ends(&self, credits: i64) {
        let charge = self.wants(credits).amount;
        let settlement = Some(Settlement { charge, funds: Funds::All, ..Settlement::NOTHING });
        let ended = Receipt { id: self.request, settlement, ..receipt(self.workspace, 1) };
        self.running.journal.append(ended).unwrap();
        assert_eq!(self.has().await, (1_000 - credits, 0));
    }

    async fn is_sound(&self) {
        assert_eq!(self.bed.store.open_holds(9).await.unwrap(), []);
        assert_eq!(self.bed.store.check_ledger().await.unwrap().problems, []);
    }
}

async fn a_hold_is_extended_by_what_is_missing(bed: Bed) {
    let calling = Calling::with(bed).await;
    calling.holds.extend(calling.wants(900)).await.unwrap();
    assert_eq!(calling.has().await, (1_000, 900));
    let refused = calling.holds.extend(calling.wants(1_001)).await;
    assert!(matches!(refused, Err(HoldError::Short(_))));
    assert_eq!(calling.has().await, (1_000, 900), "what it had stays");
    calling.ends(700).await;
    calling.is_sound().await;
}

async fn a_call_that_has_ended_is_not_extended(bed: Bed) {
    let calling = Calling::with(bed).await;
    calling.ends(100).await;
    calling.holds.extend(calling.wants(800)).await.unwrap();
    assert_eq!(calling.has().await, (900, 0));
    calling.is_sound().await;
}

async fn who_leaves_an_extension_keeps_what_he_had(bed: Bed) {
    let calling = Calling::with(bed).await;
    for patience in 0..60 {
        let (holds, wants) = (calling.holds.clone(), calling.wants(401 + patience));
        let leaving = tokio::spawn(async move { holds.extend(wants).await });
        for _ in 0..patience {
            tokio::task::yield_now().await;
        }
        leaving.abort();
        let _ = leaving.await;
    }
    // The queue is worked off in order.
    calling.holds.extend(calling.wants(500)).await.unwrap();
    assert_eq!(calling.has().await, (1_000, 500));
    calling.ends(500).await;
    calling.is_sound().await;
}
