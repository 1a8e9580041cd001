//! Receipts: what a call was, who paid, what it used. Ids, counts, times and codes only; never a prompt, an
//! answer or a key.

use serde::{Deserialize, Serialize};

use crate::id::{ApiKeyId, CredentialId, RequestId, WorkspaceId};
use crate::ledger::{Charge, Settlement};
use crate::money::{CreditRate, MicroCredits, NanoUsd, PicoUsd};
use crate::payer::PayerKind;
use crate::policy::FallbackClass;
use crate::provider::Provider;
use crate::response::ResponseNote;
use crate::service::ServiceUse;
use crate::time::Timestamp;
use crate::usage::{Measured, Usage};

/// The error on the receipt of a call whose process ended before it did. No caller ever saw it.
pub const INTERRUPTED: &str = "interrupted";

/// How a call or an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The provider's whole answer was passed on.
    Complete,
    /// The provider answered with an error, cut the answer, took too long or was not reached.
    Failed,
    /// The caller left.
    Cancelled,
    /// Ownkey refused it; nothing was sent.
    Refused,
}

impl Outcome {
    /// The name in JSON and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
        }
    }
}

/// One attempt to have a provider serve the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Who pays for it.
    pub payer: PayerKind,
    /// The key used; absent on managed attempts.
    pub credential: Option<CredentialId>,
    /// The provider's status; absent if no answer came.
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: Outcome,
    /// Its list-price cost; absent if it can't be known.
    pub cost_usd: Option<PicoUsd>,
    /// The provider's own id of the request, for its support.
    pub provider_request_id: Option<String>,
    /// Milliseconds from its sending to its end; absent where its process ended first, and on old receipts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Why and by whose leave it took the place of the attempt before it; absent on the first, and on old receipts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// Why no other payer took its place though the workspace consents to one; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_followed: Option<String>,
}

/// The workspace's consent that managed access stepped in, as it was then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// What its own key had met.
    pub after: FallbackClass,
    /// What that may cost a day, at list price.
    pub daily_cap_usd: NanoUsd,
}

/// A copy, for who hands a receipt on and keeps it.
impl From<&Receipt> for Box<Receipt> {
    fn from(receipt: &Receipt) -> Self {
        Self::new(receipt.clone())
    }
}

impl Receipt {
    /// The credits that the workspace paid: what it costs, less what the operator paid of that.
    pub const fn credits_paid(&self) -> MicroCredits {
        MicroCredits::new(self.credits.get().saturating_sub(self.overrun.get()))
    }
}

impl Attempt {
    /// One that goes out now: should nothing more be known of it, it has failed.
    pub fn begun(payer: PayerKind, credential: Option<CredentialId>) -> Self {
        Self {
            payer,
            credential,
            status: None,
            outcome: Outcome::Failed,
            cost_usd: None,
            provider_request_id: None,
            duration_ms: None,
            consent: None,
            not_followed: None,
        }
    }
}

/// Where the time went.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Timing {
    /// Microseconds spent here before the request went out.
    pub own_us: u64,
    /// Milliseconds from sending the request to the provider's head; absent if none came.
    pub upstream_first_ms: Option<u64>,
    /// Milliseconds from the first byte of the call to its end.
    pub total_ms: u64,
}

