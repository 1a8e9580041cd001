//! Makes up JSON.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::drive::Inputs;

/// JSON of these keys and leaves, both written as they stand there. Keys may stand twice.
pub fn json(keys: &'static [&'static str], leaves: &'static [&'static str]) -> Inputs {
    let leaf = select(leaves).prop_map(str::to_owned);
    let nested = leaf.prop_recursive(5, 32, 5, move |inner| {
        let member = (select(keys), inner.clone()).prop_map(|(key, value)| format!("{key}:{value}"));
        prop_oneof![
            1 => vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            3 => vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    });
    nested.prop_map(String::into_bytes).boxed()
}
