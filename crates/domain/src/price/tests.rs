use super::*;
use Accounting::{Disjoint, Nested};
use TokenClass::{AudioInput, CacheRead, CacheWrite, Input, Output};
use proptest::prelude::*;

fn rates(input: i128, output: i128) -> BTreeMap<String, Rates> {
    let rates = Rates::new([(Input, PicoUsd::new(input)), (Output, PicoUsd::new(output))]);
    BTreeMap::from([(STANDARD_TIER.to_owned(), rates)])
}

fn prices() -> Prices {
    let long_context = Some(LongContext { above_tokens: 100, tiers: rates(10, 50) });
    Prices { tiers: rates(2, 10), long_context, units: BTreeMap::new() }
}

#[test]
fn a_long_prompt_reprices_the_whole_call() {
    let usage = |input| Usage::default().with(Input, input).with(Output, 7);
    assert_eq!(prices().cost(&usage(100), Disjoint, STANDARD_TIER), Some(PicoUsd::new(270)));
    assert_eq!(prices().cost(&usage(101), Disjoint, STANDARD_TIER), Some(PicoUsd::new(1360)));
}

#[test]
fn what_has_no_price_has_no_cost() {
    let usage = Usage::default().with(Input, 1).with(Output, 1);
    assert_eq!(prices().cost(&usage.with(CacheWrite, 1), Disjoint, STANDARD_TIER), None);
    assert_eq!(prices().cost(&usage.with(CacheWrite, 0), Disjoint, STANDARD_TIER), Some(PicoUsd::new(12)));
    assert_eq!(prices().cost(&usage, Disjoint, "ultrafast"), None);
    assert_eq!(prices().cost(&Usage::default().with(Input, 1), Disjoint, STANDARD_TIER), None);
}

#[test]
fn a_cache_without_a_price_of_its_own_is_input() {
    let usage = Usage::default().with(Input, 50).with(CacheRead, 30).with(Output, 1);
    assert_eq!(prices().cost(&usage, Nested, STANDARD_TIER), Some(PicoUsd::new(110)));
    assert_eq!(prices().cost(&usage, Disjoint, STANDARD_TIER), Some(PicoUsd::new(170)));
    let lie = Usage::default().with(Input, 50).with(CacheRead, 51).with(Output, 1);
    assert_eq!(prices().cost(&lie, Nested, STANDARD_TIER), None);
}

#[test]
fn cached_audio_is_audio() {
    let rates = [(Input, 2), (Output, 10), (AudioInput, 40)].map(|(class, price)| (class, PicoUsd::new(price)));
    let tiers = BTreeMap::from([(STANDARD_TIER.to_owned(), Rates::new(rates))]);
    let prices = Prices { tiers, ..Prices::default() };
    // Of a hundred tokens eighty are audio and ninety were cached: most of them are both.
    let usage = Usage::default().with(Input, 100).with(AudioInput, 80).with(CacheRead, 90).with(Output, 1);
    assert_eq!(prices.cost(&usage, Nested, STANDARD_TIER), Some(PicoUsd::new(20 * 2 + 80 * 40 + 10)));
}

#[test]
fn the_dearest_tier_is_an_upper_bound() {
    let mut prices = prices();
    prices.tiers.extend(
        [("flex", 1, 5), ("fast", 4, 20)]
            .map(|(tier, input, output)| (tier.to_owned(), rates(input, output)[STANDARD_TIER].clone())),
    );
    let usage = |input| Usage::default().with(Input, input).with(Output, 7);
    assert_eq!(prices.dearest_cost(&usage(100), Disjoint), Some(PicoUsd::new(540)));
    assert_eq!(prices.dearest_cost(&usage(101), Disjoint), Some(PicoUsd::new(1360)));
    assert!(prices.has_tier(STANDARD_TIER) && !prices.has_tier("fast"));
}

