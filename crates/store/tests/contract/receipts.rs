use ownkey_domain::id::{RequestId, WorkspaceId};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::receipt::{Attempt, Receipt};
use ownkey_domain::usage::{TokenClass, Unit, Usage};
use ownkey_store::{
    GroupBy, JournalLimits, LAST_USE_MS, ReceiptFilter, StatusClass, UsageFilter, UsageKey, UsageQuery,
};
use uuid::Uuid;

use crate::bed::{BY, Bed, NOW, new_api_key, new_credential, receipt};

crate::on_both! {
    read_back_as_written paged_and_filtered of_other_workspaces_are_not_there last_uses_are_kept usage_adds_up
    whatever_is_counted_adds_up_by_itself found_by_the_callers_own_id costs_of_a_day
}

async fn read_back_as_written(bed: Bed) {
    let running = bed.start(JournalLimits::default()).await;
    let workspace = bed.workspace().await;
    let mut odd = receipt(workspace, 3);
    odd.cost_usd = Some(ownkey_domain::money::PicoUsd::new(i128::from(i64::MAX) + 1));
    odd.client_request_id = Some("nul\0".to_owned());
    for written in [receipt(workspace, 1), receipt(workspace, 5), odd] {
        running.journal.append(&written).unwrap();
        assert_eq!(bed.store.receipt(workspace, written.id).await.unwrap(), Some(written));
    }
    // A name with a NUL can't be kept as it is, and must not stop the others.
    let mut nul = receipt(workspace, 7);
    nul.agent = Some("a\0b".to_owned());
    nul.user = nul.agent.clone();
    running.journal.append(&nul).unwrap();
    let read = bed.store.receipt(workspace, nul.id).await.unwrap().unwrap();
    assert_eq!(read.agent.as_deref(), Some("a\u{fffd}b"));
    assert_eq!(read.user, read.agent);
    running.stop().await;
}

async fn write(bed: &Bed, workspace: WorkspaceId, count: u32) -> Vec<Receipt> {
    let running = bed.start(JournalLimits::default()).await;
    let receipts: Vec<_> = (0..count).map(|n| receipt(workspace, n)).collect();
    receipts.iter().for_each(|r| assert!(running.journal.append(r).is_ok()));
    running.stop().await;
    receipts
}

async fn ids(bed: &Bed, workspace: WorkspaceId, filter: &ReceiptFilter) -> Vec<RequestId> {
    let page = bed.store.receipts(workspace, filter, None, 1000).await.unwrap();
    page.items.iter().map(|r| r.id).collect()
}

async fn paged_and_filtered(bed: Bed) {
    let workspace = bed.workspace().await;
    let receipts = write(&bed, workspace, 100).await;
    let newest =
        |keep: &dyn Fn(&Receipt) -> bool| receipts.iter().rev().filter(|r| keep(r)).map(|r| r.id).collect::<Vec<_>>();
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let page = bed.store.receipts(workspace, &ReceiptFilter::default(), before, 30).await.unwrap();
        seen.extend(page.items.iter().map(|r| r.id));
        before = seen.last().copied();
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, newest(&|_| true));
    let all = ReceiptFilter::default();
    let payer = ReceiptFilter { payer: Some(PayerKind::Byok), ..all.clone() };
    assert_eq!(ids(&bed, workspace, &payer).await, newest(&|r| r.payer.is_some()));
    let model = ReceiptFilter { model: Some("model-1".to_owned()), ..all.clone() };
    assert_eq!(ids(&bed, workspace, &model).await, newest(&|r| r.model.as_deref() == Some("model-1")));
    let refused = ReceiptFilter { status: Some(StatusClass::ClientError), ..all.clone() };
    assert_eq!(ids(&bed, workspace, &refused).await, newest(&|r| r.status == 429));
    let (from, to) = (receipts[10].at, receipts[95].at);
    let some = receipts.iter().find(|r| r.agent.is_some() && r.provider.is_some()).unwrap();
    let alike = ReceiptFilter { agent: some.agent.clone(), provider: some.provider, ..all.clone() };
    let expected = newest(&|r| r.agent == some.agent && r.provider == some.provider);
    assert_eq!(ids(&bed, workspace, &alike).await, expected);
    let time = ReceiptFilter { from: Some(from), to: Some(to), ..all };
    assert_eq!(ids(&bed, workspace, &time).await, newest(&|r| r.at >= from && r.at < to));
}

async fn found_by_the_callers_own_id(bed: Bed) {
    let running = bed.start(JournalLimits::default()).await;
    let (mine, other) = (bed.workspace().await, bed.workspace().await);
    let named = |workspace, n, id: &str| Receipt { client_request_id: Some(id.to_owned()), ..receipt(workspace, n) };
    // A caller may use an id twice, and others may use it too.
    let twice = [named(mine, 1, "order-7"), named(mine, 4, "order-7")];
    for receipt in [&twice[0], &twice[1], &named(mine, 2, "order-8"), &receipt(mine, 3), &named(other, 1, "order-7")] {
        running.journal.append(receipt).unwrap();
    }
    let by = |id: &str| ReceiptFilter { client_request_id: Some(id.to_owned()), ..ReceiptFilter::default() };
    assert_eq!(ids(&bed, mine, &by("order-7")).await, [twice[1].id, twice[0].id]);
    assert!(ids(&bed, mine, &by("order")).await.is_empty());
    let refused = ReceiptFilter { status: Some(StatusClass::Unanswered), ..by("order-7") };
    assert!(ids(&bed, mine, &refused).await.is_empty());
    running.stop().await;
}

