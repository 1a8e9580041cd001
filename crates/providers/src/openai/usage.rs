//! OpenAI's usage object of completions and embeddings. Its details are parts of the totals.

use ownkey_domain::usage::{Measured, TokenClass, Usage};
use serde_json::Value;

use crate::answer::{Billing, Served};

/// What the catalogue calls OpenAI's `default` tier.
const STANDARD: &str = "standard";

/// What a whole completion says, or the chunk of a stream that has the usage.
pub(super) fn answer(completion: &Value) -> Served {
    let usage = tokens(&completion["usage"]);
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Served {
        measured: if usage.is_empty() { Measured::Unknown } else { Measured::Measured },
        usage,
        billing: Billing::ByTokens,
        model: text(&completion["model"]),
        service_tier: text(&completion["service_tier"]).map(|tier| match tier.as_str() {
            "default" => STANDARD.to_owned(),
            _ => tier,
        }),
        response_id: text(&completion["id"]),
    }
}

/// Image tokens are not set apart: in chat they cost what text costs and are inside the total.
fn tokens(usage: &Value) -> Usage {
    let (prompt, completion) = (&usage["prompt_tokens_details"], &usage["completion_tokens_details"]);
    let mut tokens = Usage::default();
    for (class, value) in [
        (TokenClass::Input, &usage["prompt_tokens"]),
        (TokenClass::CacheRead, &prompt["cached_tokens"]),
        (TokenClass::CacheWrite, &prompt["cache_write_tokens"]),
        (TokenClass::AudioInput, &prompt["audio_tokens"]),
        (TokenClass::Output, &usage["completion_tokens"]),
        (TokenClass::Reasoning, &completion["reasoning_tokens"]),
        (TokenClass::AudioOutput, &completion["audio_tokens"]),
    ] {
        if let Some(count) = value.as_u64() {
            tokens.set(class, count);
        }
    }
    tokens
}
