use ownkey_domain::budget::{BUDGETS_MAX, Budget, BudgetAction, BudgetPayer, BudgetPeriod, Scope, Unpriced};
use ownkey_domain::id::BudgetId;
use ownkey_domain::money::NanoUsd;
use ownkey_store::PutBudget;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::bed::{BY, Bed, new_workspace};

crate::on_both! { set_seen_by_calls_and_removed what_counts_other_calls_begins_anew as_many_as_allowed }

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