async fn costs_of_a_day(bed: Bed) {
    let workspace = bed.workspace().await;
    let receipts = write(&bed, workspace, 40).await;
    let told = |keep: &dyn Fn(&Receipt) -> bool| {
        let paid = receipts.iter().filter(|r| r.payer.is_some() && r.model.is_some() && keep(r));
        Some(paid.map(|r| r.cost_usd).collect::<Vec<_>>())
    };
    let costs = async |since, only, most| bed.store.costs_since(workspace, since, only, most).await.unwrap();
    assert_eq!(costs(NOW, (None, None, None), 100).await, told(&|_| true));
    let since = receipts[20].at;
    assert_eq!(costs(since, (Some(PayerKind::Byok), None, None), 100).await, {
        told(&|r| r.at >= since && r.payer == Some(PayerKind::Byok))
    });
    assert_eq!(costs(NOW, (None, None, receipts[3].api_key), 100).await, told(&|r| r.api_key == receipts[3].api_key));
    assert_eq!(costs(NOW, (None, Some("nobody"), None), 100).await, Some(vec![]));
    assert_eq!(costs(NOW, (None, None, None), 3).await, None, "more than that");
    assert_eq!(bed.store.costs_since(bed.workspace().await, NOW, (None, None, None), 9).await.unwrap(), Some(vec![]));
}

async fn of_other_workspaces_are_not_there(bed: Bed) {
    let (mine, other) = (bed.workspace().await, bed.workspace().await);
    let receipts = write(&bed, mine, 1).await;
    assert_eq!(bed.store.receipt(other, receipts[0].id).await.unwrap(), None);
    assert!(ids(&bed, other, &ReceiptFilter::default()).await.is_empty());
    assert_eq!(bed.store.receipt(mine, RequestId::from_uuid(Uuid::now_v7())).await.unwrap(), None);
    let query =
        UsageQuery { from: NOW, to: NOW.plus_millis(1 << 40), group_by: GroupBy::Model, only: UsageFilter::default() };
    assert!(bed.store.usage(other, &query).await.unwrap().is_empty());
}

async fn last_uses_are_kept(mut bed: Bed) {
    let workspace = bed.workspace().await;
    let (key, credential) = (new_api_key(workspace), new_credential(workspace, b"x"));
    bed.store.create_api_key(&key, BY).await.unwrap();
    bed.store.put_credential(&credential, BY).await.unwrap();
    let mut running = bed.start(JournalLimits::default()).await;
    // To the minute: one that comes less than that later, or earlier, does not move it, whether this process has written
    // it down or the one before.
    for (n, later, told) in
        [(9, 0, 9), (9, LAST_USE_MS - 1, 9), (7, 0, 9), (9, LAST_USE_MS - 1, 9), (9, LAST_USE_MS, 10)]
    {
        if n == 7 {
            running.stop().await;
            bed = bed.reopen().await;
            running = bed.start(JournalLimits::default()).await;
        }
        let mut used = receipt(workspace, n);
        used.at = used.at.plus_millis(later);
        (used.api_key, used.credential) = (Some(key.key.id), Some(credential.id));
        running.journal.append(&used).unwrap();
        bed.store.receipt(workspace, used.id).await.unwrap().unwrap();
        let told = Some(receipt(workspace, told).at);
        assert_eq!(bed.store.api_key(workspace, key.key.id).await.unwrap().unwrap().last_used_at, told);
        assert_eq!(bed.store.credential(workspace, credential.id).await.unwrap().unwrap().last_used_at, told);
    }
    // Managed access stepped in, once the call had gone out on the key.
    let tried = vec![Attempt::begun(PayerKind::Byok, Some(credential.id)), Attempt::begun(PayerKind::Managed, None)];
    let stepped_in = Receipt { attempts: tried, ..receipt(workspace, 11) };
    running.journal.append(&stepped_in).unwrap();
    let [current] = &bed.store.credentials(workspace).await.unwrap()[..] else { panic!("one key") };
    assert_eq!(current.last_used_at, Some(stepped_in.at));
    let filter = ReceiptFilter { api_key: Some(key.key.id), ..ReceiptFilter::default() };
    assert_eq!(ids(&bed, workspace, &filter).await.len(), 5);
    let query = UsageQuery {
        from: NOW,
        to: NOW.plus_millis(1),
        group_by: GroupBy::ApiKey,
        only: UsageFilter { api_key: Some(key.key.id), ..UsageFilter::default() },
    };
    let usage = bed.store.usage(workspace, &query).await.unwrap();
    assert_eq!((usage.len(), &usage[0].key), (1, &UsageKey::ApiKey(key.key.id)));
    running.stop().await;
}

