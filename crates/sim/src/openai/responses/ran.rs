//! What tools that run at the provider did for a response: items of its output, and the fee for some of them.

use serde_json::{Value, json};

use super::prompt::is;

/// What a search of the web costs: 10 USD a thousand. Pages that are opened or looked through cost their tokens.
const SEARCH_FEE: u64 = 10_000_000_000;

/// The items, if the word "search" stands in what was asked.
pub fn items(body: &Value, asked: &str, tail: &str) -> Vec<Value> {
    let said = asked.to_lowercase();
    let tools = body.get("tools").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if !said.contains("search") {
        return Vec::new();
    }
    let mut items = Vec::new();
    if tools.iter().any(|tool| is(tool, "web_search")) {
        items.extend(of_the_web(said.contains("pages"), tail));
    }
    let is_hosted = |tool: &Value| is(tool, "tool_search") && tool.get("execution") != Some(&json!("client"));
    if tools.iter().any(is_hosted) {
        items.extend(of_tools(tools, tail));
    }
    items
}

/// What they cost beside their tokens.
pub fn fee(items: &[Value]) -> u64 {
    let searches = items.iter().filter(|item| item.pointer("/action/type") == Some(&json!("search")));
    searches.map(|_| SEARCH_FEE).sum()
}

/// One search, and the pages that were opened and looked through after it.
fn of_the_web(with_pages: bool, tail: &str) -> Vec<Value> {
    let page = "https://example.com/";
    let actions = [
        json!({"type": "search", "query": "simulated"}),
        json!({"type": "open_page", "url": page}),
        json!({"type": "find_in_page", "url": page, "pattern": "search"}),
    ];
    let done = actions.into_iter().take(if with_pages { 3 } else { 1 }).enumerate();
    let call = |(at, action): (usize, Value)| {
        let id = format!("ws_{tail}{at}");
        json!({"type": "web_search_call", "id": id, "status": "completed", "action": action})
    };
    done.map(call).collect()
}

/// The tools that were left for later, found.
fn of_tools(tools: &[Value], tail: &str) -> [Value; 2] {
    let later = |tool: &&Value| tool.get("defer_loading") == Some(&json!(true));
    let found: Vec<_> = tools.iter().filter(later).collect();
    let item = |kind: &str, id: &str, member: &str, value: Value| {
        json!({
            "type": kind, "id": format!("{id}_{tail}"), "call_id": null, "execution": "server", "status": "completed",
            member: value,
        })
    };
    [
        item("tool_search_call", "tsc", "arguments", json!({"query": "simulated"})),
        item("tool_search_output", "tso", "tools", json!(found)),
    ]
}
