mod late;

use std::collections::BTreeMap;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::id::{BudgetId, GrantId, RequestId, WorkspaceId};
use crate::money::{MicroCredits, NanoUsd};
use crate::period::Period;
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp::from_millis(1_000_000_000_000);

fn workspace() -> WorkspaceId {
    WorkspaceId::from_uuid(Uuid::from_u128(1))
}

fn request(n: u128) -> RequestId {
    RequestId::from_uuid(Uuid::from_u128(n))
}

fn amount(units: i64) -> Amount {
    Amount::new(units).unwrap()
}

fn order() -> Order {
    Order { reason: "test".to_owned(), idempotency_key: None }
}

fn grant(n: u128, credits: i64, expires_at: Option<Timestamp>) -> Grant {
    let id = GrantId::from_uuid(Uuid::from_u128(n));
    Grant { id, workspace: workspace(), credits: amount(credits), expires_at, order: order() }
}

fn charge(credits: i64, usd: i64) -> Charge {
    Charge { credits: MicroCredits::new(credits), usd: NanoUsd::new(usd) }
}

fn hold(n: u128, credits: i64) -> HoldCall {
    HoldCall {
        request: request(n),
        workspace: workspace(),
        amount: charge(credits, 0),
        funds: Funds::All,
        allowance: None,
        budgets: Vec::new(),
        draft: None,
    }
}

fn settlement(credits: i64) -> Settlement {
    Settlement { charge: charge(credits, 0), funds: Funds::All, ..Settlement::NOTHING }
}

fn book() -> Book {
    Book::new(NOW, [], [])
}

#[test]
fn only_what_holds_something_is_extended() {
    let mut book = book();
    book.grant(&grant(1, 1_000, None));
    assert_eq!(book.extend(&hold(1, 300)), Ok(()));
    assert!(book.held(request(1)).is_empty());
    book.hold(&hold(1, 300)).unwrap();
    book.extend(&hold(1, 500)).unwrap();
    assert_eq!(book.available(workspace()), amount(500));
    assert!(book.extend(&hold(1, 1_001)).is_err());
    book.settle(request(1), workspace(), &settlement(200));
    assert_eq!(book.extend(&hold(1, 500)), Ok(()));
    assert_eq!(book.available(workspace()), amount(800));
}

/// The same accounts and holds at a later time, as after a restart.
fn later(book: &Book, now: Timestamp) -> Book {
    let holds = book.holds().map(|(request, workspace, legs)| (request, workspace, legs.to_vec()));
    Book::new(now, book.accounts().copied(), holds)
}

/// What calls were charged, as the transfers tell it.
fn tell_of_charges(book: &mut Book, transfers: &[Transfer]) {
    let mut charged: BTreeMap<(RequestId, AccountId), Charged> = BTreeMap::new();
    for transfer in transfers {
        let Some(request) = transfer.request else { continue };
        match transfer.kind {
            TransferKind::Charge | TransferKind::Overrun | TransferKind::Budget | TransferKind::Included => {
                let on = charged.entry((request, transfer.debit)).or_default();
                on.charged = on.charged.plus(transfer.amount).unwrap();
            }
            TransferKind::Correction => {
                let on = charged.entry((request, transfer.credit)).or_default();
                on.charged = on.charged.less(transfer.amount);
            }
            TransferKind::Refund => {
                let from = transfer.refunds.unwrap();
                let on = charged.entry((request, from)).or_default();
                on.refunded = on.refunded.plus(transfer.amount).unwrap();
            }
            _ => {}
        }
    }
    charged.into_iter().for_each(|((request, account), charged)| book.was_charged(request, account, charged));
}

fn balance_of(book: &Book, id: AccountId) -> i64 {
    book.accounts().find(|a| a.id == id).map_or(0, |a| a.credits_posted.get() - a.debits_posted.get())
}

