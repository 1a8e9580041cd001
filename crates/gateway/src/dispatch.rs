//! From the last decision to the answer. A call that credits pay for goes on when its caller leaves, because its provider
//! does too: what is billed is then read to the end, within bounds, and nobody gets it.

use std::sync::Arc;

use http::Response;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::policy::FallbackClass;
use ownkey_domain::provider::Provider;
use ownkey_providers::scrub::Scrubber;
use ownkey_vault::ProviderKey;
use tokio::join;
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Duration, sleep};

use crate::answer::{Answer, relay};
use crate::body::Body;
use crate::call::Call;
use crate::client::Client;
use crate::edge::writer::Writer;
use crate::error::{Code, Error};
use crate::failure::Failure;
use crate::forward::{Sent, Upstreamed, forward};
use crate::relay::Watch;
use crate::rest::{REST_MAX, Rest};
use crate::stop::Stop;

/// A call that is ready to go out.
pub struct Departure {
    /// Reaches providers.
    pub client: Client,
    /// What goes out.
    pub request: Upstreamed,
    /// How long the provider's head may take.
    pub head_timeout: Duration,
    /// Whose provider it is.
    pub provider: Provider,
    /// Who pays.
    pub payer: PayerKind,
    /// The key in use.
    pub key: Arc<ProviderKey>,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// How many answers were asked for.
    pub answers: u32,
    /// Whether the usage, which the caller did not ask for, is taken out of the stream.
    pub hide_usage: bool,
    /// Time-outs from its head on.
    pub watch: Watch,
    /// What may end it early.
    pub stop: Stop,
    /// Work whose caller has left.
    pub rest: Rest,
    /// The failures after which another payer may step in.
    pub consents: Vec<FallbackClass>,
}

/// What became of it.
pub enum Went {
    /// It was answered, or it failed; its receipt is in good hands.
    Answered(Result<Response<Body>, Error>),
    /// The workspace or the caller changed at the last moment, and nothing went out.
    Outdated(Box<Call>),
    /// It failed in a way for which the workspace consents to another payer, and nothing of it is told yet.
    Failed(Box<Call>, Failure, FallbackClass),
}

impl Went {
    /// A call that failed so: told, or left to another payer.
    pub fn failed(call: Box<Call>, failure: Failure, consents: &[FallbackClass]) -> Self {
        match failure.class().filter(|class| consents.contains(class)) {
            Some(class) => Self::Failed(call, failure, class),
            None => Self::Answered(failure.tell(call)),
        }
    }
}

impl Departure {
    /// Sends the call and answers it.
    pub async fn go(self: Box<Self>, call: Box<Call>) -> Went {
        let writer = Writer::current();
        if call.receipt.is_paid_in_credits() {
            self.go_on_without_caller(call, writer).await
        } else {
            self.carry(call, writer).await
        }
    }

    async fn go_on_without_caller(self: Box<Self>, mut call: Box<Call>, writer: Option<Arc<Writer>>) -> Went {
        let (mut to_caller, went) = oneshot::channel();
        let caller = call.receipt.caller_there();
        let (ongoing, metrics) = (self.rest.begin(), Arc::clone(call.receipt.metrics()));
        tokio::spawn(async move {
            let left = async {
                to_caller.closed().await;
                sleep(REST_MAX).await;
            };
            tokio::select! {
                biased;
                // Nobody takes it if the caller has left; then its body is read to the end.
                went = self.carry(call, writer) => {
                    if to_caller.send(went).is_err() {
                        metrics.drained();
                    }
                }
                () = left => {}
            }
            drop(ongoing);
        });
        let went = went.await;
        caller.has_it();
        went.unwrap_or_else(|_| Went::Answered(Err(broken())))
    }

    async fn carry(mut self: Box<Self>, mut call: Box<Call>, writer: Option<Arc<Writer>>) -> Went {
        let sending = self.stop.unless(forward(&self.client, self.request, self.head_timeout));
        let (sent, scrubber) = join!(sending, scrubber(&self.key, self.stream));
        let response = match sent {
            Ok(Sent::Answered(response)) => response,
            Ok(Sent::Outdated) => {
                call.receipt.withdraw_attempt();
                return Went::Outdated(call);
            }
            Err(error) => return Went::failed(call, Failure::NoStatus(error), &self.consents),
        };
        let Self { provider, payer, key, answers, hide_usage, watch, stop, rest, consents, .. } = *self;
        let answer =
            Answer { response, provider, payer, key, scrubber, answers, hide_usage, watch, stop, writer, rest };
        // Boxed: it goes from step to step, and each would have room for it twice.
        relay(call, Box::new(answer), &consents).await
    }
}

/// What takes the key out of a stream, made while its provider is waited for: the first event need not wait for that then.
async fn scrubber(key: &ProviderKey, stream: bool) -> Option<Scrubber> {
    if !stream {
        return None;
    }
    // The request goes out first.
    yield_now().await;
    Some(Scrubber::new(key.expose_str().as_bytes()))
}

/// The task is gone: a bug, of which the log has the place.
fn broken() -> Error {
    let message = "Something went wrong on our side. The server's log has the place.";
    Error::new(Code::Overloaded, message).with_status(http::StatusCode::INTERNAL_SERVER_ERROR)
}
