//! What stands between a payer and a call: the closed world, the rate limits, and what it may cost.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use ownkey_domain::budget::Spender;
use ownkey_domain::hold::{self, Quote, Size, Unbounded};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::plan::Plan;
use ownkey_domain::response::ChainTokens;
use ownkey_domain::time::Timestamp;
use ownkey_providers::form::Payload;
use ownkey_providers::managed::{ClosedWorld, Shape};
use ownkey_providers::media::{Media, may_be_cached};
use ownkey_providers::peek::Previous;

use super::{Gateway, Received};
use crate::aside::on_body;
use crate::call::Call;
use crate::decide::{Asked, Decision};
use crate::error::Error;
use crate::funds::Funding;
use crate::rates::{Quota, Subject};
use crate::references;
use crate::terms::{self, Measures};

impl Gateway {
    /// What the call draws on and may cost at most, or why it may not go out.
    pub(super) async fn conditions(
        &self,
        call: &mut Call,
        received: &Received<'_>,
        model: &Asked<'_>,
        decision: &Decision<'_>,
    ) -> Result<Funding, Error> {
        let (request, body_bytes) = (&received.asked, received.body.length());
        let (route, provider, slice) = (call.route, decision.provider, self.parts.plane.limits.hold_slice);
        let measured = |shape, (media, may_be_cached), chain| {
            Measures { route, request, body_bytes, chain, shape, media, may_be_cached, slice }.size(decision)
        };
        let now = (self.parts.plane.clock)();
        let nothing_seen = measured(Shape::default(), (Media::default(), true), ChainTokens::NONE);
        let funding = quoted(self.funding(call, decision, now), model, &nothing_seen)?;
        let is_counted = funding.is_counted();
        let seen = self.look(call, received, (model, decision), &funding).await;
        // Being refused costs the work of a call, so it takes one too. Which limit is used up is told after all that is
        // wrong with the call itself.
        let seen = seen.inspect_err(|_| drop(self.take_turn(call, decision.plan, now)))?;
        let turn = self.take_turn(call, decision.plan, now);
        let shape = seen.unwrap_or_default();
        call.chain = self.chain(call, received, decision, shape).await?;
        turn?;
        let seen_in = move |sent: Payload<'_>| (Media::of(sent, route), may_be_cached(provider, sent.bytes));
        let seen_there = match is_counted && !model.is_free {
            true => on_body(&received.body, seen_in).await?,
            false => (Media::default(), true),
        };
        let size = measured(shape, seen_there, call.chain);
        // What tools do that the operator allows besides has no bound, of the files of a form only the heads are seen, and how
        // much speech or how large a picture becomes nobody can say.
        let is_extended = shape.has_tools && !self.parts.managed.tools.is_empty();
        let prompt = hold::prompt(model.model(), &size);
        let is_bound = prompt.is_some() && !is_extended && !route.is_form() && !route.is_guessed();
        call.receipt.prompted(prompt.unwrap_or(hold::tokens_of(size.body_bytes)), is_bound);
        match seen {
            Some(_) => quoted(funding, model, &size),
            None => Ok(funding.unpriced()),
        }
    }

    /// Looks through a call that must be known: what is sent on the operator's key, and what must not cost more than a
    /// budget has left. Nothing if something in that has no price, and the budget lets it pass.
    async fn look(
        &self,
        call: &mut Call,
        received: &Received<'_>,
        (model, decision): (&Asked<'_>, &Decision<'_>),
        funding: &Funding,
    ) -> Result<Option<Shape>, Error> {
        let Received { head, body, .. } = received;
        if decision.payer.kind() == PayerKind::Managed {
            terms::look_at_query(call.route, head.uri.query())?;
            let world = terms::closed_world(call.route, model, &head.headers, &self.parts.managed)?;
            return call.looked.through(body, world).await?.map(Some).map_err(terms::refused);
        }
        if !funding.is_bounded() || model.is_free {
            return Ok(Some(Shape::default()));
        }
        if !call.route.can_be_managed() {
            // What such a call may carry no table says, so it is taken for all that the model reads.
            return Ok(Some(Shape { refers: true, ..Shape::default() }));
        }
        // Headers turn features on, of which each has a member or a tool as well.
        let world = ClosedWorld::of(call.route, model.model(), &self.parts.managed).on_own_key();
        match call.looked.through(body, world).await? {
            Ok(shape) => Ok(Some(shape)),
            Err(objection) => funding.bears(&objection).map(|()| None),
        }
    }

    /// The conversation at the provider that the call goes on from. What one on an own key has, nobody here has seen.
    async fn chain(
        &self,
        call: &Call,
        received: &Received<'_>,
        decision: &Decision<'_>,
        shape: Shape,
    ) -> Result<ChainTokens, Error> {
        let previous = &received.asked.previous;
        match decision.payer.kind() {
            PayerKind::Managed => {
                references::look_at(&self.parts.plane.directory, call, decision.provider, previous).await
            }
            PayerKind::Byok if shape.refers || *previous != Previous::Nothing => Ok(ChainTokens::UNKNOWN),
            PayerKind::Byok => Ok(ChainTokens::NONE),
        }
    }

    /// Whether somebody must know what the call holds before it goes out: who counts what it may cost, and the operator on
    /// whose key it goes out.
    pub(super) fn must_be_seen(&self, call: &Call, decision: &Decision<'_>) -> bool {
        let now = (self.parts.plane.clock)();
        decision.payer.kind() == PayerKind::Managed || self.funding(call, decision, now).is_counted()
    }

    /// What the call draws on.
    fn funding(&self, call: &Call, decision: &Decision<'_>, now: Timestamp) -> Funding {
        let payer = decision.payer.kind();
        let spender = Spender { api_key: call.caller.id, agent: call.receipt.agent(), payer };
        Funding::of(call.id, &spender, decision, (call.receipt.rate(), now))
    }

    /// Takes the call from the quotas of its key and workspace, once however often it is decided.
    fn take_turn(&self, call: &mut Call, plan: &Plan, now: Timestamp) -> Result<(), Error> {
        if call.quotas.is_some() {
            return Ok(());
        }
        let key = Quota { requests: call.caller.requests_per_minute, tokens: call.caller.tokens_per_minute };
        let workspace = Quota { requests: plan.requests_per_minute, tokens: plan.tokens_per_minute };
        let quotas = [(Subject::Key(call.caller.id), key), (Subject::Workspace(call.workspace), workspace)];
        let taken = self.parts.plane.rates.admit(&quotas, call.started);
        let allowance = taken.map_err(|exceeded| exceeded.error(call.protocol, now))?;
        call.quotas = Some(allowance.headers(call.protocol, now));
        Ok(())
    }
}

/// The same for a call of that model and size, which costs so much at most; as it is if nobody counts that.
fn quoted(funding: Funding, model: &Asked<'_>, size: &Size) -> Result<Funding, Error> {
    match model.is_free {
        _ if !funding.is_counted() => Ok(funding),
        true => funding.quoted(Ok(Quote::NOTHING)),
        false => funding.quoted(model.model().ok_or(Unbounded::Price).and_then(|model| Quote::of(model, size))),
    }
}
