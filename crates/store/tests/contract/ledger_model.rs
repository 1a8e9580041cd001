//! The ledger in a database against a model that knows no accounts, with crashes in between.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ownkey_domain::id::{GrantId, RequestId, WorkspaceId};
use ownkey_domain::ledger::{Amount, CHARGE_MAX, Charge, Funds, Grant, HoldCall, Order, Refund, Settlement};
use ownkey_domain::money::{MicroCredits, NanoUsd};
use ownkey_domain::receipt::{Receipt, Timing};
use ownkey_domain::time::Timestamp;
use ownkey_store::{Holds, JournalLimits, Ordered};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use serde_json::json;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::bed::{BY, Bed, NOW, Running, receipt};

/// Calls that may be under way together.
const CALLS: usize = 5;

#[derive(Debug, Clone)]
enum Step {
    Grant { credits: i64, lasts: Option<i64> },
    Hold { call: usize, credits: i64 },
    Note { call: usize, credits: i64 },
    Settle { call: usize, credits: i64 },
    Refund { call: usize, credits: i64 },
    Wait { millis: i64 },
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let call = 0..CALLS;
    let credits = prop_oneof![20 => 0i64..300, 1 => Just(i64::MAX), 1 => Just(CHARGE_MAX.get())];
    prop_oneof![
        4 => (prop_oneof![12 => 1i64..500, 1 => Just(i64::MAX / 3)], proptest::option::of(1i64..40))
            .prop_map(|(credits, lasts)| Step::Grant { credits, lasts }),
        8 => (call.clone(), credits.clone()).prop_map(|(call, credits)| Step::Hold { call, credits }),
        3 => (call.clone(), 0i64..300).prop_map(|(call, credits)| Step::Note { call, credits }),
        6 => (call.clone(), credits).prop_map(|(call, credits)| Step::Settle { call, credits }),
        3 => (call, 1i64..200).prop_map(|(call, credits)| Step::Refund { call, credits }),
        2 => (1i64..30).prop_map(|millis| Step::Wait { millis }),
        2 => Just(Step::Crash),
    ]
}

/// A call as the model knows it.
#[derive(Default, Clone, Copy)]
struct Known {
    held: i64,
    noted: i64,
    paid: i64,
    refunded: i64,
}

/// The store, running.
struct World {
    bed: Bed,
    workspace: WorkspaceId,
    running: Running,
    holds: Holds,
    holding: JoinHandle<()>,
    clock: Arc<AtomicI64>,
    calls: [RequestId; CALLS],
    known: BTreeMap<RequestId, Known>,
    issued: i64,
}

impl World {
    async fn new(bed: Bed) -> Self {
        let workspace = bed.workspace().await;
        let clock = Arc::new(AtomicI64::new(NOW.millis()));
        Self::start(bed, workspace, clock).await
    }

