//! What managed calls to OpenAI may carry: what its SDK sends, as far as its price effect is known.

use serde_json::Value;

use crate::managed::{Objection, Terms, items, not_priced, reference};

pub(super) const TERMS: Terms = Terms {
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
    headers: &[],
    beta_header: None,
    betas: &[],
    look,
};

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
