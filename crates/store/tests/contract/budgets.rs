use std::sync::Arc;

use ownkey_domain::budget::{BUDGETS_MAX, Budget, BudgetAction, BudgetPayer, BudgetPeriod, Scope, Unpriced};
use ownkey_domain::id::{BudgetId, RequestId};
use ownkey_domain::ledger::{Charge, Funds, HoldCall, Settlement};
use ownkey_domain::money::NanoUsd;
use ownkey_domain::receipt::Receipt;
use ownkey_store::{JournalLimits, PutBudget};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::bed::{BY, Bed, NOW, new_workspace, receipt};

crate::on_both! { set_seen_by_calls_and_removed what_counts_other_calls_begins_anew what_was_counted_in_the_new_period_stays_counted as_many_as_allowed }

fn budget(name: &str, id: u128) -> Budget {
    Budget {
        name: name.parse().unwrap(),
        id: BudgetId::from_uuid(Uuid::from_u128(id)),
        scope: Scope::Workspace,
        payer: BudgetPayer::Any,
        period: BudgetPeriod::Month,
        limit_usd: NanoUsd::new(i64::MAX),
        action: BudgetAction::Block,
        unpriced: Unpriced::Refuse,
    }
}

async fn set_seen_by_calls_and_removed(bed: Bed) {
    let (store, id) = (&bed.store, bed.workspace().await);
    assert_eq!(store.budgets(id).await.unwrap(), Some(Vec::new()));
    let (second, first) = (budget("b", 1), budget("a", 2));
    for new in [&second, &first] {
        let put = store.put_budget(id, new.clone(), BY).await.unwrap();
        assert_eq!(put, Some(PutBudget::Added(new.clone())));
    }
    // By name, and the same to calls.
    assert_eq!(store.budgets(id).await.unwrap(), Some(vec![first.clone(), second.clone()]));
    assert_eq!(store.routing(id).await.unwrap().unwrap().budgets, [first.clone(), second]);
    let other = bed.workspace().await;
    assert!(!store.remove_budget(other, &first.name, BY).await.unwrap());
    assert!(store.remove_budget(id, &first.name, BY).await.unwrap());
    assert!(!store.remove_budget(id, &first.name, BY).await.unwrap());
    assert_eq!(store.budgets(id).await.unwrap().unwrap().len(), 1);
    let nobody = new_workspace().id;
    assert_eq!(store.budgets(nobody).await.unwrap(), None);
    assert_eq!(store.put_budget(nobody, budget("a", 1), BY).await.unwrap(), None);
}

async fn what_counts_other_calls_begins_anew(bed: Bed) {
    let (store, id) = (&bed.store, bed.workspace().await);
    let first = budget("a", 1);
    store.put_budget(id, first.clone(), BY).await.unwrap();
    // Another limit: the count goes on.
    let lower = Budget { limit_usd: NanoUsd::new(5), ..budget("a", 2) };
    let kept = Budget { id: first.id, ..lower.clone() };
    assert_eq!(store.put_budget(id, lower.clone(), BY).await.unwrap(), Some(PutBudget::Changed(kept.clone())));
    assert_eq!(store.put_budget(id, lower, BY).await.unwrap(), Some(PutBudget::Changed(kept)));
    let daily = Budget { period: BudgetPeriod::Day, ..budget("a", 3) };
    assert_eq!(store.put_budget(id, daily.clone(), BY).await.unwrap(), Some(PutBudget::Changed(daily)));
    let events = store.audit(Some(id), None, 10).await.unwrap().items;
    let set = events.iter().filter(|event| event.action == "budget.set").count();
    assert_eq!(set, 3, "what changes nothing is no event");
    let [newest, second] = [&events[0].detail, &events[1].detail];
    assert_eq!(
        (&newest["before"]["period"], &newest["before"]["limit_usd"]),
        (&second["period"], &second["limit_usd"])
    );
}

async fn what_was_counted_in_the_new_period_stays_counted(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let running = bed.start(JournalLimits::default()).await;
    let (holds, task) = store.holds(running.journal.node(), Arc::new(|| NOW));
    let holding = tokio::spawn(task.run());
    let daily = Budget { period: BudgetPeriod::Day, ..budget("a", 1) };
    store.put_budget(workspace, daily.clone(), BY).await.unwrap();
    let (request, usd) = (RequestId::from_uuid(Uuid::now_v7()), NanoUsd::new(70));
    let amount = Charge { usd, ..Charge::default() };
    let budgets = vec![daily.line(workspace, NOW)];
    let call = HoldCall { request, workspace, amount, funds: Funds::None, allowance: None, budgets, draft: None };
    holds.hold(call).await.unwrap();
    let settlement = Some(Settlement { charge: amount, funds: Funds::None, ..Settlement::NOTHING });
    running.journal.append(Receipt { id: request, settlement, ..receipt(workspace, 1) }).unwrap();
    let counted = async |budget: &Budget| {
        assert_eq!(store.check_ledger().await.unwrap().problems, []);
        let (accounts, line) = (store.budget_accounts(workspace).await.unwrap(), budget.line(workspace, NOW));
        accounts.iter().find(|account| account.id == line.account).map_or(0, |account| account.counted().get())
    };
    assert_eq!(counted(&daily).await, 70);
    for (n, period, expected) in [(2, BudgetPeriod::Month, 70), (3, BudgetPeriod::Total, 70), (4, BudgetPeriod::Day, 0)]
    {
        let put = store.put_budget(workspace, Budget { period, ..budget("a", n) }, BY).await.unwrap();
        let Some(PutBudget::Changed(changed)) = put else { panic!("{put:?}") };
        assert_eq!(counted(&changed).await, expected, "{period:?}");
    }
    drop(holds);
    holding.await.unwrap();
    running.stop().await;
}

async fn as_many_as_allowed(bed: Bed) {
    let (store, id) = (&bed.store, bed.workspace().await);
    let mut adding = JoinSet::new();
    for n in 0..BUDGETS_MAX {
        let store = store.clone();
        adding.spawn(async move { store.put_budget(id, budget(&format!("b{n}"), 1), BY).await.unwrap() });
    }
    assert!(adding.join_all().await.iter().all(|put| matches!(put, Some(PutBudget::Added(_)))));
    assert_eq!(store.put_budget(id, budget("more", 1), BY).await.unwrap(), Some(PutBudget::TooMany));
    assert_eq!(store.budgets(id).await.unwrap().unwrap().len(), BUDGETS_MAX);
}