#[test]
fn other_units_than_tokens_have_their_own_price() {
    let units = [(Unit::InputSecond, 7), (Unit::WebSearch, 1_000)].map(|(unit, price)| (unit, PicoUsd::new(price)));
    let prices = Prices { units: units.into(), ..prices() };
    let seconds = Usage::default().with_unit(Unit::InputSecond, 3);
    assert_eq!(prices.cost(&seconds, Nested, STANDARD_TIER), Some(PicoUsd::new(21)));
    assert_eq!(prices.dearest_cost(&seconds, Nested), Some(PicoUsd::new(21)));
    let searched = Usage::default().with(Input, 5).with(Output, 1).with_unit(Unit::WebSearch, 2);
    assert_eq!(prices.cost(&searched, Nested, STANDARD_TIER), Some(PicoUsd::new(5 * 2 + 10 + 2_000)));
    // A fee says nothing of the tokens.
    assert_eq!(prices.cost(&Usage::default().with_unit(Unit::WebSearch, 2), Nested, STANDARD_TIER), None);
    assert_eq!(prices.cost(&searched.with_unit(Unit::FileSearch, 1), Nested, STANDARD_TIER), None);
    assert!(prices.cost(&searched.with_unit(Unit::FileSearch, 0), Nested, STANDARD_TIER).is_some());
    assert_eq!(prices.by_unit(), None);
    let by_second = Prices { tiers: BTreeMap::new(), long_context: None, ..prices };
    assert_eq!(by_second.by_unit(), Some(Unit::InputSecond));
    assert!(by_second.are_known() && !by_second.by_token());
    assert_eq!(by_second.cost(&Usage::default().with_unit(Unit::InputCharacter, 3), Nested, STANDARD_TIER), None);
}

#[test]
fn images_without_a_price_of_their_own_are_output() {
    let usage = Usage::default().with(Input, 5).with(Output, 60).with(TokenClass::ImageOutput, 50);
    assert_eq!(prices().cost(&usage, Nested, STANDARD_TIER), Some(PicoUsd::new(10 + 600)));
    let mut prices = prices();
    let rates =
        [(Input, 2), (Output, 10), (TokenClass::ImageOutput, 40)].map(|(class, price)| (class, PicoUsd::new(price)));
    prices.tiers = BTreeMap::from([(STANDARD_TIER.to_owned(), Rates::new(rates))]);
    assert_eq!(prices.cost(&usage, Nested, STANDARD_TIER), Some(PicoUsd::new(10 + 100 + 2_000)));
}

#[test]
fn what_costs_nothing_need_not_be_told() {
    let prices = |input, output| Prices { tiers: rates(input, output), ..Prices::default() };
    assert_eq!(prices(3, 0).cost(&Usage::default().with(Input, 5), Disjoint, STANDARD_TIER), Some(PicoUsd::new(15)));
    assert_eq!(prices(3, 0).cost(&Usage::default(), Disjoint, STANDARD_TIER), None);
    assert_eq!(prices(0, 0).cost(&Usage::default(), Disjoint, STANDARD_TIER), Some(PicoUsd::ZERO));
    assert_eq!(Prices::default().cost(&Usage::default(), Disjoint, STANDARD_TIER), None);
}

/// Few enough that all sums fit, and now and then more than their whole.
fn count() -> impl Strategy<Value = Option<u64>> {
    prop::option::of(prop_oneof![Just(0), 1..300u64, any::<u32>().prop_map(u64::from)])
}

