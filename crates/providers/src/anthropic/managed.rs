//! What managed calls to Anthropic may carry: what its SDK and Claude Code send, as far as its price effect is known.

use serde_json::Value;

use crate::managed::{Objection, Terms, items, not_priced, reference};

/// `POST /v1/messages`.
pub(super) static MESSAGES: Terms = MESSAGES_TERMS;

const MESSAGES_TERMS: Terms = Terms {
    members: &[
        "model",
        "messages",
        "max_tokens",
        "system",
        "stop_sequences",
        "stream",
        "temperature",
        "top_k",
        "top_p",
        "metadata",
        "tools",
        "tool_choice",
        "thinking",
        "service_tier",
        "output_config",
        "output_format",
        "context_management",
        "cache_control",
        "container",
        "inference_geo",
        "mcp_servers",
        "speed",
    ],
    // Those that run at the caller's. What runs at the provider's has fees of its own.
    tools: &[
        "custom",
        "bash_20241022",
        "bash_20250124",
        "text_editor_20241022",
        "text_editor_20250124",
        "text_editor_20250429",
        "text_editor_20250728",
        "computer_20241022",
        "computer_20250124",
        "computer_20251124",
        "memory_20250818",
        "tool_search_tool_regex",
        "tool_search_tool_regex_20251119",
        "tool_search_tool_bm25",
        "tool_search_tool_bm25_20251119",
    ],
    tiers: &[("auto", "standard"), ("standard_only", "standard")],
    needs: &[],
    look,
};

/// `POST /v1/messages/count_tokens`: it costs nothing, whatever is counted. What names an object is out of reach here too.
pub(super) static COUNT_TOKENS: Terms = Terms {
    members: &[
        "model",
        "messages",
        "system",
        "tools",
        "tool_choice",
        "thinking",
        "output_config",
        "output_format",
        "context_management",
        "cache_control",
        "mcp_servers",
        "speed",
    ],
    ..MESSAGES_TERMS
};

pub(super) const BETAS: &[&str] = &[
    "advanced-tool-use-2025-11-20",
    "claude-code-20250219",
    "computer-use-2024-10-22",
    "computer-use-2025-01-24",
    "computer-use-2025-11-24",
    // Its only effect on prices is the long-context tier, which the catalogue has.
    "context-1m-2025-08-07",
    "context-management-2025-06-27",
    "dev-full-thinking-2025-05-14",
    "effort-2025-11-24",
    "extended-cache-ttl-2025-04-11",
    "fine-grained-tool-streaming-2025-05-14",
    "interleaved-thinking-2025-05-14",
    "model-context-window-exceeded-2025-08-26",
    "output-128k-2025-02-19",
    "output-300k-2026-03-24",
    "pdfs-2024-09-25",
    "prompt-caching-2024-07-31",
    "structured-outputs-2025-11-13",
    "thinking-token-count-2026-05-13",
    "token-counting-2024-11-01",
    "token-efficient-tools-2025-02-19",
    "tool-search-tool-2025-10-19",
];

/// Content that is tokens and nothing else.
const BLOCKS: [&str; 13] = [
    "text",
    "image",
    "document",
    "search_result",
    "thinking",
    "redacted_thinking",
    "tool_use",
    "tool_result",
    "tool_reference",
    "server_tool_use",
    "tool_search_tool_result",
    "mid_conv_system",
    "tool_addition",
];
/// Edits of the context that cost nothing. Compaction asks a model once more, outside the usage of the answer.
const CONTEXT_EDITS: [&str; 2] = ["clear_tool_uses_20250919", "clear_thinking_20251015"];

fn look(member: &str, value: &Value) -> Result<(), Objection> {
    match (member, value) {
        (_, Value::Null) => Ok(()),
        ("container", _) => Err(reference("the member", "container")),
        ("mcp_servers", Value::Array(servers)) if servers.is_empty() => Ok(()),
        ("mcp_servers", _) => Err(not_priced("the member", "mcp_servers")),
        ("speed", value) if value != "standard" => Err(not_priced("the member", "speed")),
        ("inference_geo", value) if value != "global" => Err(not_priced("the member", "inference_geo")),
        ("context_management", value) => {
            items(value.get("edits")).iter().try_for_each(|edit| kind_is_in(edit, &CONTEXT_EDITS, "the context edit"))
        }
        ("messages", value) => items(Some(value)).iter().try_for_each(|message| blocks(message.get("content"))),
        ("system", value) => blocks(Some(value)),
        _ => Ok(()),
    }
}

/// Content is text, or blocks that may have content of their own. What a tool was given is the caller's own text.
fn blocks(content: Option<&Value>) -> Result<(), Objection> {
    for block in items(content) {
        kind_is_in(block, &BLOCKS, "the content block")?;
        let source = block.get("source");
        if source.and_then(|source| source.get("type")).is_some_and(|kind| kind == "file") {
            return Err(reference("the source", "file"));
        }
        blocks(source.and_then(|source| source.get("content")))?;
        blocks(block.get("content"))?;
    }
    Ok(())
}

fn kind_is_in(value: &Value, known: &[&str], what: &str) -> Result<(), Objection> {
    let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
    if known.contains(&kind) { Ok(()) } else { Err(not_priced(what, kind)) }
}
