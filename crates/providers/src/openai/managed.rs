//! What managed calls to OpenAI may carry: what its SDK sends, as far as its price effect is known.

use crate::managed::{CALLERS_TOOLS, Headers, Look, Members, Terms, Words, kept, not_priced, reference};

pub(super) const HEADERS: Headers = Headers { names: &[], beta: None, betas: &[] };

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
        // What it stands for is set in the account, and may be the dearer one.
        ("auto", &["standard", "priority"]),
        ("default", &["standard"]),
        ("flex", &["flex"]),
        // Who asks for more than there is gets the usual.
        ("priority", &["priority", "standard"]),
        // An answer to it says `priority`.
        ("fast", &["priority", "standard"]),
    ],
    needs: &[],
    look: CHAT_LOOK,
    tells: &[],
    by_unit: &[],
    query: &[],
};

/// `POST /v1/responses`.
pub(super) static RESPONSES: Terms = RESPONSES_TERMS;

const RESPONSES_TERMS: Terms = Terms {
    members: &[
        "model",
        "input",
        "background",
        // What Codex says of itself.
        "client_metadata",
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
    // Those that run at the caller's, and what finds one of them: that is tokens.
    tools: &[
        "function",
        "custom",
        "namespace",
        "tool_search",
        "local_shell",
        "apply_patch",
        "computer",
        "computer_use_preview",
    ],
    look: RESPONSE_LOOK,
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

/// Calls about a response, whose workspace is looked at apart.
pub(super) static BY_ID: Terms = Terms {
    query: &["include", "include[]", "include_obfuscation", "starting_after", "stream", "after", "limit", "order"],
    ..PLAIN
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
pub(super) const PLAIN: Terms =
    Terms { members: &[], tools: &[], tiers: &[], needs: &[], look: &[], tells: &[], query: &[], by_unit: &[] };

/// A file of the operator's account.
const FILE_ID: (&str, &Look<'static>) = ("file_id", &Look::Nothing(|| reference("the member", "file_id")));
/// A completion would lie in the operator's account, where no call could list or delete it. A response can be.
const STORE: (&str, &Look<'static>) = ("store", &Look::Nothing(|| kept("the member", "store")));
/// A voice is a word, or one that somebody made.
pub(super) static VOICE: Look<'static> = Look::Object(&[("id", &Look::Nothing(|| reference("the member", "voice")))]);

/// Content that is tokens and nothing else.
const PARTS: [&str; 5] = ["text", "refusal", "image_url", "input_audio", "file"];

const CHAT_LOOK: Members<'static> =
    &[("messages", &Look::Each(&Look::Object(MESSAGE))), ("audio", &Look::Object(&[("voice", &VOICE)])), STORE];
const MESSAGE: Members<'static> = &[
    ("content", &Look::Each(&Look::Kind(Words { what: "the content part", known: &PARTS }, &[("file", &FILE)]))),
    ("audio", &Look::Object(&[("id", &Look::Nothing(|| reference("the member", "audio")))])),
];
pub(super) static FILE: Look<'static> = Look::Object(&[FILE_ID]);

/// Items of an input that are tokens and nothing else. None of them is a reference to what lies in an account.
const ITEMS: [&str; 18] = [
    "message",
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "tool_search_call",
    "tool_search_output",
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
/// The same of what items consist of, thoughts that come back and pictures of the caller's screen among them.
const INPUT_PARTS: [&str; 8] = [
    "input_text",
    "input_image",
    "input_file",
    "output_text",
    "refusal",
    "reasoning_text",
    "summary_text",
    "computer_screenshot",
];

const RESPONSE_LOOK: Members<'static> = &[
    ("input", &Look::Each(&ITEM)),
    // It goes on after its answer, where nobody counts.
    ("background", &Look::Nothing(|| kept("the member", "background"))),
    ("conversation", &Look::Nothing(|| reference("the member", "conversation"))),
    // It may bring tools as well as text.
    ("prompt", &Look::Nothing(|| not_priced("the member", "prompt"))),
];
static ITEM: Look<'static> = Look::Item(
    Words { what: "the item", known: &ITEMS },
    &[("content", &Look::Each(&INPUT_PART)), ("output", &Look::Each(&INPUT_PART)), ("tools", &FOUND_TOOLS)],
);
/// Tools that a search has found, as they could stand beside the input.
static FOUND_TOOLS: Look<'static> = Look::Each(&Look::Object(&[
    ("type", &Look::Word(Words { what: "the tool", known: &["function", "custom", "namespace"] })),
    ("tools", &CALLERS_TOOLS),
]));
static INPUT_PART: Look<'static> = Look::Kind(Words { what: "the content part", known: &INPUT_PARTS }, &[FILE_ID]);
