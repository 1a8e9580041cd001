//! What managed calls to OpenAI may carry: what its SDK sends, as far as its price effect is known.

use serde_json::Value;

use crate::managed::{Objection, Terms, items, not_priced, reference};

/// `POST /v1/chat/completions`.
pub(super) static CHAT: Terms = Terms {
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
    look,
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
const PLAIN: Terms = Terms { members: &[], tools: &[], tiers: &[], look: |_, _| Ok(()) };

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
