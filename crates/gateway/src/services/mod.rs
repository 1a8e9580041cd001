//! Metered services: what a product does for its workspaces besides calls of models, at `/services/{name}/…`. It
//! always draws on credits as the plan says, whoever's key pays for models.
//!
//! The way of such a call is that of a call of a model, with the same edge, callers, limits and receipts; what it is
//! charged is counted in the service's own unit. Names of the steps: [`path`], identify, read, [`admit`], forward,
//! [`answer`] and [`relay`]; its end is written down by [`receipt`].

mod admit;
mod answer;
mod call;
mod config;
mod path;
pub(crate) mod problem;
pub(crate) mod receipt;
pub(crate) mod relay;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use http::header::{ALLOW, HeaderName, HeaderValue};
use http::request::Parts as Head;
use http::{Method, Request, Response, StatusCode};
use ownkey_domain::id::{RequestId, WorkspaceId};
use ownkey_domain::plan::Plan;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::scope::Scope;
use ownkey_domain::service::COST_MAX;
use ownkey_domain::time::Timestamp;

pub use self::admit::Admitted;
use self::admit::admit;
use self::answer::{Answer, is_readable, relay};
use self::call::Call;
pub use self::config::{Credential, Metered, Reach};
use self::problem::Problem;
use self::receipt::{Book, OpenReceipt, Terms};
use crate::aside::on_body;
use crate::body::Body;
use crate::directory::{Caller, Generation, Workspace};
use crate::edge::Arriving;
use crate::error::{Code, Error};
use crate::forward::{Lease, Sent, Upstreamed, forward};
use crate::identify::identify;
use crate::limits::{DECISIONS_MAX, Limits};
use crate::plane::Plane;
use crate::rates::{Quota, Subject};
use crate::read::{RequestBody, read};
use crate::relay::Watch;
use crate::settle::kept;
use crate::stop::Stop;
use crate::{edge, service};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-ownkey-request-id");
const METHODS: [Method; 6] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// What serving services takes.
pub struct Parts {
    /// What all calls are made with.
    pub plane: Plane,
    /// Plans by id.
    pub plans: Arc<BTreeMap<String, Plan>>,
    /// The services by name.
    pub services: Arc<BTreeMap<String, Metered>>,
}

/// The metered services.
pub struct Services {
    parts: Parts,
    book: Arc<Book>,
}

/// For whom a call is, and the state of the directory that tells.
type Beneficiary = (Arc<Workspace>, Generation);