#[test]
fn what_expires_soonest_is_spent_first() {
    let mut book = book();
    book.grant(&grant(1, 10, None));
    book.grant(&grant(2, 10, Some(NOW.plus_millis(2_000))));
    let allowance =
        Allowance { credits: MicroCredits::new(5), period: Period { start: NOW, end: Some(NOW.plus_millis(1_000)) } };
    let mut call = hold(1, 17);
    call.allowance = Some(allowance);
    assert_eq!(book.hold(&call), Ok(()));
    let held: Vec<_> = book.held(request(1)).iter().map(|leg| leg.amount.get()).collect();
    assert_eq!(held, [5, 10, 2]);
    assert_eq!(book.settle(request(1), workspace(), &settlement(6)).total(), Amount::ZERO);
    assert_eq!((book.balance(workspace()).get(), book.available(workspace()).get()), (19, 19));
    // Granted once, whatever restarts; more of it only when the plan allows more.
    let mut again = later(&book, NOW);
    again.allow(workspace(), allowance);
    assert_eq!(again.balance(workspace()).get(), 19);
    again.allow(workspace(), Allowance { credits: MicroCredits::new(8), ..allowance });
    assert_eq!(again.balance(workspace()).get(), 22);
    again.allow(workspace(), Allowance { credits: MicroCredits::new(1), ..allowance });
    assert_eq!(again.balance(workspace()).get(), 22);
}

#[test]
fn a_refused_hold_names_what_there_is() {
    let mut book = book();
    book.grant(&grant(1, 10, None));
    assert_eq!(book.hold(&hold(1, 4)), Ok(()));
    let (needed, balance, available) = (MicroCredits::new(7), MicroCredits::new(10), MicroCredits::new(6));
    assert_eq!(book.hold(&hold(2, 7)), Err(Shortage::Credits { needed, balance, available }));
    assert_eq!(book.hold(&hold(1, 10)), Ok(()), "more of what it holds already");
    assert_eq!(book.held(request(1)).iter().map(|leg| leg.amount.get()).sum::<i64>(), 10);
    assert_eq!(book.held(request(2)), []);
}

#[test]
fn what_is_not_there_is_overrun_and_never_debt() {
    let mut book = book();
    book.grant(&grant(1, 10, None));
    assert_eq!(book.hold(&hold(1, 4)), Ok(()));
    assert_eq!(book.settle(request(1), workspace(), &settlement(25)).total(), amount(15));
    assert_eq!(book.balance(workspace()), Amount::ZERO);
    assert_eq!(balance_of(&book, AccountId::Charged(workspace())), 25);
    assert_eq!(balance_of(&book, AccountId::Overrun(workspace())), -15);
}

#[test]
fn what_a_hold_did_not_need_is_spent_before_what_lasts_longer() {
    let mut book = book();
    book.grant(&grant(1, 10, Some(NOW.plus_millis(1_000))));
    book.grant(&grant(2, 10, None));
    book.hold(&hold(1, 10)).unwrap();
    book.hold(&hold(2, 10)).unwrap();
    for n in [1, 2] {
        assert_eq!(book.settle(request(n), workspace(), &settlement(1)).total(), Amount::ZERO);
        check(&book);
    }
    let in_grant = |n| balance_of(&book, AccountId::Grant(workspace(), GrantId::from_uuid(Uuid::from_u128(n))));
    assert_eq!((in_grant(1), in_grant(2)), (8, 10));
}

#[test]
fn what_one_workspace_overruns_fills_no_account_of_another() {
    let mut book = book();
    for n in 1..1_024 {
        book.settle(request(n), workspace(), &settlement(CHARGE_MAX.get()));
    }
    book.settle(request(1_024), workspace(), &settlement(CHARGE_MAX.get() - 1));
    assert_eq!(balance_of(&book, AccountId::Charged(workspace())), i64::MAX);
    let stranger = WorkspaceId::from_uuid(Uuid::from_u128(2));
    assert_eq!(book.settle(request(2_000), stranger, &settlement(25)).total(), amount(25));
    assert_eq!(balance_of(&book, AccountId::Charged(stranger)), 25);
}

