//! Between deciding and admitting: what a managed call may carry, and what it would cost. Own-key calls carry what
//! they like.

use http::HeaderMap;
use ownkey_domain::hold::{Size, hold};
use ownkey_domain::money::{CreditRate, MicroCredits};
use ownkey_domain::plan::Plan;
use ownkey_providers::form::Payload;
use ownkey_providers::managed::{Extensions, Objection, Shape, look_at_beta, look_through};
use ownkey_providers::peek::Peek;
use ownkey_providers::route::Route;

use crate::decide::Asked;
use crate::error::{Code, Error};

const BETA: &str = "anthropic-beta";

/// Looks through a managed call: only what is known to be priced goes out on the operator's key.
pub fn closed_world(
    route: &Route,
    asked: &Asked<'_>,
    headers: &HeaderMap,
    body: Payload<'_>,
    extensions: &Extensions,
) -> Result<Shape, Error> {
    for value in headers.get_all(BETA) {
        let text = value.to_str().map_err(|_| Error::bad_request("The header anthropic-beta is not plain text."))?;
        for beta in text.split(',').map(str::trim).filter(|beta| !beta.is_empty()) {
            look_at_beta(asked.provider, beta, extensions).map_err(refused)?;
        }
    }
    look_through(route, asked.model(), body, extensions).map_err(refused)
}

fn refused(objection: Objection) -> Error {
    match objection {
        Objection::Duplicate => Error::bad_request("A member of the request body is there more than once."),
        other => Error::new(
            Code::FeatureNotPriced,
            format!("Managed access cannot serve this call: {other}. Leave it out, or add an own key."),
        ),
    }
}

/// What a managed call is measured by.
pub struct Bill<'a> {
    /// The workspace's plan.
    pub plan: &'a Plan,
    /// What a credit is worth.
    pub rate: Option<&'a CreditRate>,
    /// What is called.
    pub route: &'a Route,
    /// What the call asks for.
    pub request: &'a Peek,
    /// Bytes of its body.
    pub body_bytes: usize,
    /// What was found in it.
    pub shape: Shape,
}

impl Bill<'_> {
    /// Whether the workspace can pay. Until there is a ledger every balance is 0, so a call that draws on credits or
    /// on a counted allowance is refused: nothing is served for free by mistake.
    pub fn check_funds(&self, asked: &Asked<'_>) -> Result<(), Error> {
        if !self.plan.draws_on_credits() || asked.is_free {
            return Ok(());
        }
        let size = Size {
            body_bytes: u64::try_from(self.body_bytes).unwrap_or(u64::MAX),
            messages: self.shape.messages,
            has_tools: self.shape.has_tools,
            output_limit: self.output_limit().map(u64::from),
            answers: self.request.answers.map_or(1, u64::from),
            stream: self.request.stream,
        };
        let cost = asked.model().and_then(|model| hold(model, &size));
        let needed = cost.and_then(|cost| self.rate?.credits(cost));
        if needed == Some(MicroCredits::ZERO) {
            return Ok(());
        }
        let needed = needed.map_or_else(|| "an unknown number of".to_owned(), |credits| credits.to_string());
        let balance = MicroCredits::ZERO;
        let message = format!(
            "This call needs a hold of {needed} credits and the balance is {balance}, so an output limit of 0 tokens \
             would fit. Add credits, or add an own key."
        );
        Err(Error::new(Code::InsufficientCredits, message))
    }

    fn output_limit(&self) -> Option<u32> {
        match self.route.has_output {
            true if self.route.takes_limit() => self.request.output_limit.or(self.plan.output_limit),
            // As much as the model gives.
            true => None,
            false => Some(0),
        }
    }
}