impl Services {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let book =
            Arc::new(Book { ledger: Arc::clone(&parts.plane.ledger), metrics: Arc::clone(&parts.plane.metrics) });
        Self { parts, book }
    }

    /// Whether a path is a service's.
    pub fn serves(path: &str) -> bool {
        path::parse(path).is_some()
    }

    /// Tells a bug in a call.
    pub fn broken(error: Error) -> Response<Body> {
        Problem::from(error).respond()
    }

    /// Answers a request. Dropped when the caller leaves; the receipt is written all the same.
    pub async fn handle(&self, request: Box<Request<Arriving>>) -> Response<Body> {
        let (at, started) = ((self.parts.plane.clock)(), Instant::now());
        let id = (self.parts.plane.new_id)(at);
        let (head, body) = request.into_parts();
        let answered = self.answer((id, at, started), &head, body).await;
        let mut response = answered.unwrap_or_else(Problem::respond);
        if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    }

    async fn answer(
        &self,
        (id, at, started): (RequestId, Timestamp, Instant),
        head: &Head,
        body: Arriving,
    ) -> Result<Response<Body>, Problem> {
        if let Some(what) = edge::ambiguity(head) {
            return Err(Error::bad_request(format!("The request is ambiguous: {what}.")).into());
        }
        let path = path::parse(head.uri.path()).ok_or_else(no_service)?;
        let caller = identify(&self.parts.plane.directory, &self.parts.plane.hasher, &head.headers, at).await?;
        // What callers make up is not kept.
        let name = self.parts.services.get_key_value(path.name).map_or("{name}", |(name, _)| name);
        let draft = Receipt::draft(id, at, caller.workspace, format!("/services/{name}"));
        let draft = Receipt { api_key: Some(caller.id), ..draft };
        let receipt = OpenReceipt::new(draft, started, Arc::clone(&self.book));
        let mut call = Call { id, started, head, path, caller, receipt };
        match self.carry(&mut call, body).await {
            Ok(answer) => relay(call.receipt, answer).await,
            Err(problem) => Err(problem.ending(call.receipt)),
        }
    }

    /// The steps between knowing the caller and having the service's head.
    async fn carry(&self, call: &mut Call<'_>, body: Arriving) -> Result<Answer, Problem> {
        let mut stop = self.stop(&call.caller);
        let (metered, reach) = self.service(call)?;
        let body = stop.unless(self.receive(call, reach, body)).await?;
        let (workspace, since) = stop.unless(self.act_for(call)).await?;
        let mut stop = stop.of(&workspace);
        // A shortage has more to tell than an error, so it is told apart.
        let outcome = stop.unless(async { Ok(self.pursue(call, (metered, reach), &body, (workspace, since)).await) });
        outcome.await?
    }

    /// The service, if the caller may call any and this is one.
    fn service(&self, call: &Call<'_>) -> Result<(&Metered, &Reach), Error> {
        if !call.caller.may(Scope::Services) && !call.caller.may(Scope::InferenceAny) {
            return Err(Error::new(
                Code::Forbidden,
                "This platform key lacks the scope `services`. Use one that has it.",
            ));
        }
        let metered = self.parts.services.get(call.path.name).ok_or_else(no_service)?;
        let reach = metered.reach.as_ref().ok_or_else(|| {
            Error::new(Code::PathNotSupported, "This service is not called here. Its use is told to `service-usage`.")
        })?;
        if !METHODS.contains(&call.head.method) {
            let allow = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
            let error = Error::new(Code::PathNotSupported, "Services do not take this method.");
            return Err(error.with_status(StatusCode::METHOD_NOT_ALLOWED).with_header(ALLOW, allow));
        }
        call.path.check(call.head.uri.query())?;
        Ok((metered, reach))
    }

    async fn receive(&self, call: &mut Call<'_>, reach: &Reach, body: Arriving) -> Result<RequestBody, Error> {
        let all = &self.parts.plane.limits;
        let most = reach.body_bytes_max.map_or(all.body_bytes_max, |most| most.min(all.body_bytes_max));
        let limits = Limits { body_bytes_max: most, ..all.clone() };
        let body = read(&limits, &self.parts.plane.body_room, &call.head.headers, body).await?;
        call.receipt.awaited(body.awaited);
        Ok(body)
    }

    /// For whom the call is: with a service key that which it names.
    async fn act_for(&self, call: &mut Call<'_>) -> Result<Beneficiary, Error> {
        let headers = &call.head.headers;
        let id = service::workspace_of(&call.caller, headers, &self.parts.plane.directory).await?;
        if call.caller.may(Scope::InferenceAny) {
            let (agent, user) =
                (service::recorded(headers, service::AGENT)?, service::recorded(headers, service::USER)?);
            call.receipt.note(|receipt| (receipt.workspace, receipt.agent, receipt.user) = (id, agent, user));
        }
        let client_request_id = headers.get("x-client-request-id").and_then(|value| value.to_str().ok());
        call.receipt.note(|receipt| receipt.client_request_id = client_request_id.and_then(kept));
        self.workspace(id).await
    }

    /// Admits the call and sends it, anew as long as the workspace changes in between.
    async fn pursue(
        &self,
        call: &mut Call<'_>,
        (metered, reach): (&Metered, &Reach),
        body: &RequestBody,
        (mut workspace, mut since): Beneficiary,
    ) -> Result<Answer, Problem> {
        let measure = metered.measure.clone();
        let bound = on_body(body, move |sent| measure.bound(sent)).await?;
        let bound =
            bound.map_err(|error| Error::bad_request(format!("This service can't serve the request: {error}.")))?;
        let plan = self.plan(&workspace)?;
        self.take_turn(call, plan, workspace.id)?;
        let draw = plan.draw_for_services((self.parts.plane.clock)(), workspace.period_anchor);
        let terms = Terms::new(metered.service.clone(), bound, draw).ok_or_else(too_dear)?;
        call.receipt.on(terms.clone());
        let credential = reach.credential.as_ref().ok_or_else(|| {
            let message = "The operator's credential for this service is not configured. Ask the operator.";
            Error::new(Code::ManagedUnavailable, message)
        })?;
        let admitted = admit(&*self.parts.plane.ledger, (call.id, workspace.id), &terms, call.receipt.so_far()).await?;
        for _ in 0..DECISIONS_MAX {
            self.confirm(call).await?;
            let lease = Lease {
                directory: Arc::clone(&self.parts.plane.directory),
                since,
                workspace: Arc::clone(&workspace),
                caller: Arc::clone(&call.caller),
                clock: self.parts.plane.clock,
            };
            let request = call.request((reach, credential), body, lease)?;
            call.receipt.attempt(request.body().went_out());
            match forward(&self.parts.plane.client, Upstreamed::to_service(&admitted, request), reach.timeout).await? {
                Sent::Answered(response) => {
                    let meter = metered.measure.meter(bound, is_readable(response.headers()));
                    let watch = Watch { idle: reach.timeout, ..Watch::new(&self.parts.plane.limits, call.started) };
                    let (stop, secret) = (self.stop(&call.caller).of(&workspace), Arc::clone(&credential.secret));
                    return Ok(Answer { response, secret, meter, watch, stop });
                }
                Sent::Outdated => {
                    call.receipt.withdraw_attempt();
                    (workspace, since) = self.workspace(workspace.id).await?;
                }
            }
        }
        Err(Error::overloaded("The workspace changes too fast. Try again shortly.").into())
    }

    /// Makes sure of the caller just before his call goes out: his key may have been revoked while the body came.
    async fn confirm(&self, call: &mut Call<'_>) -> Result<(), Error> {
        let now = (self.parts.plane.clock)();
        if !call.caller.may_call(now) {
            call.caller =
                identify(&self.parts.plane.directory, &self.parts.plane.hasher, &call.head.headers, now).await?;
        }
        Ok(())
    }

    /// Takes the call from the quotas of its key and workspace.
    fn take_turn(&self, call: &Call<'_>, plan: &Plan, workspace: WorkspaceId) -> Result<(), Error> {
        // Tokens are those of models.
        let requests = |requests| Quota { requests, tokens: None };
        let key = (Subject::Key(call.caller.id), requests(call.caller.requests_per_minute));
        let workspace = (Subject::Workspace(workspace), requests(plan.requests_per_minute));
        self.parts.plane.rates.admit(&[key, workspace], call.started).map_err(|exceeded| exceeded.plain())?;
        Ok(())
    }

    /// What may end a call of that caller early.
    fn stop(&self, caller: &Arc<Caller>) -> Stop {
        Stop::new(self.parts.plane.cut_off.subscribe(), &self.parts.plane.directory, caller)
    }

    async fn workspace(&self, id: WorkspaceId) -> Result<Beneficiary, Error> {
        let found = self.parts.plane.directory.workspace(id).await.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "workspaces can't be looked up");
            Error::overloaded("The workspace cannot be looked up at the moment. Try again shortly.")
        })?;
        found.ok_or_else(|| Error::new(Code::Unauthorized, "The workspace of this platform key was deleted."))
    }

    fn plan(&self, workspace: &Workspace) -> Result<&Plan, Error> {
        self.parts.plans.get(&workspace.plan).ok_or_else(|| {
            tracing::error!(workspace = %workspace.id, "the workspace's plan is not configured");
            Error::new(Code::PlanRequired, "The workspace's plan is not configured. Ask the operator.")
        })
    }
}

fn too_dear() -> Error {
    Error::bad_request(format!("This request could cost more than {COST_MAX} credits, the most of any. Send less."))
}

fn no_service() -> Error {
    Error::new(
        Code::PathNotSupported,
        "There is no such service. `GET /api/v1/workspaces/current/services` lists them.",
    )
}
