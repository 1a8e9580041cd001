//! What each error code means, and what to do about it: the words that calls, the management API, receipts and verdicts
//! on keys use, explained once for everyone who shows them.

/// With whom the cause of an error lies, and so who can do away with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// Whoever calls, or his workspace.
    Caller,
    /// The provider, or the workspace's account there.
    Provider,
    /// The server, or whoever runs it.
    Server,
}

impl Blame {
    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Provider => "provider",
            Self::Server => "server",
        }
    }
}

/// A code, explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode {
    /// The word.
    pub code: &'static str,
    /// The meaning in a few words. `{provider}` and `{model}` stand for the names of a call's own.
    pub title: &'static str,
    /// With whom the cause lies.
    pub blame: Blame,
    /// What it says.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// What it is where the operator's own account met it, if that is something else.
    pub managed: Option<Managed>,
}

/// A code that managed access met: the workspace has no part in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Managed {
    /// As of the code.
    pub title: &'static str,
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
        "This API key isn't accepted",
        Blame::Caller,
        "No API key came with the request, or it is unknown, expired or revoked.",
        "Send an API key of this server (`ok_…`) as `Authorization: Bearer` or `x-api-key`; make a new one if it has ended.",
    ),
    of(
        "forbidden",
        "This isn't allowed",
        Blame::Caller,
        "The API key lacks the scope, or the person lacks the role, that this takes.",
        "Use a key with the scope that the message names, or ask an admin of the workspace.",
    ),
    of(
        "plan_required",
        "Own keys come with another plan",
        Blame::Caller,
        "The workspace's plan has no own keys.",
        "Move to a plan that has them, or use managed access.",
    ),
    of(
        "byok_required",
        "This call needs your own {provider} key",
        Blame::Caller,
        "Policy or model want a key of the workspace's own at the provider, and there is none.",
        "Add a provider key, or let managed access pay: `policy` says who does.",
    ),
    of(
        "key_sealed",
        "Your {provider} key can't be opened",
        Blame::Server,
        "The stored key can't be opened: the key-encryption key is missing, or the provider's address has changed. No other payer was used.",
        "Ask the operator, whose `ownkey check` says which; or add the key anew.",
    ),
    of(
        "needs_reauth",
        "The account must be connected again",
        Blame::Caller,
        "The account behind a connection no longer gives access.",
        "Connect it again in the dashboard.",
    ),
    of(
        "provider_key_invalid",
        "{provider} refused your key",
        Blame::Provider,
        "The provider refused the workspace's key. No other payer steps in.",
        "Test the key; if it is refused again, make a new one at the provider and put it in its place.",
    ),
    of(
        "provider_quota_exhausted",
        "Your {provider} account has no money left",
        Blame::Provider,
        "The account behind the workspace's key has no money.",
        "Add money at the provider; its billing page is named in the list of providers.",
    ),
    of(
        "provider_rate_limited",
        "Your {provider} account is at its limit",
        Blame::Provider,
        "The provider's own limit is reached.",
        "Wait as long as `retry-after` says, or have the provider raise the limit.",
    )
    .managed(
        "Managed access is at its limit for {model}",
        "The provider takes no more calls of the operator's account for now.",
        "Wait as long as `retry-after` says, or use a key of your own.",
    ),
    of(
        "provider_unavailable",
        "{provider} isn't answering",
        Blame::Provider,
        "The provider can't be reached, takes too long, or fails.",
        "Try again in a moment; its status page says whether it has trouble.",
    ),
    of(
        "managed_unavailable",
        "Managed access has a fault",
        Blame::Server,
        "Managed access does not work at this provider: the operator has no key there, or that key fails. Nobody was charged.",
        "Ask the operator, or add a key of the workspace's own.",
    ),
    of(
        "model_not_found",
        "{model} isn't offered here",
        Blame::Caller,
        "The model is not offered here, or the provider does not know it.",
        "Take one from the list of models.",
    ),
    of(
        "model_coming_soon",
        "{model} is coming soon",
        Blame::Caller,
        "The model is announced and can't be called yet.",
        "Take another one until it is there.",
    ),
    of(
        "model_gated",
        "{model} isn't open to this workspace",
        Blame::Caller,
        "The workspace does not have what this model is reserved for.",
        "Ask the operator for access.",
    ),
    of(
        "model_not_priced",
        "{model} has no managed price",
        Blame::Caller,
        "Managed access does not serve the model, since nobody has set a price for it.",
        "Use a key of the workspace's own, or ask the operator to set one.",
    ),
    of(
        "feature_not_priced",
        "Managed access doesn't do this",
        Blame::Caller,
        "The call carries something whose price managed access does not know.",
        "Leave out what the message names, or use a key of the workspace's own.",
    ),
    of(
        "insufficient_credits",
        "Not enough credits",
        Blame::Caller,
        "The workspace has fewer credits than the call may cost.",
        "Ask for credits, lower the call's output limit, or use a key of the workspace's own.",
    ),
    of(
        "budget_exceeded",
        "A budget is used up",
        Blame::Caller,
        "A budget that the workspace has set itself does not allow the call.",
        "Raise the budget that the message names, or wait until it begins anew.",
    ),
    of(
        "rate_limited",
        "Too many calls",
        Blame::Server,
        "A limit of this server is reached, or the provider's while a key was tested.",
        "Wait as long as `retry-after` says; each API key has limits of its own.",
    ),
    of(
        "overloaded",
        "The server is busy",
        Blame::Server,
        "The server has no room for this now, or its database does not answer.",
        "Try again in a moment.",
    ),
    of(
        "bad_request",
        "The request can't be read",
        Blame::Caller,
        "The request can't be understood.",
        "Change what the message names.",
    ),
    of(
        "wrong_protocol",
        "{model} speaks the other protocol",
        Blame::Caller,
        "The model belongs to the other protocol.",
        "Call it by its own provider's path; the list of models names the provider.",
    ),
    of(
        "response_not_found",
        "There is no such response",
        Blame::Caller,
        "The workspace has made no such response, or it is no longer known.",
        "Send the conversation whole, without the id.",
    ),
    of(
        "path_not_supported",
        "This address isn't served",
        Blame::Caller,
        "There is no such path.",
        "Compare it with the list of paths in the README.",
    ),
    of(
        "request_too_large",
        "The request is too big",
        Blame::Caller,
        "The body is larger than is taken here.",
        "Send less at once.",
    ),
    of(
        "not_available_yet",
        "This isn't built yet",
        Blame::Server,
        "This is planned and not built yet.",
        "Do without it.",
    ),
    of(
        "interrupted",
        "The server ended before the call did",
        Blame::Server,
        "The server ended before the call did.",
        "Make the call again; what was used by then is on its receipt.",
    ),
    of(
        "not_found",
        "There is no such thing",
        Blame::Caller,
        "There is no such thing in this workspace.",
        "Look for its id in the list.",
    ),
    of(
        "conflict",
        "It contradicts what is there",
        Blame::Caller,
        "It contradicts what is there.",
        "Look at what is there, then change or remove it.",
    ),
    of(
        "invalid_value",
        "A value can't be taken",
        Blame::Caller,
        "A value can't be taken.",
        "Change what the message names.",
    ),
    of(
        "internal",
        "Something broke on our side",
        Blame::Server,
        "The server has a fault of its own.",
        "Try again; the server's log has the cause.",
    ),
    of(
        "cross_site",
        "Another site's page sent this",
        Blame::Caller,
        "A page of another site made the browser send this.",
        "Call from a program, without `Origin`, or from the server's own pages.",
    ),
    of(
        "unknown_host",
        "The server has another name",
        Blame::Caller,
        "The server does not know itself under that host name.",
        "Use its public address; the operator sets it as `public_url`.",
    ),
    of(
        "wrong_login",
        "Mail address or password is wrong",
        Blame::Caller,
        "Mail address and password do not belong together.",
        "Try again, or have the password reset.",
    ),
    of(
        "method_not_allowed",
        "The address has no such method",
        Blame::Caller,
        "The path does not know that method.",
        "Use one that `allow` lists.",
    ),
    of(
        "unsupported_media_type",
        "The body isn't JSON",
        Blame::Caller,
        "The body is not JSON.",
        "Send JSON, with `content-type: application/json`.",
    ),
    of(
        "request_timeout",
        "The request came too slowly",
        Blame::Caller,
        "The body did not come in time.",
        "Send it again, faster.",
    ),
    of(
        "connection_expired",
        "Connecting took too long",
        Blame::Caller,
        "Nobody waits for this way back from a provider: it was used, took too long, or began in another session.",
        "Begin to connect once more.",
    ),
    of(
        "invalid",
        "{provider} doesn't accept this key",
        Blame::Caller,
        "The provider refuses the key itself.",
        "Copy it anew, or make another one at the provider.",
    ),
    of(
        "wrong_provider",
        "This looks like another provider's key",
        Blame::Caller,
        "It is another provider's key.",
        "Put it where it belongs.",
    ),
    of(
        "wrong_kind",
        "This is no API key",
        Blame::Caller,
        "It is a key for administrators or for signing in, or an API key of this server.",
        "Make an ordinary API key at the provider.",
    ),
    of(
        "malformed",
        "This isn't a whole key",
        Blame::Caller,
        "It can't be a key: too short, or with characters that keys do not have.",
        "Copy it anew, whole.",
    ),
    of(
        "quota_exhausted",
        "Real key, no money in the account",
        Blame::Provider,
        "The key is authentic, and its account has no money.",
        "Add money at the provider.",
    ),
    of(
        "unreachable",
        "We couldn't reach {provider}",
        Blame::Provider,
        "The provider could not be reached to test the key.",
        "Try again in a moment.",
    ),
    of(
        "provider_incident",
        "{provider} has a problem right now",
        Blame::Provider,
        "The provider has trouble of its own, so the key is not tested.",
        "Try again later.",
    ),
];

const fn of(
    code: &'static str,
    title: &'static str,
    blame: Blame,
    meaning: &'static str,
    remedy: &'static str,
) -> ErrorCode {
    ErrorCode { code, title, blame, meaning, remedy, managed: None }
}

impl ErrorCode {
    const fn managed(mut self, title: &'static str, meaning: &'static str, remedy: &'static str) -> Self {
        self.managed = Some(Managed { title, meaning, remedy });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_once_and_whole() {
        for (at, code) in ALL.iter().enumerate() {
            assert_eq!(ALL.iter().position(|other| other.code == code.code), Some(at), "{code:?}");
            assert!(code.meaning.ends_with('.') && code.remedy.ends_with('.'), "{code:?}");
            assert!(!code.title.ends_with('.'), "{code:?}");
            let left = code.title.replace("{provider}", "").replace("{model}", "");
            assert!(!left.is_empty() && !left.contains(['{', '}']), "{code:?}");
        }
        assert_eq!(explain("key_sealed").map(|known| known.code), Some("key_sealed"));
        assert_eq!(explain("no such code"), None);
    }
}
