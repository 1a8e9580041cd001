//! One call: the facts that go from step to step. Nothing hides in request extensions.

use std::sync::Arc;
use std::time::Instant;

use http::request::Parts;
use http::{HeaderMap, HeaderName};
use ownkey_domain::id::{RequestId, WorkspaceId};
use ownkey_domain::money::MicroCredits;
use ownkey_domain::policy::FallbackClass;
use ownkey_domain::provider::Protocol;
use ownkey_domain::receipt::{Outcome, Receipt, Timing};
use ownkey_domain::response::ChainTokens;
use ownkey_domain::time::Timestamp;
use ownkey_domain::usage::{Measured, Usage};
use ownkey_providers::route::Route;

use crate::directory::Caller;
use crate::settle::{Book, OpenReceipt, kept};
use crate::target::Target;
use crate::terms::Looked;

/// The caller's own id of a request; OpenAI documents it, and it is passed on like any header.
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-client-request-id");

/// A call as it came in, before it is known whose it is.
pub struct Arrival {
    /// The id it gets.
    pub id: RequestId,
    /// When it came.
    pub at: Timestamp,
    /// When it came, for measuring.
    pub started: Instant,
}

/// Where a call goes.
#[derive(Clone, Copy)]
pub struct Addressed<'a> {
    /// What is called.
    pub route: &'static Route,
    /// As the path said it.
    pub target: &'a Target,
}

/// A call of a known caller. Its receipt is open from here on: however the call ends, it is written down.
pub struct Call {
    /// Its id.
    pub id: RequestId,
    /// When it came, for measuring.
    pub started: Instant,
    /// What is called.
    pub route: &'static Route,
    /// The path called, as it came.
    pub path: String,
    /// The protocol spoken.
    pub protocol: Protocol,
    /// Who calls.
    pub caller: Arc<Caller>,
    /// The workspace it is made for.
    pub workspace: WorkspaceId,
    /// What its body has shown when it was looked through.
    pub looked: Looked,
    /// The conversation at the provider that it goes on from, on managed access.
    pub chain: ChainTokens,
    /// What its answer tells of the quotas; absent until it was taken from them.
    pub quotas: Option<HeaderMap>,
    /// The failure of the own key for which managed access stepped in.
    pub fallback: Option<FallbackClass>,
    /// Its receipt.
    pub receipt: OpenReceipt,
}

impl Call {
    /// Opens the call of that caller.
    pub fn open(arrival: &Arrival, to: Addressed<'_>, caller: Arc<Caller>, head: &Parts, book: &Arc<Book>) -> Self {
        let client_request_id = head.headers.get(CLIENT_REQUEST_ID).and_then(|value| value.to_str().ok());
        let draft = Receipt {
            id: arrival.id,
            at: arrival.at,
            workspace: caller.workspace,
            api_key: Some(caller.id),
            agent: None,
            user: None,
            client_request_id: client_request_id.and_then(kept),
            route: to.route.template.to_owned(),
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
            included: false,
            cost_usd: None,
            price_version: None,
            credit_rate: None,
            usage: Usage::default(),
            measured: Measured::Unknown,
            attempts: Vec::new(),
            timing: Timing::default(),
            settlement: None,
            response: None,
        };
        let receipt = OpenReceipt::new(draft, arrival.started, Arc::clone(book));
        let workspace = caller.workspace;
        Self {
            id: arrival.id,
            started: arrival.started,
            route: to.route,
            path: to.target.path.clone(),
            protocol: to.target.protocol,
            caller,
            workspace,
            looked: Looked::default(),
            chain: ChainTokens::NONE,
            quotas: None,
            fallback: None,
            receipt,
        }
    }
}
