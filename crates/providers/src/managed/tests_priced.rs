//! What managed calls may bring, the readers of answers can price: a hold for what has no price would be charged whole.

use serde_json::{Value, json};

use super::Look;
use crate::answer::{AnswerMeter, Billing};
use crate::paths::post;
use crate::route::Route;

fn billing(route: &'static Route, answer: &Value) -> Billing {
    let mut meter = AnswerMeter::new(route);
    meter.feed(answer.to_string().as_bytes());
    meter.finish().billing
}

/// What a tool leaves in the output of a response.
fn items_of(tool: &str) -> &'static [&'static str] {
    match tool {
        "function" | "namespace" => &["function_call"],
        "custom" => &["custom_tool_call"],
        "tool_search" => &["tool_search_call", "tool_search_output"],
        "local_shell" => &["local_shell_call"],
        "apply_patch" => &["apply_patch_call"],
        "computer" | "computer_use_preview" => &["computer_call"],
        other => panic!("what `{other}` leaves in an output must be said here"),
    }
}

#[test]
fn whatever_managed_calls_may_bring_has_a_price_in_the_answer() {
    let responses = post("/v1/responses").unwrap();
    let terms = responses.managed.unwrap();
    let Some((_, Look::Each(Look::Item(items, _)))) = terms.look.iter().find(|(name, _)| *name == "input") else {
        panic!("no items");
    };
    // What tools of other calls have made comes back, and no such tool comes with it.
    let of_tools_with_fees = ["web_search_call", "file_search_call", "code_interpreter_call"];
    let brought = items.known.iter().filter(|item| !of_tools_with_fees.contains(item));
    let made = terms.tools.iter().flat_map(|tool| items_of(tool));
    for item in brought.chain(made) {
        assert!(items.known.contains(item), "{item} can't come back");
        let answer = json!({"output": [{"type": item}], "tools": terms.tools, "usage": {"input_tokens": 1}});
        assert_eq!(billing(responses, &answer), Billing::ByUsage, "{item}");
    }

    let messages = post("/v1/messages").unwrap();
    for tool in messages.managed.unwrap().tools {
        // Only what runs at the provider's is counted there.
        let counted = if tool.starts_with("tool_search_tool") { json!({"tool_search_requests": 2}) } else { json!({}) };
        let usage = json!({"input_tokens": 1, "output_tokens": 1, "server_tool_use": counted});
        assert_eq!(billing(messages, &json!({"usage": usage})), Billing::ByUsage, "{tool}");
    }
}