    async fn start(bed: Bed, workspace: WorkspaceId, clock: Arc<AtomicI64>) -> Self {
        let running = bed.start(JournalLimits::default()).await;
        let now = Arc::clone(&clock);
        let read = Arc::new(move || Timestamp::from_millis(now.load(Ordering::SeqCst)));
        let (holds, task) = bed.store.holds(running.journal.node(), read);
        let calls = std::array::from_fn(|_| RequestId::from_uuid(Uuid::now_v7()));
        let (holding, known) = (tokio::spawn(task.run()), BTreeMap::new());
        Self { bed, workspace, running, holds, holding, clock, calls, known, issued: 0 }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.load(Ordering::SeqCst))
    }

    fn known(&mut self, call: usize) -> &mut Known {
        self.known.entry(self.calls[call]).or_default()
    }

    /// What there is, and what of it is not held.
    async fn has(&self) -> (i64, i64) {
        let credits = self.bed.store.credits(self.workspace, self.now()).await.unwrap();
        (credits.balance().get(), credits.available().get())
    }

    async fn take(&mut self, step: Step) -> TestCaseResult {
        let (balance, available) = self.has().await;
        match step {
            Step::Grant { credits, lasts } => {
                let expires_at = lasts.map(|lasts| self.now().plus_millis(lasts));
                let order = Order { reason: "test".to_owned(), idempotency_key: None };
                let (id, amount) = (GrantId::from_uuid(Uuid::now_v7()), Amount::new(credits).unwrap());
                let grant = Grant { id, workspace: self.workspace, credits: amount, expires_at, order };
                let by = ownkey_store::By { at: self.now(), ..BY };
                let given =
                    self.bed.store.grant(&grant, (&json!(1), &json!(1)), by).await.unwrap() == Ordered::Done(Ok(()));
                // No more than can be counted.
                let all = self.issued.checked_add(credits);
                prop_assert_eq!(given, all.is_some());
                self.issued = all.unwrap_or(self.issued);
                prop_assert_eq!(self.has().await.0, if given { balance + credits } else { balance });
            }
            Step::Hold { call, credits } => {
                let credits = credits.min(CHARGE_MAX.get());
                let is_first = !self.known.contains_key(&self.calls[call]);
                let before = self.known(call).held;
                let fits = credits - before <= available;
                let asked = HoldCall {
                    request: self.calls[call],
                    workspace: self.workspace,
                    amount: charge(credits),
                    funds: Funds::All,
                    allowance: None,
                    budgets: Vec::new(),
                    draft: None,
                };
                let held = if is_first { self.holds.hold(asked).await } else { self.holds.hold_again(asked).await };
                prop_assert_eq!(held.is_ok(), fits, "{} of {}", credits, available);
                if fits {
                    self.known(call).held = before.max(credits);
                }
            }
            Step::Note { call, credits } => {
                if self.known(call).held > 0 {
                    self.running.journal.note(self.calls[call], charge(credits)).unwrap();
                    self.known(call).noted = credits;
                }
            }
            Step::Settle { call, credits } => self.settle(call, credits, available),
            Step::Refund { call, credits } => {
                let Known { paid, refunded, .. } = *self.known(call);
                let fits = paid > 0 && refunded + credits <= paid;
                let refund = Refund {
                    request: self.calls[call],
                    workspace: self.workspace,
                    credits: Amount::new(credits).unwrap(),
                    fresh: GrantId::from_uuid(Uuid::now_v7()),
                    order: Order { reason: "test".to_owned(), idempotency_key: None },
                };
                let by = ownkey_store::By { at: self.now(), ..BY };
                let answer = self.bed.store.refund(&refund, (&json!(1), &json!(1)), by).await.unwrap();
                prop_assert_eq!(matches!(answer, Ordered::Done(Ok(()))), fits);
                self.known(call).refunded += if fits { credits } else { 0 };
            }
            Step::Wait { millis } => {
                self.clock.fetch_add(millis, Ordering::SeqCst);
                while self.bed.store.book_expired(self.now()).await.unwrap() > 0 {}
            }
            Step::Crash => {}
        }
        Ok(())
    }

    /// A call ends once; its place is taken by another.
    fn settle(&mut self, call: usize, credits: i64, available: i64) {
        let known = *self.known(call);
        if known.paid > 0 || known.refunded > 0 {
            self.calls[call] = RequestId::from_uuid(Uuid::now_v7());
            return;
        }
        let settlement = Settlement { charge: charge(credits), funds: Funds::All, ..Settlement::NOTHING };
        let timing = Timing { total_ms: 0, ..Timing::default() };
        let (id, at) = (self.calls[call], self.now());
        let ended = Receipt { id, at, timing, settlement: Some(settlement), ..receipt(self.workspace, 1) };
        self.running.journal.append(ended).unwrap();
        let paid = credits.min(CHARGE_MAX.get()).min(known.held + available);
        *self.known(call) = Known { paid, ..Known::default() };
        if paid == 0 {
            self.calls[call] = RequestId::from_uuid(Uuid::now_v7());
        }
    }

    /// The process dies and another one begins in its place.
    async fn crash(self) -> Self {
        let Self { bed, workspace, running, holds, holding, clock, calls, known, issued } = self;
        holding.abort();
        drop((holds, holding.await));
        drop(running.kill().await);
        let bed = bed.reopen().await;
        let mut world = Self { calls, known, issued, ..Self::start(bed, workspace, clock).await };
        let node = world.running.journal.node();
        let left = world.bed.store.held_by(node).await.unwrap();
        let (_, available) = world.has().await;
        let mut rest = available;
        world.bed.store.end_left(&left, world.now()).await.unwrap();
        for request in left {
            let known = world.known.entry(request).or_default();
            let paid = known.noted.min(known.held + rest);
            rest += known.held - paid;
            *known = Known { paid, ..Known::default() };
            for call in world.calls.iter_mut().filter(|call| **call == request && paid == 0) {
                *call = RequestId::from_uuid(Uuid::now_v7());
            }
        }
        world
    }
}

fn charge(credits: i64) -> Charge {
    Charge { credits: MicroCredits::new(credits), usd: NanoUsd::ZERO }
}

async fn run(bed: Bed, steps: Vec<Step>) -> TestCaseResult {
    let mut world = World::new(bed).await;
    for step in steps {
        if matches!(step, Step::Crash) {
            world = world.crash().await;
        } else {
            world.take(step).await?;
        }
        let check = world.bed.store.check_ledger().await.unwrap();
        prop_assert_eq!(check.problems, vec![]);
    }
    Ok(())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn on_sqlite(steps in proptest::collection::vec(step(), 1..40)) {
        runtime().block_on(async { run(Bed::sqlite().await, steps).await })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, max_shrink_iters: 10, ..ProptestConfig::default() })]

    #[test]
    fn on_postgres(steps in proptest::collection::vec(step(), 1..40)) {
        runtime().block_on(async {
            match Bed::postgres().await {
                Some(bed) => run(bed, steps).await,
                None => Ok(()),
            }
        })?;
    }
}