#[test]
fn what_one_workspace_is_granted_keeps_no_other_from_its_grants() {
    let mut book = book();
    assert!(book.grant(&grant(1, i64::MAX, None)) && !book.grant(&grant(2, 1, None)), "no more than can be counted");
    let stranger = WorkspaceId::from_uuid(Uuid::from_u128(2));
    assert!(book.grant(&Grant { workspace: stranger, ..grant(3, i64::MAX, Some(NOW)) }));
    book.expire(stranger);
    assert_eq!((book.balance(workspace()).get(), book.balance(stranger).get()), (i64::MAX, 0));
    check(&book);
}

#[test]
fn held_credits_outlive_their_expiry() {
    let mut book = book();
    book.grant(&grant(1, 10, Some(NOW.plus_millis(1_000))));
    assert_eq!(book.hold(&hold(1, 6)), Ok(()));
    let mut book = later(&book, NOW.plus_millis(1_000));
    book.expire(workspace());
    assert_eq!((balance_of(&book, AccountId::Expired(workspace())), book.available(workspace())), (0, Amount::ZERO));
    assert_eq!(book.settle(request(1), workspace(), &settlement(5)).total(), Amount::ZERO);
    assert_eq!((balance_of(&book, AccountId::Expired(workspace())), book.balance(workspace()).get()), (5, 0));
}

#[test]
fn a_call_goes_on_drawing_from_the_period_of_its_hold() {
    let mut book = book();
    book.grant(&grant(1, 10, Some(NOW.plus_millis(1_000))));
    assert_eq!(book.hold(&hold(1, 4)), Ok(()));
    let mut book = later(&book, NOW.plus_millis(1_000));
    assert!(book.hold(&hold(2, 1)).is_err(), "another call comes too late");
    assert_eq!(book.extend(&hold(1, 10)), Ok(()));
    assert!(book.extend(&hold(1, 11)).is_err());
    check(&book);
    assert_eq!(book.settle(request(1), workspace(), &settlement(9)).total(), Amount::ZERO);
    assert_eq!((balance_of(&book, AccountId::Expired(workspace())), book.balance(workspace())), (1, Amount::ZERO));
    check(&book);
}

#[test]
fn another_anchor_grants_no_second_allowance() {
    let mut book = book();
    let day = |n: i64| NOW.plus_millis(n * 86_400_000);
    let allowance = |start, end, credits| {
        let period = Period { start: day(start), end: Some(day(end)) };
        Allowance { credits: MicroCredits::new(credits), period }
    };
    book.allow(workspace(), allowance(-3, 27, 100));
    for start in [-2, -1, 0] {
        book.allow(workspace(), allowance(start, start + 30, 100));
        assert_eq!(book.balance(workspace()).get(), 100);
    }
    book.allow(workspace(), allowance(0, 30, 130));
    assert_eq!(book.balance(workspace()).get(), 130, "an upgrade still gives the difference");
    let mut book = later(&book, day(27));
    book.expire(workspace());
    assert_eq!(book.balance(workspace()).get(), 30);
    book.allow(workspace(), allowance(0, 30, 130));
    assert_eq!(book.balance(workspace()).get(), 130, "what the first period gave is over");
}

#[test]
fn a_refund_grants_nothing_but_what_is_given_anew() {
    let mut book = book();
    book.grant(&grant(1, 5, Some(NOW.plus_millis(1_000))));
    book.settle(request(1), workspace(), &settlement(4));
    let fresh = GrantId::from_uuid(Uuid::from_u128(9));
    let refund = Refund { request: request(1), workspace: workspace(), credits: amount(1), fresh, order: order() };
    assert_eq!(book.refund(&refund), Ok(()));
    let granted = |book: &Book, n| {
        let id = AccountId::Grant(workspace(), GrantId::from_uuid(Uuid::from_u128(n)));
        book.accounts().find(|a| a.id == id).unwrap().granted.get()
    };
    assert_eq!(granted(&book, 1), 5);
    let mut after = later(&book, NOW.plus_millis(1_000));
    tell_of_charges(&mut after, book.transfers());
    assert_eq!(after.refund(&Refund { credits: amount(2), ..refund }), Ok(()));
    assert_eq!((granted(&after, 1), granted(&after, 9)), (5, 2));
}

