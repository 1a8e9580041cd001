//! Anthropic: the Messages API.

mod errors;
mod iterations;
mod managed;
mod routes;
mod stream;
mod usage;

use ownkey_domain::provider::Provider;
use ownkey_domain::usage::Accounting;
use ownkey_domain::verdict::Guide;

use crate::key::KeyFormat;
use crate::registry::Facts;

pub(crate) static FACTS: Facts = Facts {
    provider: Provider::Anthropic,
    base_url: "https://api.anthropic.com",
    credential_header: "x-api-key",
    credential_prefix: "",
    own_headers: &[("anthropic-version", "2023-06-01")],
    accounting: Accounting::Disjoint,
    guide: Guide {
        title: "Anthropic",
        key_prefixes: "sk-ant-",
        keys_url: "https://console.anthropic.com/settings/keys",
        billing_url: "https://platform.claude.com/settings/billing",
        limits_url: "https://platform.claude.com/settings/limits",
        status_url: "https://status.claude.com",
        steps: &[
            "Sign in at console.anthropic.com.",
            "Open API Keys in the left sidebar.",
            "Choose Create Key and name it.",
            "Copy the key; it is shown only once.",
        ],
    },
    base_has: "",
    keys: KeyFormat {
        prefixes: &["sk-ant-api03-", "sk-ant-"],
        infix: None,
        wrong_kinds: &[
            ("sk-ant-admin", "an admin key"),
            ("sk-ant-api01-", "an admin key"),
            ("sk-ant-oat", "a login token"),
            ("sk-ant-ort", "a login token"),
            ("sk-ant-sid", "a login token"),
            ("sk-ant-si-", "a session token"),
            ("sk-ant-cc-", "a Claude Code credential"),
        ],
    },
    managed_headers: managed::HEADERS,
    routes: routes::ROUTES,
    models_path: "/v1/models?limit=1000",
    ping,
    classify: errors::classify,
};

fn ping(model: &str) -> (&'static str, String) {
    let body = serde_json::json!({
        "model": model,
        "max_tokens": crate::probe::OUTPUT_LIMIT,
        "messages": [{"role": "user", "content": crate::probe::PROMPT}],
    });
    ("/v1/messages", body.to_string())
}
