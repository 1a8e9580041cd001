//! OpenAI's usage object of completions and embeddings. Its details are parts of the totals.

use ownkey_domain::usage::{Measured, TokenClass, Usage};

use crate::answer::Served;
use crate::json::Json;
use crate::unheard;

/// What the catalogue calls OpenAI's `default` tier. `scale` is capacity that the account has paid for in advance: what
/// a call uses of that has no list price but the standard one.
const STANDARD: &str = "standard";

/// Numbers of a usage object that are known here, by all names they have on the several paths.
const HEARD_OF: [&str; 14] = [
    "prompt_tokens",
    "completion_tokens",
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "text_tokens",
    "audio_tokens",
    "image_tokens",
    "accepted_prediction_tokens",
    "rejected_prediction_tokens",
    "seconds",
];

/// What a whole completion says, or the chunk of a stream that has the usage.
pub(super) fn answer(completion: &Json<'_>) -> Served {
    served(completion, tokens(&completion["usage"]))
}

/// What an answer says of itself, given its usage.
pub(super) fn served(answer: &Json<'_>, usage: Usage) -> Served {
    let text = |value: &Json<'_>| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Served {
        measured: if usage.is_empty() { Measured::Unknown } else { Measured::Measured },
        usage,
        model: text(&answer["model"]),
        service_tier: text(&answer["service_tier"]).map(|tier| match tier.as_str() {
            "default" | "scale" => STANDARD.to_owned(),
            _ => tier,
        }),
        response_id: text(&answer["id"]),
        has_unheard: unheard::has_any(&answer["usage"], &HEARD_OF),
        ..Served::unknown()
    }
}

/// Image tokens are not set apart: in chat they cost what text costs and are inside the total.
fn tokens(usage: &Json<'_>) -> Usage {
    let (prompt, completion) = (&usage["prompt_tokens_details"], &usage["completion_tokens_details"]);
    counts(&[
        (TokenClass::Input, &usage["prompt_tokens"]),
        (TokenClass::CacheRead, &prompt["cached_tokens"]),
        (TokenClass::CacheWrite, &prompt["cache_write_tokens"]),
        (TokenClass::AudioInput, &prompt["audio_tokens"]),
        (TokenClass::Output, &usage["completion_tokens"]),
        (TokenClass::Reasoning, &completion["reasoning_tokens"]),
        (TokenClass::AudioOutput, &completion["audio_tokens"]),
    ])
}

/// The classes that are told.
pub(super) fn counts(told: &[(TokenClass, &Json<'_>)]) -> Usage {
    let known = told.iter().filter_map(|(class, value)| Some((*class, value.as_u64()?)));
    known.fold(Usage::default(), |usage, (class, count)| usage.with(class, count))
}