#[test]
fn refunds_go_where_the_charge_came_from() {
    let mut book = book();
    let end = NOW.plus_millis(1_000);
    book.grant(&grant(1, 5, Some(end)));
    book.grant(&grant(2, 10, None));
    book.settle(request(1), workspace(), &settlement(8));
    let refund = |credits| Refund {
        request: request(1),
        workspace: workspace(),
        credits: amount(credits),
        fresh: GrantId::from_uuid(Uuid::from_u128(9)),
        order: order(),
    };
    assert_eq!(book.refund(&Refund { request: request(2), ..refund(1) }), Err(RefundRefused::NotCharged));
    let stranger = WorkspaceId::from_uuid(Uuid::from_u128(2));
    assert_eq!(book.refund(&Refund { workspace: stranger, ..refund(1) }), Err(RefundRefused::NotCharged));
    assert_eq!(book.refund(&refund(9)), Err(RefundRefused::Exceeds { left: amount(8) }));
    assert_eq!(book.refund(&refund(4)), Ok(()));
    let in_grant =
        |book: &Book, n| balance_of(book, AccountId::Grant(workspace(), GrantId::from_uuid(Uuid::from_u128(n))));
    assert_eq!((in_grant(&book, 1), in_grant(&book, 2)), (1, 10));
    // What expired meanwhile comes back for another month.
    let mut after = later(&book, end);
    after.expire(workspace());
    let charged = |charged, refunded| Charged { charged: amount(charged), refunded: amount(refunded) };
    after.was_charged(request(1), AccountId::Grant(workspace(), GrantId::from_uuid(Uuid::from_u128(1))), charged(5, 1));
    after.was_charged(request(1), AccountId::Grant(workspace(), GrantId::from_uuid(Uuid::from_u128(2))), charged(3, 3));
    assert_eq!(after.refund(&refund(4)), Ok(()));
    assert_eq!((in_grant(&after, 1), in_grant(&after, 9)), (0, 4));
    assert_eq!(after.refund(&refund(1)), Err(RefundRefused::Exceeds { left: Amount::ZERO }));
}

#[test]
fn a_budget_stops_what_it_does_not_cover() {
    let mut book = book();
    let account = AccountId::Budget(workspace(), BudgetId::from_uuid(Uuid::from_u128(3)), NOW);
    let line = |limit| BudgetLine { account, ends_at: Some(NOW.plus_millis(5)), limit };
    let call = |n, usd, limit: Option<i64>| HoldCall {
        amount: charge(0, usd),
        funds: Funds::None,
        budgets: vec![line(limit.map(NanoUsd::new))],
        ..hold(n, 0)
    };
    assert_eq!(book.hold(&call(1, 60, Some(100))), Ok(()));
    let refused = book.hold(&call(2, 41, Some(100)));
    let (limit, used) = (NanoUsd::new(100), NanoUsd::new(60));
    assert_eq!(refused, Err(Shortage::Budget { account, limit, used, resets_at: Some(NOW.plus_millis(5)) }));
    assert_eq!(book.hold(&call(3, 40, Some(100))), Ok(()));
    assert!(book.hold(&call(4, 0, Some(100))).is_err(), "used up");
    assert_eq!(book.hold(&call(5, 500, None)), Ok(()), "one that only tells");
    for (n, usd) in [(1, 70), (3, 0), (5, 500)] {
        let settlement = Settlement { charge: charge(0, usd), funds: Funds::None, ..Settlement::NOTHING };
        assert_eq!(book.settle(request(n), workspace(), &settlement).total(), Amount::ZERO);
    }
    let counted = book.accounts().find(|a| a.id == account).unwrap();
    assert_eq!((counted.debits_posted.get(), counted.debits_pending.get()), (570, 0));
}

