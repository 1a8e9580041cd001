//! The way of a call, from its first byte to its receipt.

mod conditions;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use http::header::{HeaderName, HeaderValue};
use http::request::Parts as Head;
use http::{HeaderMap, Request, Response};
use ownkey_domain::catalogue::{Catalogue, bare};
use ownkey_domain::id::WorkspaceId;
use ownkey_domain::money::CreditRate;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::plan::Plan;
use ownkey_domain::platform_key;
use ownkey_domain::policy::FallbackClass;
use ownkey_domain::scope::Scope;
use ownkey_providers::facts;
use ownkey_providers::managed::Extensions;
use ownkey_providers::paths::{self, What};
use ownkey_providers::peek::{Edits, Opening, Peek, edit, peek};
use ownkey_providers::route::{Route, Verb};
use ownkey_vault::{Keyring, ProviderKey};
use percent_encoding::percent_decode_str;

use crate::admit::admit;
use crate::aside::on_body;
use crate::body::Body;
use crate::call::{Addressed, Arrival, Call};
use crate::decide::{self, Decision, Grounds, decide};
use crate::directory::{Caller, Generation, Workspace};
use crate::dispatch::{Departure, Went};
use crate::edge::Arriving;
use crate::error::{Code, Error};
use crate::failure::Failure;
use crate::forward::{Draft, Lease, Outgoing, Upstreamed};
use crate::identify::identify;
use crate::limits::DECISIONS_MAX;
use crate::models::Viewer;
use crate::open::key_for;
use crate::plane::Plane;
use crate::read::{self, RequestBody};
use crate::relay::Watch;
use crate::rest::Rest;
use crate::settle::{Book, Held, kept};
use crate::stop::Stop;
use crate::target::{self, Target, Unlisted};
use crate::upstream::Upstream;
use crate::{agents, edge, failure, fallback, headers, service, terms};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-ownkey-request-id");

/// What the gateway is made of.
pub struct Parts {
    /// What all calls are made with.
    pub plane: Plane,
    /// Opens keys.
    pub keyring: Arc<Keyring>,
    /// Models and prices.
    pub catalogue: Arc<Catalogue>,
    /// Plans by id.
    pub plans: Arc<BTreeMap<String, Plan>>,
    /// What a credit is worth.
    pub credits: Option<CreditRate>,
    /// What managed calls may carry beyond the providers' lists.
    pub managed: Arc<Extensions>,
    /// Paths that managed access always pays for.
    pub managed_paths: Vec<String>,
    /// What becomes of calls at paths that are not listed.
    pub unlisted: Unlisted,
    /// Whether streams of own-key calls are asked for usage where their callers do not ask; managed ones always are.
    pub ask_usage: bool,
    /// The providers.
    pub upstreams: Vec<Upstream>,
    /// Work whose callers have left. Gateways that follow each other share it.
    pub rest: Rest,
    /// Whether the listener itself speaks TLS.
    pub over_tls: bool,
}

/// The data plane.
pub struct Gateway {
    parts: Parts,
    book: Arc<Book>,
}

/// A request that was read.
struct Received<'a> {
    head: &'a Head,
    body: RequestBody,
    asked: Peek,
}

