//! What managed calls to OpenAI may carry: what its SDK sends, as far as its price effect is known.

use serde_json::Value;

use crate::managed::{Objection, Terms, items, not_priced, reference};

/// `POST /v1/chat/completions`.
pub(super) static CHAT: Terms = CHAT_TERMS;

const CHAT_TERMS: Terms = Terms {
    members: &[
        "model",
        "messages",
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "metadata",
        "modalities",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
    ],
    tools: &["function", "custom"],
    tiers: &[
        ("auto", "standard"),
        ("default", "standard"),
        ("flex", "flex"),
        ("priority", "priority"),
        // An answer to it says `priority`.
        ("fast", "priority"),
    ],
    needs: &[],
    look,
};

/// `POST /v1/responses`.
pub(super) static RESPONSES: Terms = RESPONSES_TERMS;

const RESPONSES_TERMS: Terms = Terms {
    members: &[
        "model",
        "input",
        "background",
        "conversation",
        "include",
        "instructions",
        "max_output_tokens",
        "max_tool_calls",
        "metadata",
        "parallel_tool_calls",
        "previous_response_id",
        "prompt",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning",
        "safety_identifier",
        "service_tier",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "truncation",
        "user",
    ],
    // Those that run at the caller's.
    tools: &["function", "custom", "local_shell", "apply_patch", "computer", "computer_use_preview"],
    look: look_at_response,
    ..CHAT_TERMS
};

/// `POST /v1/responses/input_tokens`.
pub(super) static INPUT_TOKENS: Terms = Terms {
    members: &[
        "model",
        "input",
        "conversation",
        "instructions",
        "parallel_tool_calls",
        "previous_response_id",
        "reasoning",
        "text",
        "tool_choice",
        "tools",
        "truncation",
    ],
    ..RESPONSES_TERMS
};

/// `POST /v1/completions`.
pub(super) static COMPLETIONS: Terms = Terms {
    members: &[
        "model",
        "prompt",
        "best_of",
        "echo",
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "max_tokens",
        "n",
        "presence_penalty",
        "seed",
        "stop",
        "stream",
        "stream_options",
        "suffix",
        "temperature",
        "top_p",
        "user",
    ],
    ..PLAIN
};

/// `POST /v1/embeddings`.
pub(super) static EMBEDDINGS: Terms =
    Terms { members: &["model", "input", "encoding_format", "dimensions", "user"], ..PLAIN };

/// `POST /v1/moderations`.
pub(super) static MODERATIONS: Terms = Terms { members: &["model", "input"], ..PLAIN };

/// Without tools, tiers and values that matter.
pub(super) const PLAIN: Terms = Terms { members: &[], tools: &[], tiers: &[], needs: &[], look: |_, _| Ok(()) };

/// Content that is tokens and nothing else.
const PARTS: [&str; 5] = ["text", "refusal", "image_url", "input_audio", "file"];

fn look(member: &str, value: &Value) -> Result<(), Objection> {
    match member {
        "messages" => items(Some(value)).iter().try_for_each(message),
        "audio" if value.get("voice").is_some_and(Value::is_object) => Err(reference("the member", "voice")),
        _ => Ok(()),
    }
}

fn message(message: &Value) -> Result<(), Objection> {
    if message.get("audio").is_some_and(|audio| audio.get("id").is_some()) {
        return Err(reference("the member", "audio"));
    }
    for part in items(message.get("content")) {
        let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
        if !PARTS.contains(&kind) {
            return Err(not_priced("the content part", kind));
        }
        if part.get("file").is_some_and(|file| file.get("file_id").is_some_and(|id| !id.is_null())) {
            return Err(reference("the member", "file_id"));
        }
    }
    Ok(())
}

/// Items of an input that are tokens and nothing else. An item without a type is a message, or a reference by its id.
const ITEMS: [&str; 16] = [
    "message",
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "local_shell_call",
    "local_shell_call_output",
    "apply_patch_call",
    "apply_patch_call_output",
    "computer_call",
    "computer_call_output",
    "compaction",
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
];
const INPUT_PARTS: [&str; 5] = ["input_text", "input_image", "input_file", "output_text", "refusal"];
/// Members that name what lies in the provider's account.
const REFERENCES: [&str; 3] = ["previous_response_id", "conversation", "prompt"];

fn look_at_response(member: &str, value: &Value) -> Result<(), Objection> {
    match (member, value) {
        (_, Value::Null) => Ok(()),
        // It goes on after its answer, where nobody counts.
        ("background", value) if value != false => Err(not_priced("the member", member)),
        (member, _) if REFERENCES.contains(&member) => Err(reference("the member", member)),
        ("input", value) => items(Some(value)).iter().try_for_each(item),
        _ => Ok(()),
    }
}

fn item(item: &Value) -> Result<(), Objection> {
    match item.get("type").and_then(Value::as_str) {
        Some("item_reference") => return Err(reference("the item", "item_reference")),
        None if item.get("role").is_none() => return Err(reference("the item", "item_reference")),
        None => {}
        Some(kind) if ITEMS.contains(&kind) => {}
        Some(kind) => return Err(not_priced("the item", kind)),
    }
    for parts in ["content", "output"] {
        items(item.get(parts)).iter().try_for_each(|part| input_part(part, item))?;
    }
    item.get("output").map_or(Ok(()), no_file)
}

fn input_part(part: &Value, of: &Value) -> Result<(), Objection> {
    let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
    // The text of a thought that comes back, and what a local program printed.
    let is_own = ["reasoning", "local_shell_call_output"].iter().any(|known| of["type"] == *known);
    if !INPUT_PARTS.contains(&kind) && !is_own {
        return Err(not_priced("the content part", kind));
    }
    no_file(part)
}

fn no_file(part: &Value) -> Result<(), Objection> {
    if part.get("file_id").is_some_and(|id| !id.is_null()) {
        return Err(reference("the member", "file_id"));
    }
    Ok(())
}
