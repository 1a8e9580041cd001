//! What each error code means, and what to do about it: the words that calls, the management API, receipts and verdicts
//! on keys use, explained once for everyone who shows them.

/// A code, explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode {
    /// The word.
    pub code: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// The explanation of a code; `None` if it is none of ours.
pub fn explain(code: &str) -> Option<&'static ErrorCode> {
    ALL.iter().find(|known| known.code == code)
}

/// Every code.
pub static ALL: &[ErrorCode] = &[
    of(
        "unauthorized",
        "No platform key came with the request, or it is unknown, expired or revoked.",
        "Send a platform key (`ok_…`) as `Authorization: Bearer` or `x-api-key`; make a new one if it has ended.",
    ),
    of(
        "forbidden",
        "The platform key lacks the scope, or the person lacks the role, that this takes.",
        "Use a key with the scope that the message names, or ask an admin of the workspace.",
    ),
    of(
        "plan_required",
        "The workspace's plan has no own keys.",
        "Move to a plan that has them, or use managed access.",
    ),
    of(
        "byok_required",
        "Policy or model want a key of the workspace's own at the provider, and there is none.",
        "Add a provider key, or let managed access pay: `policy` says who does.",
    ),
    of(
        "key_sealed",
        "The stored key can't be opened: the key-encryption key is missing, or the provider's address has changed.",
        "Ask the operator, whose `ownkey check` says which; or add the key anew.",
    ),
    of(
        "needs_reauth",
        "The account behind a connection no longer lets Ownkey in.",
        "Connect it again in the dashboard.",
    ),
    of(
        "provider_key_invalid",
        "The provider refused the workspace's key.",
        "Test the key; if it is refused again, make a new one at the provider and put it in its place.",
    ),
    of(
        "provider_quota_exhausted",
        "The account behind the workspace's key has no money.",
        "Add money at the provider; its billing page is named in the list of providers.",
    ),
    of(
        "provider_rate_limited",
        "The provider's own limit is reached.",
        "Wait as long as `retry-after` says, or have the provider raise the limit.",
    ),
    of(
        "provider_unavailable",
        "The provider can't be reached, takes too long, or fails.",
        "Try again in a moment; its status page says whether it has trouble.",
    ),
    of(
        "managed_unavailable",
        "Managed access does not work at this provider: the operator has no key there, or his key fails.",
        "Ask the operator, or add a key of the workspace's own.",
    ),
    of(
        "model_not_found",
        "The model is not offered here, or the provider does not know it.",
        "Take one from the list of models.",
    ),
    of("model_coming_soon", "The model is announced and can't be called yet.", "Take another one until it is there."),
    of("model_gated", "The workspace does not have what this model is reserved for.", "Ask the operator for access."),
    of(
        "model_not_priced",
        "Managed access does not serve the model, since nobody has set a price for it.",
        "Use a key of the workspace's own, or ask the operator to set one.",
    ),
    of(
        "feature_not_priced",
        "The call carries something whose price managed access does not know.",
        "Leave out what the message names, or use a key of the workspace's own.",
    ),
    of(
        "insufficient_credits",
        "The workspace has fewer credits than the call may cost.",
        "Ask for credits, lower the call's output limit, or use a key of the workspace's own.",
    ),
    of(
        "budget_exceeded",
        "A budget that the workspace has set itself does not allow the call.",
        "Raise the budget that the message names, or wait until it begins anew.",
    ),
    of(
        "rate_limited",
        "A limit of Ownkey's own is reached, or the provider's while a key was tested.",
        "Wait as long as `retry-after` says; a platform key's limits are its own.",
    ),
    of("overloaded", "Ownkey can't serve this now, or its database does not answer.", "Try again in a moment."),
    of("bad_request", "The request can't be understood.", "Change what the message names."),
    of(
        "wrong_protocol",
        "The model belongs to the other protocol.",
        "Call it by its own provider's path; the list of models names the provider.",
    ),
    of(
        "response_not_found",
        "The workspace has made no such response, or it is no longer known.",
        "Send the conversation whole, without the id.",
    ),
    of("path_not_supported", "There is no such path.", "Compare it with the list of paths in the README."),
    of("request_too_large", "The body is larger than is taken here.", "Send less at once."),
    of("not_available_yet", "This is planned and not built yet.", "Do without it."),
    of(
        "interrupted",
        "The server ended before the call did.",
        "Make the call again; what was used by then is on its receipt.",
    ),
    of("not_found", "There is no such thing in this workspace.", "Look for its id in the list."),
    of("conflict", "It contradicts what is there.", "Look at what is there, then change or remove it."),
    of("invalid_value", "A value can't be taken.", "Change what the message names."),
    of("internal", "A fault of Ownkey's own.", "Try again; the server's log has the cause."),
    of(
        "cross_site",
        "A page of another site made the browser send this.",
        "Call from a program, without `Origin`, or from the server's own pages.",
    ),
    of(
        "unknown_host",
        "The server does not know itself under that host name.",
        "Use its public address; the operator sets it as `public_url`.",
    ),
    of("wrong_login", "Mail address and password do not belong together.", "Try again, or have the password reset."),
    of("method_not_allowed", "The path does not know that method.", "Use one that `allow` lists."),
    of("unsupported_media_type", "The body is not JSON.", "Send JSON, with `content-type: application/json`."),
    of("request_timeout", "The body did not come in time.", "Send it again, faster."),
    of(
        "connection_expired",
        "Nobody waits for this way back from a provider: it was used, took too long, or began in another session.",
        "Begin to connect once more.",
    ),
    of("invalid", "The provider refuses the key itself.", "Copy it anew, or make another one at the provider."),
    of("wrong_provider", "It is another provider's key.", "Put it where it belongs."),
    of(
        "wrong_kind",
        "It is a key for administrators or for signing in, or a platform key.",
        "Make an ordinary API key at the provider.",
    ),
    of("malformed", "It can't be a key: too short, or with characters that keys do not have.", "Copy it anew, whole."),
    of("quota_exhausted", "The key is authentic, and its account has no money.", "Add money at the provider."),
    of("unreachable", "The provider could not be reached to test the key.", "Try again in a moment."),
    of("provider_incident", "The provider has trouble of its own, so the key is not tested.", "Try again later."),
];

const fn of(code: &'static str, meaning: &'static str, remedy: &'static str) -> ErrorCode {
    ErrorCode { code, meaning, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_once_and_whole() {
        for (at, code) in ALL.iter().enumerate() {
            assert_eq!(ALL.iter().position(|other| other.code == code.code), Some(at), "{code:?}");
            assert!(code.meaning.ends_with('.') && code.remedy.ends_with('.'), "{code:?}");
        }
        assert_eq!(explain("key_sealed").map(|known| known.code), Some("key_sealed"));
        assert_eq!(explain("no such code"), None);
    }
}