/// The record of one call of a known caller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The call; also in the answer's `x-ownkey-request-id`.
    pub id: RequestId,
    /// When the call came in.
    pub at: Timestamp,
    /// Whose call it is.
    pub workspace: WorkspaceId,
    /// The platform key it came with.
    pub api_key: Option<ApiKeyId>,
    /// The agent it was made for.
    pub agent: Option<String>,
    /// The product's own user it was made for.
    pub user: Option<String>,
    /// The caller's own id of the request (`x-client-request-id`).
    pub client_request_id: Option<String>,
    /// The path called, such as `/v1/messages`.
    pub route: String,
    /// The metered service used; absent on calls of models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceUse>,
    /// The provider asked; absent if the call was refused before one was chosen.
    pub provider: Option<Provider>,
    /// The model asked for.
    pub model: Option<String>,
    /// The model that the provider says it used.
    pub model_served: Option<String>,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// Who paid; absent on refused calls.
    pub payer: Option<PayerKind>,
    /// The key used; absent on managed and refused calls.
    pub credential: Option<CredentialId>,
    /// The status the caller saw; 0 if he left before it was sent.
    pub status: u16,
    /// The error code the caller saw, if any; or [`INTERRUPTED`].
    pub error: Option<String>,
    /// How the call ended.
    pub outcome: Outcome,
    /// What it costs in credits.
    pub credits: MicroCredits,
    /// What of that the operator's overrun paid: what the workspace did not have, and what a provider told that the call
    /// can't have used. Known when the ledger has settled the call.
    #[serde(default)]
    pub overrun: MicroCredits,
    /// What it would cost in credits had managed access paid for it, by the rate at its time; absent if that can't be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credits_at_rate: Option<MicroCredits>,
    /// Whether managed access was included in the plan.
    pub included: bool,
    /// List-price cost; absent if it can't be known.
    pub cost_usd: Option<PicoUsd>,
    /// The catalogue version that priced it.
    pub price_version: Option<String>,
    /// What a credit was worth when the call was admitted; absent if no credits pay for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_rate: Option<CreditRate>,
    /// What it used, in the provider's own classes.
    pub usage: Usage,
    /// How sure the usage is.
    pub measured: Measured,
    /// Every attempt, in order.
    pub attempts: Vec<Attempt>,
    /// Where the time went.
    pub timing: Timing,
    /// What the ledger does when it takes the receipt over; absent if the call touches no account. A call for which
    /// something was or may have been held has one, however it ends: it is what ends the hold. Not kept with the receipt:
    /// the ledger's transfers are what became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settlement: Option<Settlement>,
    /// What it tells of a response that the provider keeps. On the way to the store only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<ResponseNote>,
}

impl Receipt {
    /// Counts what the response used that the answer told of; a call for that model had made it.
    pub fn count_told(&mut self, model: Option<String>) {
        let Some(ResponseNote::Told { usage, cost_usd, credits_at_rate, .. }) = self.response.take() else { return };
        (self.model, self.usage, self.measured, self.cost_usd) = (model, *usage, Measured::Measured, cost_usd);
        self.credits_at_rate = credits_at_rate;
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.cost_usd = cost_usd;
        }
    }
}

impl Receipt {
    /// Completes that of a call whose process ended before it did: it is charged what was last written down of it. Of one
    /// of which nothing was it is not known whether its request went out, so it is charged nothing.
    #[must_use]
    pub fn interrupted(self, noted: Option<Charge>) -> Self {
        let charge = noted.unwrap_or_default();
        // A service has a price in credits, and none of a provider's.
        let cost_usd = noted.filter(|_| self.service.is_none()).and_then(|charge| charge.usd.cost());
        let attempt = |payer| Attempt { cost_usd, ..Attempt::begun(payer, self.credential) };
        Self {
            status: 0,
            error: Some(INTERRUPTED.to_owned()),
            outcome: Outcome::Failed,
            credits: MicroCredits::new(charge.credit_amount().get()),
            cost_usd,
            measured: if noted.is_some() { Measured::Estimated } else { Measured::Unknown },
            attempts: self.payer.filter(|_| noted.is_some()).map(attempt).into_iter().collect(),
            ..self
        }
    }

    /// Whether it was completed so: should the process have written the true one after all, that takes its place.
    pub fn is_interrupted(&self) -> bool {
        self.error.as_deref() == Some(INTERRUPTED)
    }

    /// That of a call of which nothing more is known yet: should its caller leave now, it is cancelled.
    pub fn draft(id: RequestId, at: Timestamp, workspace: WorkspaceId, route: String) -> Self {
        Self {
            id,
            at,
            workspace,
            api_key: None,
            agent: None,
            user: None,
            client_request_id: None,
            route,
            service: None,
            provider: None,
            model: None,
            model_served: None,
            stream: false,
            payer: None,
            credential: None,
            status: 0,
            error: None,
            outcome: Outcome::Cancelled,
            credits: MicroCredits::ZERO,
            overrun: MicroCredits::ZERO,
            credits_at_rate: None,
            credit_rate: None,
            included: false,
            cost_usd: None,
            price_version: None,
            usage: Usage::default(),
            measured: Measured::Unknown,
            attempts: Vec::new(),
            timing: Timing::default(),
            settlement: None,
            response: None,
        }
    }
}
