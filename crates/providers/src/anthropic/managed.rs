//! What managed calls to Anthropic may carry: what its SDK and Claude Code send, as far as its price effect is known.

use crate::managed::{Headers, Look, Members, Terms, Words, not_priced, reference};

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
    // Where inference runs may be set in the account.
    tiers: &[("auto", &["standard", "us"]), ("standard_only", &["standard", "us"])],
    needs: &[],
    query: &[],
    look: LOOK,
    tells: &[],
    by_unit: &[],
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

const BETA_HEADER: &str = "anthropic-beta";

pub(super) const HEADERS: Headers =
    Headers { names: &["anthropic-version", BETA_HEADER], beta: Some(BETA_HEADER), betas: BETAS };

const BETAS: &[&str] = &[
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
const BLOCKS: [&str; 15] = [
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
    "tool_search_tool_search_result",
    "tool_search_tool_result_error",
    "mid_conv_system",
    "tool_addition",
];
/// Where content comes from. A file has a `file_id`, which is refused as the reference that it is.
const SOURCES: [&str; 5] = ["base64", "url", "text", "content", "file"];
/// Edits of the context that cost nothing. Compaction asks a model once more, outside the usage of the answer.
const CONTEXT_EDITS: [&str; 2] = ["clear_tool_uses_20250919", "clear_thinking_20251015"];

const LOOK: Members<'static> = &[
    // What runs in it has a fee.
    ("container", &Look::Nothing(|| not_priced("the member", "container"))),
    ("mcp_servers", &Look::Nothing(|| not_priced("the member", "mcp_servers"))),
    ("speed", &Look::Word(Words { what: "the `speed`", known: &["standard"] })),
    ("inference_geo", &Look::Word(Words { what: "the `inference_geo`", known: &["global"] })),
    ("context_management", &Look::Object(&[("edits", &Look::Each(&CONTEXT_EDIT))])),
    ("messages", &Look::Each(&Look::Object(&[("content", &CONTENT)]))),
    ("system", &CONTENT),
];

static CONTEXT_EDIT: Look<'static> = Look::Kind(Words { what: "the context edit", known: &CONTEXT_EDITS }, &[]);

/// Content is text, or blocks that may have content of their own. What a tool was given is the caller's own text.
static CONTENT: Look<'static> = Look::Each(&BLOCK);
static BLOCK: Look<'static> =
    Look::Kind(Words { what: "the content block", known: &BLOCKS }, &[("source", &SOURCE), ("content", &CONTENT)]);
static SOURCE: Look<'static> = Look::Object(&[
    ("type", &Look::Word(Words { what: "the source", known: &SOURCES })),
    ("file_id", &Look::Nothing(|| reference("the member", "file_id"))),
    ("content", &CONTENT),
]);
