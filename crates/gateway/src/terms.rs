//! Between deciding and admitting: what a managed call may carry, and what a call would cost. Own-key calls carry what
//! they like, as far as no budget must know what that costs.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderMap;
use ownkey_domain::hold::Size;
use ownkey_domain::response::ChainTokens;
use ownkey_providers::managed::{
    ClosedWorld, Extensions, Objection, Shape, beta_header, look_at_beta, look_at_parameter,
};
use ownkey_providers::media::Media;
use ownkey_providers::paths::place_of;
use ownkey_providers::peek::Peek;
use ownkey_providers::route::Route;
use percent_encoding::percent_decode_str;

use crate::aside::on_body;
use crate::decide::{Asked, Decision};
use crate::error::{Code, Error};
use crate::read::RequestBody;

/// What a managed call may carry: only what is known to be priced goes out on the operator's key. Its model and its
/// headers are looked at here, its body is to be looked through.
pub fn closed_world(
    route: &'static Route,
    asked: &Asked<'_>,
    headers: &HeaderMap,
    extensions: &Arc<Extensions>,
) -> Result<ClosedWorld, Error> {
    if let Some(model) = asked.model().filter(|model| !route.serves(model.mode)) {
        let place = place_of(model.provider, model.mode);
        let advice =
            place.map_or_else(|| "its own path is not built yet".to_owned(), |path| format!("call it at {path}"));
        return Err(Error::bad_request(format!("This model is not served at {}: {advice}.", route.template)));
    }
    if let Some(header) = beta_header(asked.provider) {
        for value in headers.get_all(header) {
            let text = value.to_str();
            let text = text.map_err(|_| Error::bad_request(format!("The header {header} is not plain text.")))?;
            for beta in text.split(',').map(str::trim).filter(|beta| !beta.is_empty()) {
                look_at_beta(asked.provider, beta, extensions).map_err(refused)?;
            }
        }
    }
    Ok(ClosedWorld::of(route, asked.model(), extensions))
}

/// Looks at the query of a managed call, on paths where it is read.
pub fn look_at_query(route: &Route, query: Option<&str>) -> Result<(), Error> {
    if !route.takes_query() {
        return Ok(());
    }
    parameters(query).try_for_each(|name| look_at_parameter(route, &name).map_err(refused))
}

/// How many answers a stream that is asked for in that way has; 0 if nobody knows.
pub fn answers(route: &Route, query: Option<&str>, received: (&Peek, &RequestBody)) -> u32 {
    let (asked, body) = received;
    // A form may say that behind its files, and what goes on behind an event may be at its end.
    let is_unknown = body.rest.is_some() || parameters(query).any(|name| route.is_resumed_by(&name));
    asked.answers.unwrap_or(if is_unknown { 0 } else { 1 })
}

/// The names of the parameters of a query.
fn parameters(query: Option<&str>) -> impl Iterator<Item = Cow<'_, str>> {
    let parts = query.unwrap_or_default().split('&').filter(|part| !part.is_empty());
    parts.map(|part| {
        let name = part.split_once('=').map_or(part, |(name, _)| name);
        percent_decode_str(name).decode_utf8_lossy()
    })
}

/// What looking through a call's body has shown. A call that is decided again is looked through again only if
/// something else may be in it now.
#[derive(Default)]
pub struct Looked(Option<(ClosedWorld, Result<Shape, Objection>)>);

impl Looked {
    /// Looks through a body that is always the same one.
    pub async fn through(&mut self, body: &RequestBody, world: ClosedWorld) -> Result<Result<Shape, Objection>, Error> {
        if let Some((_, seen)) = self.0.as_ref().filter(|(before, _)| *before == world) {
            return Ok(seen.clone());
        }
        let look = world.clone();
        let seen = on_body(body, move |sent| look.look_through(sent)).await?;
        self.0 = Some((world, seen.clone()));
        Ok(seen)
    }
}

/// What the caller of a managed call is told of an objection.
pub fn refused(objection: Objection) -> Error {
    if let Some(error) = unreadable(&objection) {
        return error;
    }
    let advice = match objection {
        Objection::Untold(_) => "Ask for that, or add an own key",
        Objection::Unserved(_) => "Add an own key to call it",
        Objection::Reference(_) => "Send what it stands for in its place, or add an own key",
        _ => "Leave it out, or add an own key",
    };
    Error::new(Code::FeatureNotPriced, format!("Managed access cannot serve this call: {objection}. {advice}."))
}

/// The error of a body that says nothing of its price, because two readers could see two of them.
pub fn unreadable(objection: &Objection) -> Option<Error> {
    matches!(objection, Objection::Duplicate | Objection::Unreadable)
        .then(|| Error::bad_request(format!("Bad request: {objection}.")))
}

/// What a call is measured by.
pub struct Measures<'a> {
    /// What is called.
    pub route: &'static Route,
    /// What the call asks for.
    pub request: &'a Peek,
    /// Bytes of its body.
    pub body_bytes: usize,
    /// The conversation that it goes on from.
    pub chain: ChainTokens,
    /// What was found in it.
    pub shape: Shape,
    /// What of it is no text.
    pub media: Media,
    /// Whether its input may be written to a cache.
    pub may_be_cached: bool,
    /// Tokens of a stream that are held at a time.
    pub slice: u64,
}

impl Measures<'_> {
    /// How large it is, by that decision.
    pub fn size(&self, decision: &Decision<'_>) -> Size {
        let model = decision.model.unwrap_or_default();
        Size {
            body_bytes: u64::try_from(self.body_bytes).unwrap_or(u64::MAX).saturating_sub(self.media.bytes),
            media: self.media.tokens(decision.provider, model),
            seconds: self.media.seconds,
            // Tools of the provider's write to it unasked.
            writes_cache: self.may_be_cached || self.shape.has_tools,
            chain: self.chain,
            messages: self.shape.messages,
            prompts: self.request.prompts.map_or(1, u64::from),
            has_tools: self.shape.has_tools,
            output_limit: self.output_limit(decision),
            answers: self.request.answers.map_or(1, u64::from),
            slice: self.route.shows_output(self.request, model).then_some(self.slice),
            characters: self.request.characters,
            tiers: self.shape.tiers,
        }
    }

    fn output_limit(&self, decision: &Decision<'_>) -> Option<u64> {
        match self.route.has_output {
            true if self.route.takes_limit() => self.request.output_limit.or(decision.output_limit).map(u64::from),
            // As much as such a call makes of what was sent, or else as the model gives.
            true => self.route.makes(self.request),
            false => Some(0),
        }
    }
}