async fn usage_adds_up(bed: Bed) {
    let workspace = bed.workspace().await;
    let receipts = write(&bed, workspace, 200).await;
    let groups = [
        (GroupBy::Hour, 4),
        (GroupBy::Day, 1),
        (GroupBy::Model, 3),
        (GroupBy::Provider, 2),
        (GroupBy::Payer, 2),
        (GroupBy::Agent, 2),
        (GroupBy::ApiKey, 1),
    ];
    for (group_by, rows) in groups {
        let query =
            UsageQuery { from: NOW, to: NOW.plus_millis(24 * 3_600_000), group_by, only: UsageFilter::default() };
        let usage = bed.store.usage(workspace, &query).await.unwrap();
        assert_eq!(usage.len(), rows, "{group_by:?}");
        assert!(usage.is_sorted_by_key(|row| row.key.clone()));
        let sum =
            |part: &dyn Fn(&ownkey_store::UsageTotals) -> i128| usage.iter().map(|r| part(&r.totals)).sum::<i128>();
        let count =
            |keep: &dyn Fn(&Receipt) -> bool| i128::try_from(receipts.iter().filter(|r| keep(r)).count()).unwrap();
        assert_eq!(sum(&|t| t.calls.into()), 200);
        assert_eq!(sum(&|t| t.errors.into()), count(&|r| r.status >= 400));
        assert_eq!(sum(&|t| t.unpriced.into()), count(&|r| r.payer.is_some() && r.cost_usd.is_none()));
        assert_eq!(sum(&|t| t.unmeasured.into()), 0);
        assert_eq!(
            sum(&|t| t.cost_usd.get()),
            receipts.iter().filter_map(|r| r.cost_usd).map(|c| c.get()).sum::<i128>()
        );
        assert_eq!(
            sum(&|t| t.credits.get().into()),
            receipts.iter().map(|r| i128::from(r.credits.get())).sum::<i128>()
        );
        let input = |usage: &Usage| i128::from(usage.get(TokenClass::Input).unwrap_or(0));
        assert_eq!(sum(&|t| input(&t.usage)), receipts.iter().map(|r| input(&r.usage)).sum::<i128>());
        assert!(usage.iter().all(|row| row.totals.usage.get(TokenClass::Output).is_none()));
    }
    let of = async |only| {
        let query = UsageQuery { from: NOW, to: NOW.plus_millis(24 * 3_600_000), group_by: GroupBy::Day, only };
        bed.store.usage(workspace, &query).await.unwrap().iter().map(|row| row.totals.calls).sum::<u64>()
    };
    let some = receipts.iter().find(|r| r.payer.is_some()).unwrap();
    let count = |keep: &dyn Fn(&Receipt) -> bool| u64::try_from(receipts.iter().filter(|r| keep(r)).count()).unwrap();
    for (only, calls) in [
        (UsageFilter { payer: some.payer, ..UsageFilter::default() }, count(&|r| r.payer == some.payer)),
        (UsageFilter { provider: some.provider, ..UsageFilter::default() }, count(&|r| r.provider == some.provider)),
        (UsageFilter { model: some.model.clone(), ..UsageFilter::default() }, count(&|r| r.model == some.model)),
        (UsageFilter { agent: Some("nobody".to_owned()), ..UsageFilter::default() }, 0),
    ] {
        assert_eq!(of(only.clone()).await, calls, "{only:?}");
    }
    let one_hour =
        UsageQuery { from: NOW, to: NOW.plus_millis(1), group_by: GroupBy::Hour, only: UsageFilter::default() };
    let usage = bed.store.usage(workspace, &one_hour).await.unwrap();
    assert_eq!((usage.len(), usage[0].key.clone(), usage[0].totals.calls), (1, UsageKey::At(NOW), 60));
}

async fn whatever_is_counted_adds_up_by_itself(bed: Bed) {
    let workspace = bed.workspace().await;
    let running = bed.start(JournalLimits::default()).await;
    let classes = (1..).zip(TokenClass::ALL);
    let units = (100..).zip(Unit::ALL);
    let used = classes.fold(Usage::default(), |usage, (count, class)| usage.with(*class, count));
    let used = units.fold(used, |usage, (count, unit)| usage.with_unit(*unit, count));
    let query =
        UsageQuery { from: NOW, to: NOW.plus_millis(1 << 40), group_by: GroupBy::Payer, only: UsageFilter::default() };
    for (n, sum) in [(0, used), (1, used.plus(&used))] {
        let mut one = receipt(workspace, n);
        (one.at, one.payer, one.usage) = (NOW, Some(PayerKind::Byok), used);
        running.journal.append(&one).unwrap();
        assert_eq!(bed.store.usage(workspace, &query).await.unwrap()[0].totals.usage, sum);
        assert_eq!(bed.store.receipt(workspace, one.id).await.unwrap().unwrap().usage, used);
    }
    running.stop().await;
}