/// The same as [`Prices::cost`], class by class in whole numbers and without its tables.
fn plain_cost(told: &[Option<u64>; 8], price: &[Option<i128>; 8], nested: bool, fee: i128) -> Option<i128> {
    let [input, output, cached, written, audio, heard, drawn, searches] = *told;
    let n = |count: Option<u64>| i128::from(count.unwrap_or(0));
    let charged = |count: i128, price: Option<i128>| if count == 0 { Some(0) } else { Some(count * price?) };
    let is_told = |count: Option<u64>, price: Option<i128>| count.is_some() || price == Some(0);
    if !is_told(input, price[0]) || !is_told(output, price[1]) {
        return None;
    }
    let (mut text, mut made) = (n(input), n(output));
    let (mut cached, mut drawn) = (n(cached), n(drawn));
    for (part, whole, price) in [(&mut cached, &mut text, price[2]), (&mut drawn, &mut made, price[6])] {
        if price.is_none() && !nested {
            *whole += std::mem::take(part);
        } else if price.is_none() && *part <= *whole {
            *part = 0;
        }
    }
    if nested {
        text -= cached + n(written) + n(audio);
        made -= n(heard) + drawn;
    }
    // Nothing can be less than nothing, and what was not told has no parts.
    let is_sound = !nested || (text >= 0 || input.is_none()) && (made >= 0 || output.is_none());
    if !is_sound {
        return None;
    }
    let parts = [(text.max(0), 0), (made.max(0), 1), (cached, 2), (n(written), 3), (n(audio), 4), (n(heard), 5)];
    let parts = parts.into_iter().chain([(drawn, 6)]);
    let tokens: Option<i128> = parts.map(|(count, at)| charged(count, price[at])).sum();
    Some(tokens? + n(searches) * fee)
}

#[test]
fn parts_are_those_of_the_tier_that_comes_to_the_cost() {
    let mut prices = prices();
    prices.tiers.insert("fast".to_owned(), rates(4, 20)[STANDARD_TIER].clone());
    let usage = Usage::default().with(Input, 100).with(Output, 7);
    let each = |cost| prices.items(&usage, Disjoint, PicoUsd::new(cost)).map(|items| items[0].each.get());
    assert_eq!((each(270), each(540), each(271)), (Some(2), Some(4), None));
    let long = prices.items(&usage.with(Input, 101), Disjoint, PicoUsd::new(1360)).unwrap();
    assert_eq!(long.iter().map(|item| item.amount.get()).collect::<Vec<_>>(), [1010, 350]);
}

proptest! {
    #[test]
    fn cost_is_what_a_plain_sum_in_whole_numbers_comes_to(
        told in prop::array::uniform8(count()),
        price in prop::array::uniform8(prop::option::of(prop_oneof![Just(0i128), 1..1_000_000_000i128])),
        nested in any::<bool>(), fee in 1..1_000_000_000_000i128,
    ) {
        let classes = [Input, Output, CacheRead, CacheWrite, AudioInput, TokenClass::AudioOutput, TokenClass::ImageOutput];
        let rates = classes.iter().zip(price).filter_map(|(class, price)| Some((*class, PicoUsd::new(price?))));
        let mut usage = Usage::default();
        for (class, count) in classes.iter().zip(told) {
            usage = count.map_or(usage, |count| usage.with(*class, count));
        }
        usage = told[7].map_or(usage, |count| usage.with_unit(Unit::WebSearch, count));
        let prices = Prices {
            tiers: BTreeMap::from([(STANDARD_TIER.to_owned(), Rates::new(rates))]),
            long_context: None,
            units: BTreeMap::from([(Unit::WebSearch, PicoUsd::new(fee))]),
        };
        let accounting = if nested { Nested } else { Disjoint };
        let expected = plain_cost(&told, &price, nested, fee).map(PicoUsd::new);
        prop_assert_eq!(prices.cost(&usage, accounting, STANDARD_TIER), expected);
        let Some(cost) = expected else { return Ok(()) };
        let items = prices.items(&usage, accounting, cost).unwrap();
        prop_assert!(items.iter().all(|item| item.count > 0 && item.each.times(item.count) == Some(item.amount)));
        prop_assert_eq!(items.iter().map(|item| item.amount.get()).sum::<i128>(), cost.get());
    }

    #[test]
    fn cost_is_the_sum_of_its_parts(input in 0u64..100, output in any::<u64>()) {
        let usage = Usage::default().with(Input, input).with(Output, output);
        let expected = i128::from(input) * 2 + i128::from(output) * 10;
        prop_assert_eq!(prices().cost(&usage, Disjoint, STANDARD_TIER), Some(PicoUsd::new(expected)));
    }
}
