//! What managed calls to OpenAI may carry: what its SDK sends, as far as its price effect is known.

use crate::managed::{Look, Members, Terms, Words, not_priced, reference};

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
    look: LOOK,
};

/// Content that is tokens and nothing else.
const PARTS: [&str; 5] = ["text", "refusal", "image_url", "input_audio", "file"];

const LOOK: Members<'static> = &[
    ("messages", &Look::Each(&Look::Object(MESSAGE))),
    (
        "audio",
        &Look::Object(&[("voice", &Look::Object(&[("id", &Look::Nothing(|| reference("the member", "voice")))]))]),
    ),
    // Prompt and answer would lie in the operator's account, where no call could list or delete them.
    ("store", &Look::Nothing(|| not_priced("the member", "store"))),
];

const MESSAGE: Members<'static> = &[
    ("content", &Look::Each(&Look::Kind(Words { what: "the content part", known: &PARTS }, &[("file", &FILE)]))),
    ("audio", &Look::Object(&[("id", &Look::Nothing(|| reference("the member", "audio")))])),
];
static FILE: Look<'static> = Look::Object(&[("file_id", &Look::Nothing(|| reference("the member", "file_id")))]);
