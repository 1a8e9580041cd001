//! How calls fail that go out on a workspace's own key, as far as tests and calls have shown it.

use ownkey_domain::id::{CredentialId, WorkspaceId};
use ownkey_domain::policy::FallbackClass;
use ownkey_domain::provider::Provider;
use ownkey_domain::receipt::{Outcome, Receipt};
use ownkey_domain::time::Timestamp;
use ownkey_domain::verdict::{Storing, Verdict};
use ownkey_store::{Credential, LAST_USE_MS, ReceiptFilter};

use crate::control::Control;
use crate::models::Reason;
use crate::problem::Problem;

/// Of so many calls the newest that met the key tells how it does. Most calls of a provider do.
const NEWEST: u32 = 20;
/// They lie within so long before its last use. Who looked further back would read all calls of the workspace's.
const LOOK_BACK_MS: i64 = 3_600_000;
/// How long a rate limit lasts whose provider names no time: providers count by the minute.
const LIMITED_MS: i64 = 60_000;

/// How a call fails that goes out on the own key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failing {
    /// The provider refuses the key.
    Refused,
    /// The provider limits its rate.
    RateLimited,
    /// Its account has no money.
    QuotaExhausted,
    /// The provider does not answer.
    Unavailable,
}

impl Failing {
    /// The failure that it is to a workspace's consent; none to the refusal of a key, which is a decision.
    pub(crate) const fn class(self) -> Option<FallbackClass> {
        match self {
            Self::Refused => None,
            Self::RateLimited => Some(FallbackClass::RateLimited),
            Self::QuotaExhausted => Some(FallbackClass::QuotaExhausted),
            Self::Unavailable => Some(FallbackClass::Unavailable),
        }
    }

    /// What the caller is told.
    pub(crate) fn reason(self) -> Reason {
        let (code, message) = match self {
            Self::Refused => ("provider_key_invalid", "the provider refuses the key"),
            Self::RateLimited => ("provider_rate_limited", "the provider limits the account's rate"),
            Self::QuotaExhausted => ("provider_quota_exhausted", "the account has no money left"),
            Self::Unavailable => ("provider_unavailable", "the provider does not answer"),
        };
        Reason { code, message: message.to_owned() }
    }
}

/// How the key fails that is stored, if it is known to. What calls have met since its last test counts more than that.
pub(crate) async fn failing(
    control: &Control,
    (workspace, provider): (WorkspaceId, Provider),
    credential: &Credential,
) -> Result<Option<Failing>, Problem> {
    if credential.health.invalid_since.is_some() {
        return Ok(Some(Failing::Refused));
    }
    let says_something = |verdict: Verdict| verdict.storing() != Storing::Unverified;
    let verdict = credential.verdict.as_ref().filter(|told| says_something(told.verdict));
    let since = verdict.and(credential.last_tested_at).unwrap_or(credential.created_at);
    let now = control.now();
    let latest_use = credential.last_used_at.map(|used| used.plus_millis(LAST_USE_MS));
    if let Some(upto) = latest_use.filter(|upto| *upto > since) {
        let from = since.max(upto.plus_millis(-LOOK_BACK_MS));
        let times = ReceiptFilter { from: Some(from), to: Some(upto), ..ReceiptFilter::default() };
        let filter = ReceiptFilter { provider: Some(provider), ..times };
        let calls = control.store().receipts(workspace, &filter, None, NEWEST).await?.items;
        if let Some(met) = calls.iter().find_map(|call| Met::of(call, credential.id)) {
            return Ok(met.failing(now));
        }
    }
    Ok(verdict.and_then(|told| match told.verdict {
        Verdict::QuotaExhausted => Some(Failing::QuotaExhausted),
        Verdict::RateLimited => {
            let until = told.moment.as_ref().map_or(since.plus_millis(LIMITED_MS), |moment| moment.at);
            (now < until).then_some(Failing::RateLimited)
        }
        _ => None,
    }))
}

/// What a call met that went out on a key.
enum Met {
    Answer,
    Failure(FallbackClass, Timestamp),
}

impl Met {
    /// Nothing if the call did not go out on it, or failed for reasons of its own.
    fn of(call: &Receipt, key: CredentialId) -> Option<Self> {
        let at = call.attempts.iter().rposition(|attempt| attempt.credential == Some(key))?;
        if call.attempts.get(at)?.outcome == Outcome::Complete && call.error.is_none() {
            return Some(Self::Answer);
        }
        let class = match call.attempts.get(at + 1).and_then(|next| next.consent) {
            Some(consent) => consent.after,
            None => of_account(call.error.as_deref()?)?,
        };
        (class != FallbackClass::Unavailable).then_some(Self::Failure(class, call.at))
    }

    fn failing(self, now: Timestamp) -> Option<Failing> {
        match self {
            Self::Failure(FallbackClass::QuotaExhausted, _) => Some(Failing::QuotaExhausted),
            Self::Failure(FallbackClass::RateLimited, at) if now < at.plus_millis(LIMITED_MS) => {
                Some(Failing::RateLimited)
            }
            Self::Answer | Self::Failure(..) => None,
        }
    }
}

/// The failure of the key's account that has that code.
fn of_account(code: &str) -> Option<FallbackClass> {
    let all = [Failing::RateLimited, Failing::QuotaExhausted];
    all.into_iter().find(|failing| failing.reason().code == code)?.class()
}