#[test]
fn a_budget_counts_what_was_not_known_before() {
    let mut book = book();
    let account = AccountId::Budget(workspace(), BudgetId::from_uuid(Uuid::from_u128(3)), NOW);
    let unknown = |n, limit| HoldCall {
        funds: Funds::None,
        budgets: vec![BudgetLine { account, ends_at: None, limit }],
        ..hold(n, 0)
    };
    let limit = Some(NanoUsd::new(100));
    let settlement = Settlement { charge: charge(0, 100), funds: Funds::None, ..Settlement::NOTHING };
    for (n, limit) in [(1, limit), (2, None)] {
        assert_eq!(book.hold(&unknown(n, limit)), Ok(()));
        check(&book);
        book.settle(request(n), workspace(), &settlement);
        check(&book);
        assert_eq!(balance_of(&book, account), -100 * i64::try_from(n).unwrap());
    }
    assert!(book.hold(&unknown(3, limit)).is_err(), "used up");
}

#[test]
fn another_payer_holds_on_other_budgets() {
    let mut book = book();
    let line = |n| BudgetLine {
        account: AccountId::Budget(workspace(), BudgetId::from_uuid(Uuid::from_u128(n)), NOW),
        ends_at: None,
        limit: Some(NanoUsd::new(100)),
    };
    let call = |budgets: &[u128]| HoldCall {
        amount: charge(0, 60),
        funds: Funds::None,
        budgets: budgets.iter().map(|n| line(*n)).collect(),
        ..hold(1, 0)
    };
    assert_eq!(book.hold(&call(&[1, 2])), Ok(()));
    assert_eq!(book.hold(&call(&[2, 3])), Ok(()));
    check(&book);
    let settlement = Settlement { charge: charge(0, 50), funds: Funds::None, ..Settlement::NOTHING };
    book.settle(request(1), workspace(), &settlement);
    check(&book);
    let used = |n| book.accounts().find(|a| a.id == line(n).account).map_or(0, |a| a.debits_posted.get());
    assert_eq!([used(1), used(2), used(3)], [0, 50, 50]);
}

#[test]
fn access_that_is_included_costs_the_operator() {
    let mut book = book();
    let included = Settlement { charge: charge(0, 70), funds: Funds::None, included: true, ..Settlement::NOTHING };
    book.settle(request(1), workspace(), &included);
    assert_eq!(
        (balance_of(&book, AccountId::Included(workspace())), balance_of(&book, AccountId::Used(workspace()))),
        (-70, 70)
    );
}