impl Gateway {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let book = Arc::new(Book {
            ledger: Arc::clone(&parts.plane.ledger),
            catalogue: Arc::clone(&parts.catalogue),
            credits: parts.credits,
            metrics: Arc::clone(&parts.plane.metrics),
            rates: Arc::clone(&parts.plane.rates),
        });
        Self { parts, book }
    }

    /// Whether a request of that path and those headers is the data plane's.
    pub fn serves(path: &str, headers: &HeaderMap) -> bool {
        paths::is_of_a_protocol(path, headers)
    }

    /// Ends every call that is still going on, streams with an error event: the server stops. It also ends those of
    /// gateways that were made with the same [`Plane::cut_off`].
    pub fn cut_off(&self) {
        self.parts.plane.cut_off.send_replace(true);
    }

    /// Resolves when no work goes on whose caller has left, also that of gateways that were made with the same
    /// [`Parts::rest`].
    pub async fn rest_is_over(&self) {
        self.parts.rest.over().await;
    }

    /// Answers a request of the data plane. Dropped when the caller leaves; the receipt is written all the same.
    pub async fn handle(&self, request: Box<Request<Arriving>>) -> Response<Body> {
        let at = (self.parts.plane.clock)();
        let arrival = Arrival { id: (self.parts.plane.new_id)(at), at, started: Instant::now() };
        let (head, body) = request.into_parts();
        let id = arrival.id.to_string();
        let (protocol, mut response) = match target::find(&head, self.parts.unlisted, self.parts.over_tls) {
            Err((error, protocol)) => (protocol, error.respond(protocol, Some(&id))),
            Ok(to) => {
                let answered = self.answer(&arrival, &to, &head, body).await;
                (to.protocol, answered.unwrap_or_else(|error| error.respond(to.protocol, Some(&id))))
            }
        };
        if let Ok(value) = HeaderValue::from_str(&id) {
            let answer = response.headers_mut();
            // What SDKs show as the request's id. What a provider says on the workspace's own key stays as it is.
            if !headers::is_of_own_provider(answer) {
                let shown = &facts(protocol.provider()).request_id_header;
                answer.entry(shown).or_insert_with(|| value.clone());
            }
            answer.insert(REQUEST_ID, value);
        }
        response
    }

    async fn answer(
        &self,
        arrival: &Arrival,
        to: &Target,
        head: &Head,
        body: Arriving,
    ) -> Result<Response<Body>, Error> {
        if let Some(what) = edge::ambiguity(head) {
            return Err(Error::bad_request(format!("The request is ambiguous: {what}.")));
        }
        let Plane { directory, hasher, .. } = &self.parts.plane;
        let caller = identify(directory, hasher, &head.headers, arrival.at).await?;
        let route = match &to.what {
            What::Call(route) => route,
            What::Models => return self.viewer(to, &caller, head).await?.list(head.uri.query()),
            What::Model(id) => return self.viewer(to, &caller, head).await?.one(id),
        };
        // Boxed: it goes from step to step, and each would have room for it twice.
        let mut call = Box::new(Call::open(arrival, Addressed { route, target: to }, caller, head, &self.book));
        let mut stop = self.stop(&call.caller);
        let mut received = match stop.unless(self.receive(&mut call, head, body)).await {
            Ok(received) => received,
            Err(error) => return Err(failure::broken(call, error)),
        };
        self.pursue(call, stop, &mut received).await
    }

    /// Who looks at the models that he can use: no call of a model, so no receipt.
    async fn viewer(&self, to: &Target, caller: &Caller, head: &Head) -> Result<Viewer<'_>, Error> {
        may_call_models(caller)?;
        let id = service::workspace_of(caller, &head.headers, &self.parts.plane.directory).await?;
        let (workspace, _) = self.workspace(id).await?;
        let plan = self.plan(&workspace)?;
        let grounds = Grounds { plan, catalogue: &self.parts.catalogue, upstreams: &self.parts.upstreams };
        Ok(Viewer { grounds, workspace, protocol: to.protocol })
    }

    /// Reads what is asked, and for whom. Of a large form no more is read than tells its model.
    async fn receive<'a>(&self, call: &mut Call, head: &'a Head, body: Arriving) -> Result<Received<'a>, Error> {
        may_call_models(&call.caller)?;
        let Plane { limits, body_room: room, .. } = &self.parts.plane;
        let route = call.route;
        let (body, asked) = if route.verb == Verb::Post {
            read::begin(limits, room, &head.headers, body, |sent| Opening::of(sent, route).map(Box::new)).await?
        } else {
            (read::nothing(room)?, None)
        };
        let asked = match asked {
            Some(asked) => asked,
            None => look_into(&body, route).await?,
        };
        note_asked(call, &body, &asked);
        service::act_for(call, &head.headers, &self.parts.plane.directory).await?;
        Ok(Received { head, body, asked })
    }

    /// Reads what is still to come of a body that must be seen whole before it goes out.
    async fn complete(&self, call: &mut Call, received: &mut Received<'_>) -> Result<(), Error> {
        received.body = read::complete(&self.parts.plane.limits, &self.parts.plane.body_room, &received.body).await?;
        received.asked = look_into(&received.body, call.route).await?;
        note_asked(call, &received.body, &received.asked);
        Ok(())
    }

    /// Decides and sends, anew as long as the workspace changes in between.
    async fn pursue(
        &self,
        mut call: Box<Call>,
        mut stop: Stop,
        received: &mut Received<'_>,
    ) -> Result<Response<Body>, Error> {
        // From here on it is known for whom the call is, and it ends with that workspace too.
        let mut stop = match stop.unless(self.workspace(call.workspace)).await {
            Ok((workspace, _)) => stop.of(&workspace),
            Err(error) => return Err(failure::broken(call, error)),
        };
        let mut failed: Option<(Failure, FallbackClass, Option<Held>)> = None;
        for _ in 0..DECISIONS_MAX {
            let class = failed.as_ref().map(|(_, class, _)| *class);
            let departure = match stop.unless(self.prepare(&mut call, received, class)).await {
                Ok(departure) => departure,
                Err(error) => {
                    // Nobody steps in, so what had failed is told, and charged as if nobody had been asked.
                    let Some((failure, _, held)) = failed else { return Err(failure::broken(call, error)) };
                    call.receipt.funded_as_before(held);
                    call.receipt.not_followed(&error);
                    return failure.tell(call);
                }
            };
            call.fallback = class;
            match departure.go(call).await {
                Went::Answered(answer) => return answer,
                Went::Outdated(again) => call = again,
                Went::Failed(again, failure, class) => {
                    call = again;
                    call.receipt.attempt_failed();
                    failed = Some((failure, class, call.receipt.funds()));
                }
            }
            call.fallback = None;
        }
        Err(failure::broken(call, Error::overloaded("The workspace changes too fast. Try again shortly.")))
    }

    /// Makes the call ready to go out; one that must be seen whole is read to its end first, and then decided anew.
    async fn prepare(
        &self,
        call: &mut Call,
        received: &mut Received<'_>,
        failed: Option<FallbackClass>,
    ) -> Result<Box<Departure>, Error> {
        if let Some(departure) = self.prepare_begun(call, received, failed).await? {
            return Ok(departure);
        }
        self.complete(call, received).await?;
        let departure = self.prepare_begun(call, received, failed).await?;
        departure.ok_or_else(read::broke_off)
    }

    /// The steps until the call can go out; nothing if it must be seen whole for that, and only its beginning is there.
    async fn prepare_begun(
        &self,
        call: &mut Call,
        received: &Received<'_>,
        failed: Option<FallbackClass>,
    ) -> Result<Option<Box<Departure>>, Error> {
        let Received { head, asked, body } = received;
        self.confirm(call, head).await?;
        let (workspace, since) = self.workspace(call.workspace).await?;
        let plan = self.plan(&workspace)?;
        let grounds = Grounds { plan, catalogue: &self.parts.catalogue, upstreams: &self.parts.upstreams };
        let model = match &asked.model {
            Some(named) => Some(self.model(call, &grounds, &workspace, named)?),
            None => None,
        };
        let model = decide::resolve(&self.parts.catalogue, call.protocol, model)?;
        let model = model.at(call.route, &self.parts.managed_paths);
        let decision = match failed {
            None => decide(&grounds, &model, Arc::clone(&workspace), since)?,
            Some(failure) => fallback::decide(&grounds, &model, (Arc::clone(&workspace), since), failure)?,
        };
        let may_fall_back = failed.is_none() && fallback::is_allowed(&head.headers)?;
        let consents = if may_fall_back { fallback::consents(&grounds, &model, &workspace) } else { Vec::new() };
        if body.rest.is_some() && (!consents.is_empty() || self.must_be_seen(call, &decision)) {
            return Ok(None);
        }
        let key = key_for(&self.parts.keyring, &decision)?;
        let funding = self.conditions(call, received, &model, &decision).await?;
        admit(call, &decision, funding).await?;
        let departure = self.depart(call, received, &decision, key)?;
        Ok(Some(Box::new(Departure { consents, ..departure })))
    }

    /// Makes sure of the caller before each decision: his key may have been revoked or have expired while the body
    /// came, or just before the call went out.
    async fn confirm(&self, call: &mut Call, head: &Head) -> Result<(), Error> {
        let Plane { directory, hasher, clock, .. } = &self.parts.plane;
        let now = clock();
        if !call.caller.may_call(now) {
            call.caller = identify(directory, hasher, &head.headers, now).await?;
        }
        Ok(())
    }

    /// What may end a call of that caller early.
    fn stop(&self, caller: &Arc<Caller>) -> Stop {
        Stop::new(self.parts.plane.cut_off.subscribe(), &self.parts.plane.directory, caller)
    }

    /// The model that the call's name for it means in that workspace; the receipt tells of the agent that was named.
    fn model<'a>(
        &self,
        call: &mut Call,
        grounds: &Grounds<'a>,
        workspace: &'a Workspace,
        named: &'a str,
    ) -> Result<&'a str, Error> {
        let wanted = agents::wanted(grounds, workspace, named)?;
        if let Some(agent) = wanted.agent {
            call.receipt.note(|receipt| {
                receipt.agent = Some(agent.into());
                receipt.model = kept(bare(wanted.model));
            });
        }
        Ok(wanted.model)
    }

    /// Makes the call ready to go out with that key.
    fn depart(
        &self,
        call: &mut Call,
        received: &Received<'_>,
        decision: &Decision<'_>,
        key: Arc<ProviderKey>,
    ) -> Result<Departure, Error> {
        let Received { head, body, asked } = received;
        let query: Vec<u8> = percent_decode_str(head.uri.query().unwrap_or_default()).collect();
        if platform_key::appears_in(&query) || platform_key::appears_in(call.path.as_bytes()) {
            return Err(Error::bad_request("The path or query holds a platform key. Send it in a header."));
        }
        let lease = Lease {
            directory: Arc::clone(&self.parts.plane.directory),
            since: decision.since,
            workspace: Arc::clone(&decision.workspace),
            caller: Arc::clone(&call.caller),
            clock: self.parts.plane.clock,
        };
        let wants_usage = self.parts.ask_usage || decision.payer.kind() == PayerKind::Managed;
        let asks_usage = wants_usage && asked.stream && !asked.include_usage;
        let edits = Edits { model: decision.model, include_usage: asks_usage, output_limit: decision.output_limit };
        let edited = edit(&body.bytes, call.route, asked, edits);
        let path = paths::below_base(decision.provider, &call.path);
        let query = headers::forwarded_query(head.uri.query(), decision.payer.kind(), call.route);
        let uri = decision.base.uri(path, query);
        let body = Outgoing::new(edited, lease, Arc::clone(&body.room)).then(body.rest.clone());
        let went_out = body.went_out();
        let request = Upstreamed::new(
            &decision.payer,
            Draft {
                provider: decision.provider,
                method: call.route.verb.method(),
                uri: uri.map_err(|_| Error::bad_request("The query string cannot be forwarded."))?,
                headers: &head.headers,
                key: &key,
                body,
            },
        )?;
        call.receipt.attempt(decision, went_out);
        Ok(Departure {
            client: self.parts.plane.client.clone(),
            request,
            head_timeout: self.parts.plane.limits.response_head,
            stop: self.stop(&call.caller).of(&decision.workspace),
            provider: decision.provider,
            payer: decision.payer.kind(),
            key,
            stream: asked.stream,
            answers: terms::answers(call.route, head.uri.query(), (asked, &received.body)),
            hide_usage: asks_usage && call.route.asks_usage(),
            watch: Watch::new(&self.parts.plane.limits, call.started),
            rest: self.parts.rest.clone(),
            consents: Vec::new(),
        })
    }

    async fn workspace(&self, id: WorkspaceId) -> Result<(Arc<Workspace>, Generation), Error> {
        match self.parts.plane.directory.workspace(id).await {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(Error::new(Code::Unauthorized, "The workspace of this platform key was deleted.")),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "workspaces can't be looked up");
                Err(Error::overloaded("The workspace cannot be looked up at the moment. Try again shortly."))
            }
        }
    }

    fn plan(&self, workspace: &Workspace) -> Result<&Plan, Error> {
        self.parts.plans.get(&workspace.plan).ok_or_else(|| {
            tracing::error!(workspace = %workspace.id, "the workspace's plan is not configured");
            Error::new(Code::PlanRequired, "The workspace's plan is not configured. Ask the operator.")
        })
    }
}

/// What a body asks for, of which all is there.
async fn look_into(body: &RequestBody, route: &'static Route) -> Result<Peek, Error> {
    let asked = on_body(body, move |sent| peek(sent, route)).await?;
    asked.map_err(|error| Error::bad_request(format!("Bad request: {error}.")))
}

fn note_asked(call: &mut Call, body: &RequestBody, asked: &Peek) {
    call.receipt.awaited(body.awaited);
    call.receipt.counted(asked.characters);
    call.receipt.note(|receipt| {
        receipt.model = asked.model.as_deref().map(bare).and_then(kept);
        receipt.stream = asked.stream;
    });
}

fn may_call_models(caller: &Caller) -> Result<(), Error> {
    if caller.may(Scope::Inference) || caller.may(Scope::InferenceAny) {
        return Ok(());
    }
    Err(Error::new(Code::Forbidden, "This platform key lacks the scope `inference`. Use one that has it."))
}
