//! What is known of a call when it was settled already.

use super::*;

#[test]
fn a_late_receipt_has_the_last_word() {
    let mut book = book();
    book.grant(&grant(1, 100, None));
    assert_eq!(book.hold(&hold(1, 50)), Ok(()));
    book.settle(request(1), workspace(), &settlement(30));
    for (credits, balance) in [(40, 60), (10, 90), (10, 90), (0, 100)] {
        book.settle(request(1), workspace(), &settlement(credits));
        assert_eq!(book.balance(workspace()).get(), balance);
    }
}

#[test]
fn what_nobody_believes_the_operator_pays_once() {
    let mut book = book();
    book.grant(&grant(1, 20, None));
    assert_eq!(book.hold(&hold(1, 10)), Ok(()));
    let told = |credits, beyond| Settlement { disbelieved: MicroCredits::new(beyond), ..settlement(credits) };
    let paid = |book: &Book| (balance_of(book, AccountId::Overrun(workspace())), book.balance(workspace()).get());
    // Its process was taken for dead, and charged by what was written down.
    assert_eq!(book.settle(request(1), workspace(), &told(8, 0)).total(), Amount::ZERO);
    for (credits, beyond, after) in [(10, 90, (-90, 10)), (10, 90, (-90, 10)), (5, 3, (-3, 15)), (5, 0, (0, 15))] {
        let moved = book.transfers().to_vec();
        tell_of_charges(&mut book, &moved);
        book.settle(request(1), workspace(), &told(credits, beyond));
        check(&book);
        assert_eq!(paid(&book), after);
        assert_eq!(book.overrun_of(request(1), workspace()).get(), -after.0);
    }
    let included = Settlement { funds: Funds::None, ..told(0, 90) };
    assert_eq!(book.settle(request(2), workspace(), &included).total(), Amount::ZERO);
}

#[test]
fn a_budget_is_brought_to_what_is_known_later() {
    let account = AccountId::Budget(workspace(), BudgetId::from_uuid(Uuid::from_u128(3)), NOW);
    let line = BudgetLine { account, ends_at: None, limit: Some(NanoUsd::new(100)) };
    let call = |n| HoldCall { amount: charge(0, 90), funds: Funds::None, budgets: vec![line], ..hold(n, 0) };
    let known = |usd| Settlement { charge: charge(0, usd), funds: Funds::None, ..Settlement::NOTHING };
    let counted = |book: &Book| book.accounts().find(|a| a.id == account).unwrap().counted().get();
    let mut book = book();
    assert_eq!(book.hold(&call(1)), Ok(()));
    book.settle(request(1), workspace(), &known(90));
    assert!(book.hold(&call(2)).is_err(), "used up");
    for usd in [7, 7, 30, 10] {
        // Its book is read anew, as by another process.
        let moved = book.transfers().to_vec();
        tell_of_charges(&mut book, &moved);
        book.settle(request(1), workspace(), &known(usd));
        check(&book);
        assert_eq!(counted(&book), usd);
    }
    assert_eq!(book.hold(&call(2)), Ok(()));
}

#[test]
fn what_is_included_is_counted_once() {
    let mut book = book();
    let included =
        |usd| Settlement { charge: charge(0, usd), funds: Funds::None, included: true, ..Settlement::NOTHING };
    for usd in [70, 70, 50] {
        book.settle(request(1), workspace(), &included(usd));
        check(&book);
        assert_eq!(balance_of(&book, AccountId::Used(workspace())), usd);
    }
}