#[test]
fn names_of_accounts_read_back() {
    let ids = [
        AccountId::Issued(workspace()),
        AccountId::Expired(workspace()),
        AccountId::Overrun(workspace()),
        AccountId::Included(workspace()),
        AccountId::Charged(workspace()),
        AccountId::Used(workspace()),
        AccountId::Allowance(workspace(), NOW),
        AccountId::Fallback(workspace(), NOW),
        AccountId::Grant(workspace(), GrantId::from_uuid(Uuid::from_u128(7))),
        AccountId::Budget(workspace(), BudgetId::from_uuid(Uuid::from_u128(7)), NOW),
    ];
    for id in ids {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    for text in ["", "issued", "expired", "issued/", "ws_1/charged", "other", &format!("{}/charged/", workspace())] {
        assert_eq!(text.parse::<AccountId>(), Err(BadAccountId), "{text}");
    }
}

#[derive(Debug, Clone)]
enum Step {
    Grant { credits: i64, lasts: Option<i64> },
    Hold { call: u128, credits: i64 },
    Settle { call: u128, credits: i64 },
    Refund { call: u128, credits: i64 },
    Restart { after: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let (call, credits) = (0u128..6, prop_oneof![0i64..200, Just(i64::MAX)]);
    prop_oneof![
        (prop_oneof![9 => 1i64..300, 1 => Just(i64::MAX / 3)], proptest::option::of(1i64..50))
            .prop_map(|(credits, lasts)| Step::Grant { credits, lasts }),
        (call.clone(), credits.clone()).prop_map(|(call, credits)| Step::Hold { call, credits }),
        (call.clone(), credits).prop_map(|(call, credits)| Step::Settle { call, credits }),
        (call, 1i64..100).prop_map(|(call, credits)| Step::Refund { call, credits }),
        (0i64..30).prop_map(|after| Step::Restart { after }),
    ]
}

/// What must hold of any book at any time.
fn check(book: &Book) {
    for asset in [Asset::Credit, Asset::Usd] {
        let of = |side: fn(&Account) -> Amount| -> i128 {
            book.accounts().filter(|a| a.id.asset() == asset).map(|a| i128::from(side(a).get())).sum()
        };
        assert_eq!(of(|a| a.debits_posted), of(|a| a.credits_posted));
        assert_eq!(of(|a| a.debits_pending), of(|a| a.credits_pending));
    }
    let mut held = BTreeMap::<AccountId, i64>::new();
    for (_, _, legs) in book.holds() {
        legs.iter().for_each(|leg| *held.entry(leg.account).or_default() += leg.amount.get());
    }
    for account in book.accounts().filter(|a| a.id.is_purse()) {
        assert!(account.drawn() <= account.credits_posted, "overdrawn: {account:?}");
        assert_eq!(account.debits_pending.get(), held.get(&account.id).copied().unwrap_or(0));
    }
}

proptest! {
    /// Against a model that knows no accounts: one number for what a workspace has, one for what is held of it.
    #[test]
    fn no_order_of_operations_loses_or_makes_a_credit(steps in proptest::collection::vec(step(), 1..60)) {
        let (mut book, mut now) = (book(), NOW);
        let mut charged: BTreeMap<u128, i64> = BTreeMap::new();
        let mut refunded: BTreeMap<u128, i64> = BTreeMap::new();
        let (mut moved, mut issued) = (Vec::new(), 0i64);
        for (n, step) in (100u128..).zip(steps) {
            let (balance, available) = (book.balance(workspace()).get(), book.available(workspace()).get());
            match step {
                Step::Grant { credits, lasts } => {
                    let all = issued.checked_add(credits);
                    let fits = book.grant(&grant(n, credits, lasts.map(|lasts| now.plus_millis(lasts))));
                    prop_assert_eq!(fits, all.is_some());
                    issued = all.unwrap_or(issued);
                    prop_assert_eq!(book.balance(workspace()).get(), if fits { balance + credits } else { balance });
                }
                Step::Hold { call, credits } => {
                    let before: i64 = book.held(request(call)).iter().map(|leg| leg.amount.get()).sum();
                    let credits = credits.min(CHARGE_MAX.get());
                    let fits = (credits - before).max(0) <= available;
                    prop_assert_eq!(book.hold(&hold(call, credits)).is_ok(), fits);
                    let after = if fits { before.max(credits) } else { before };
                    let held: i64 = book.held(request(call)).iter().map(|leg| leg.amount.get()).sum();
                    prop_assert_eq!(held, after);
                }
                Step::Settle { call, credits } if !charged.contains_key(&call) => {
                    let held: i64 = book.held(request(call)).iter().map(|leg| leg.amount.get()).sum();
                    let overrun = book.settle(request(call), workspace(), &settlement(credits)).total().get();
                    let cost = credits.min(CHARGE_MAX.get());
                    prop_assert_eq!(cost - overrun, cost.min(held + available));
                    let paid = cost - overrun;
                    charged.insert(call, paid);
                }
                Step::Settle { .. } => {}
                Step::Refund { call, credits } => {
                    let so_far = refunded.entry(call).or_default();
                    let fits = charged.get(&call).is_some_and(|paid| *paid > 0 && *so_far + credits <= *paid);
                    let fresh = GrantId::from_uuid(Uuid::from_u128(n));
                    let (request, workspace, credits) = (request(call), workspace(), amount(credits));
                    let refund = Refund { request, workspace, credits, fresh, order: order() };
                    prop_assert_eq!(book.refund(&refund).is_ok(), fits);
                    *so_far += if fits { credits.get() } else { 0 };
                }
                Step::Restart { after } => {
                    now = now.plus_millis(after);
                    moved.extend_from_slice(book.transfers());
                    book = later(&book, now);
                    tell_of_charges(&mut book, &moved);
                    book.expire(workspace());
                }
            }
            check(&book);
        }
    }
}
