use super::*;
use proptest::prelude::*;

#[test]
fn reads_plain_decimals_only() {
    assert_eq!(PicoUsd::parse_usd("0.0000025"), Ok(PicoUsd::new(2_500_000)));
    assert_eq!(PicoUsd::parse_usd("-3"), Ok(PicoUsd::new(-3 * PICO_PER_USD)));
    for text in ["", ".", "1.", ".5", "1e3", "+1", "0.0000000000001", "NaN", "1_0", " 1", "٣"] {
        assert_eq!(PicoUsd::parse_usd(text), Err(BadAmount), "{text}");
    }
}

#[test]
fn credits_are_rounded_up_once() {
    let rate = CreditRate::parse("0.01", "1.2").unwrap();
    let credits = |usd: &str| rate.credits(PicoUsd::parse_usd(usd).unwrap()).unwrap().to_string();
    assert_eq!(credits("0"), "0");
    assert_eq!(credits("0.01"), "1.2");
    assert_eq!(credits("0.000000000001"), "0.000001");
    assert_eq!(credits("0.0000000125"), "0.000002");
    for (usd, markup) in [("0", "1"), ("0.01", "0"), ("-1", "1"), ("0.01", "-1"), ("1e3", "1"), ("0.01", "")] {
        assert!(CreditRate::parse(usd, markup).is_err(), "{usd} {markup}");
    }
    assert_eq!(rate.credits(PicoUsd::new(i128::MAX)), None);
}

#[test]
fn a_fixed_price_is_for_each_unit_of_a_cost() {
    let (each, list) = (CreditPrice::parse("0.0007").unwrap(), PicoUsd::parse_usd("0.000015").unwrap());
    let fixed = CreditRate::fixed(each, list).unwrap();
    for units in [0, 1, 3, 7_777] {
        let credits = fixed.credits(list.times(units).unwrap());
        assert_eq!(credits, each.times(units), "{units}");
        assert_eq!(fixed.covered(credits.unwrap()), list.times(units).unwrap());
    }
    let told = serde_json::to_string(&fixed).unwrap();
    assert_eq!(told, r#"{"credits_each":"0.0007","list_each_usd":"0.000015"}"#);
    assert_eq!(serde_json::from_str::<CreditRate>(&told).unwrap(), fixed);
    assert_eq!(fixed.marked_up(Markup::parse("2").unwrap()), fixed);
    for (each, list) in [("0", "1"), ("1", "0"), ("1", "-1")] {
        let (each, list) = (CreditPrice::parse(each).unwrap(), PicoUsd::parse_usd(list).unwrap());
        assert_eq!(CreditRate::fixed(each, list), Err(BadAmount));
    }
    let largest = CreditRate::fixed(each, PicoUsd::new(i128::MAX)).unwrap();
    assert_eq!((largest.credits(PicoUsd::new(1)), largest.covered(MicroCredits::new(1)).get()), (None, i128::MAX));
}

#[test]
fn a_price_is_rounded_up_once_for_all_that_was_used() {
    let price = |text: &str| CreditPrice::parse(text).unwrap();
    let credits = |text: &str, n| price(text).times(n).unwrap().to_string();
    assert_eq!(credits("0.0001", 12_345), "1.2345");
    assert_eq!(credits("0.000000000001", 1), "0.000001");
    assert_eq!(credits("0.0000004", 5), "0.000002");
    assert_eq!((credits("0", 9), credits("7", 0)), ("0".to_owned(), "0".to_owned()));
    assert_eq!(price("1").times(u64::MAX), None);
    assert_eq!(price("0.00010").to_string(), "0.0001");
    for text in ["-1", "", "1e3", "0.0000000000001"] {
        assert_eq!(CreditPrice::parse(text), Err(BadAmount), "{text}");
    }
}

#[test]
fn costs_are_rounded_up_to_what_budgets_count() {
    let nano = |pico| NanoUsd::of_cost(PicoUsd::new(pico)).map(NanoUsd::get);
    assert_eq!([nano(0), nano(1), nano(1_000), nano(1_001)], [Some(0), Some(1), Some(1), Some(2)]);
    assert_eq!(nano(i128::MAX), None);
    assert_eq!(NanoUsd::parse_usd("0.25").map(|usd| usd.to_string()), Ok("0.25".to_owned()));
    assert_eq!(NanoUsd::parse_usd("0.0000000001"), Err(BadAmount));
}

proptest! {
    #[test]
    fn credits_cover_what_they_pay_for_and_no_more(credits in 0i64..10_000_000_000, worth in 1u32..1_000_000, markup in 1u32..5_000_000) {
        let decimal = |millionths: u32| format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
        let rate = CreditRate::parse(&decimal(worth), &decimal(markup)).unwrap();
        let covered = rate.covered(MicroCredits::new(credits));
        prop_assert!(rate.credits(covered).unwrap() <= MicroCredits::new(credits));
        let told = serde_json::to_string(&rate).unwrap();
        prop_assert_eq!(serde_json::from_str::<CreditRate>(&told).unwrap(), rate);
        let more = covered.checked_add(PicoUsd::new(1)).unwrap();
        prop_assert!(rate.credits(more).unwrap() > MicroCredits::new(credits));
    }

    #[test]
    fn text_round_trips(pico in any::<i128>(), smaller in 1u32..127) {
        let amount = PicoUsd::new(pico >> smaller);
        prop_assert_eq!(PicoUsd::parse_usd(&amount.to_string()), Ok(amount));
    }
}
