//! Use of services that happened elsewhere.

use ownkey_domain::id::WorkspaceId;
use ownkey_domain::ledger::{Allowance, Charge, Funds, Settlement};
use ownkey_domain::money::{CreditPrice, MicroCredits, NanoUsd};
use ownkey_domain::period::Period;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::service::{Service, ServiceUnit};
use ownkey_store::{GroupBy, Ordered, ReceiptFilter, ServiceUsage, UsageFilter, UsageKey, UsageQuery};
use serde_json::json;

use crate::bed::{Bed, NOW, receipt};
use crate::on_both;

on_both! {
    it_is_booked_once_with_receipt_and_totals
    what_is_told_at_once_is_booked_once
    nobody_goes_below_zero
}

fn phone() -> Service {
    Service {
        name: "phone".to_owned(),
        unit: ServiceUnit::Second,
        credits: CreditPrice::parse("0.01").unwrap(),
        items_max: None,
        is_served: false,
    }
}

/// So many seconds, by a workspace that has five credits a month.
fn usage(workspace: WorkspaceId, id: &str, seconds: u64, n: u32) -> ServiceUsage {
    let credits = phone().cost(seconds).unwrap();
    let charge = Charge { credits, usd: NanoUsd::ZERO };
    let settlement = Settlement { charge, funds: Funds::All, ..Settlement::NOTHING };
    let receipt = Receipt {
        service: Some(phone().used(Some(seconds))),
        provider: None,
        model: None,
        cost_usd: None,
        credits,
        settlement: Some(settlement),
        ..receipt(workspace, n)
    };
    let allowance = Allowance { credits: MicroCredits::parse("5").unwrap(), period: Period::month(NOW, None) };
    ServiceUsage { id: id.to_owned(), receipt, allowance: Some(allowance) }
}

async fn balance(bed: &Bed, workspace: WorkspaceId) -> String {
    bed.store.credits(workspace, NOW).await.unwrap().balance().to_string()
}

async fn it_is_booked_once_with_receipt_and_totals(bed: Bed) {
    let workspace = bed.workspace().await;
    let told = usage(workspace, "CA1", 90, 1);
    let (asked, answer) = (json!({"quantity": 90}), json!({"credits": "0.9"}));
    let booked = bed.store.book_usage(&told, (&asked, &answer), NOW).await.unwrap();
    assert_eq!(booked, Ordered::Done(()));
    let again = usage(workspace, "CA1", 90, 2);
    let repeated = bed.store.book_usage(&again, (&asked, &json!({})), NOW).await.unwrap();
    assert_eq!(repeated, Ordered::Repeated(answer));
    let other = bed.store.book_usage(&again, (&json!({"quantity": 91}), &json!({})), NOW).await.unwrap();
    assert_eq!(other, Ordered::KeyReused);
    assert_eq!(balance(&bed, workspace).await, "4.1");
    let receipts = bed.store.receipts(workspace, &ReceiptFilter::default(), None, 10).await.unwrap();
    let [receipt] = receipts.items.as_slice() else { panic!("one receipt: {receipts:?}") };
    assert_eq!(receipt.service, told.receipt.service);
    let query = UsageQuery {
        from: NOW,
        to: NOW.plus_millis(3_600_000),
        group_by: GroupBy::Service,
        only: UsageFilter::default(),
    };
    let rows = bed.store.usage(workspace, &query).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].key, UsageKey::Name("phone".to_owned()));
    assert_eq!((rows[0].totals.calls, rows[0].totals.credits), (1, told.receipt.credits));
    assert_eq!(bed.store.check_ledger().await.unwrap().problems, []);
    let nobody = usage(WorkspaceId::from_uuid(uuid::Uuid::now_v7()), "CA1", 1, 3);
    let nowhere = bed.store.book_usage(&nobody, (&asked, &json!({})), NOW).await.unwrap();
    assert_eq!(nowhere, Ordered::NoWorkspace);
}

async fn what_is_told_at_once_is_booked_once(bed: Bed) {
    let workspace = bed.workspace().await;
    let asked = json!({"quantity": 90});
    let tell = |n: u32| {
        let (store, asked) = (bed.store.clone(), asked.clone());
        tokio::spawn(async move {
            let told = usage(workspace, "CA1", 90, n);
            store.book_usage(&told, (&asked, &json!({"n": n})), NOW).await.unwrap()
        })
    };
    let telling: Vec<_> = (1..=8).map(tell).collect();
    let mut done = 0;
    for told in telling {
        done += usize::from(told.await.unwrap() == Ordered::Done(()));
    }
    assert_eq!((done, balance(&bed, workspace).await), (1, "4.1".to_owned()));
}

async fn nobody_goes_below_zero(bed: Bed) {
    let workspace = bed.workspace().await;
    let told = usage(workspace, "long", 600, 1);
    bed.store.book_usage(&told, (&json!({}), &json!({})), NOW).await.unwrap();
    assert_eq!(balance(&bed, workspace).await, "0");
    let counted = bed.store.overrun().map(|(reason, credits)| (reason.as_str(), credits.to_string()));
    assert_eq!(counted.last(), Some(("service_usage", "1".to_owned())));
    let receipt = bed.store.receipt(workspace, told.receipt.id).await.unwrap().unwrap();
    assert_eq!((receipt.credits.to_string(), receipt.overrun.to_string()), ("6".to_owned(), "1".to_owned()));
    assert_eq!(bed.store.check_ledger().await.unwrap().problems, []);
}
