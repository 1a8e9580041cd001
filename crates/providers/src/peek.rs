//! Looks into a request body for what Ownkey acts on, and edits those places on the bytes. The rest is never
//! re-serialised: what is checked here is what the provider gets.
//!
//! The whole body is parsed as JSON, so that it can't mean one thing here and another there: a member of those read
//! that stands twice, nesting beyond [`DEPTH_MAX`], or a value of a wrong type is an error.

mod edit;
mod fields;
mod members;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub use edit::{Edits, edit};
pub use fields::{Opening, Remainder};
pub use members::Flaw;

use ownkey_domain::response::ResponseId;

use crate::form::{Payload, is_form};
use crate::route::{Body, Route};

/// The deepest nesting that is read.
pub const DEPTH_MAX: usize = 127;
/// Longer than any model's name.
const MODEL_LEN_MAX: usize = 256;

/// Why a body can't be forwarded. Names a member at most, and never quotes a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeekError {
    /// Not JSON, or nested too deeply.
    #[error("the request body is not valid JSON, or is nested more than {DEPTH_MAX} levels deep{0}")]
    NotJson(Flaw),
    /// JSON, but not an object.
    #[error("the request body is not a JSON object")]
    NotAnObject,
    /// No form, or one that readers could take apart differently.
    #[error("the request body is not a form of the usual kind, multipart/form-data with named parts")]
    NotAForm,
    /// A member stands twice.
    #[error("`{0}` is in the request body more than once")]
    Duplicate(&'static str),
    /// A member has a value of another type than it must have.
    #[error("`{member}` must be {expected}")]
    WrongType {
        /// The member.
        member: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

/// What was found. A member that is absent or `null` is `None`; thinking that is turned off in so many words hides output
/// too, which costs a larger hold and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Peek {
    /// The model asked for.
    pub model: Option<String>,
    /// Whether a stream is asked for.
    pub stream: bool,
    /// Whether the caller asked for usage in the stream, where a stream must be asked.
    pub include_usage: bool,
    /// The output limit; the larger one, if it stands there by two names.
    pub output_limit: Option<u32>,
    /// How many prompts it is a list of, where there may be several.
    pub prompts: Option<u32>,
    /// How many answers are asked for, to all prompts together.
    pub answers: Option<u32>,
    /// Whether output is billed that nobody sees: what the model thinks, or what of a prediction it did not take.
    pub hides: bool,
    /// How many characters the text has, where they are counted.
    pub characters: Option<u64>,
    /// What it goes on from.
    pub previous: Previous,
    /// Whether the answer is to be made while nobody waits for it. What it used, another call may tell.
    pub background: bool,
    places: Places,
}

/// What a request says that it goes on from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Previous {
    /// From nothing.
    #[default]
    Nothing,
    /// From that response.
    Response(ResponseId),
    /// From something that is no id of a response. The provider will say so.
    NoId,
}

/// Where the things that can be edited are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Places {
    /// Whether the body is a form.
    is_form: bool,
    /// Just behind the brace that opens the body.
    start: usize,
    /// Whether the body has no members.
    is_empty: bool,
    /// The model with its quotes.
    model: Option<Range<usize>>,
    /// The values of the output limit by its names, also `null`.
    limits: Vec<(&'static str, Range<usize>)>,
    /// The value of `stream_options`, also a `null`.
    stream_options: Option<Range<usize>>,
    /// Inside it: just behind its brace, and whether it has no members.
    options_start: Option<(usize, bool)>,
    /// The value of its `include_usage`.
    include_usage: Option<Range<usize>>,
}

/// Looks into the body of a call.
pub fn peek(sent: Payload<'_>, route: &Route) -> Result<Peek, PeekError> {
    if let Body::Ignored = route.body {
        return Ok(Peek::default());
    }
    if is_form(route, sent.kind) {
        return fields::peek(sent, route);
    }
    let acted_on = route.members();
    let body = sent.bytes;
    let mut wanted = Vec::with_capacity(WANTED_USUAL);
    wanted.extend([MODEL, STREAM]);
    wanted.extend_from_slice(acted_on.limits);
    wanted.extend_from_slice(acted_on.answers);
    wanted.extend(acted_on.prompts);
    wanted.extend(acted_on.counted);
    if acted_on.asks_usage {
        wanted.push(OPTIONS);
    }
    wanted.extend(acted_on.hides);
    wanted.extend(acted_on.previous);
    wanted.extend(acted_on.background);
    let top = members::read(body, &wanted)?;
    let prompts = acted_on.prompts.map(|member| top.prompts(member));
    let mut peek = Peek {
        model: if acted_on.null_model { top.text_or_null(MODEL)? } else { top.text(MODEL)? },
        stream: top.flag(STREAM)?.unwrap_or(false),
        output_limit: top.largest(acted_on.limits)?,
        prompts,
        answers: match prompts {
            Some(prompts @ 2..) => Some(top.largest(acted_on.answers)?.unwrap_or(1).max(1).saturating_mul(prompts)),
            _ => top.largest(acted_on.answers)?,
        },
        hides: acted_on.hides.and_then(|name| top.value(name)).is_some_and(|value| !value.is_null()),
        characters: acted_on.counted.and_then(|member| top.characters(member)),
        previous: match acted_on.previous.and_then(|name| top.value(name)) {
            Some(value) => value.previous().map_err(|_| members::not_json(body))?,
            None => Previous::Nothing,
        },
        background: acted_on.background.map_or(Ok(None), |name| top.flag(name))?.unwrap_or(false),
        places: Places {
            start: top.start,
            is_empty: top.is_empty,
            model: top.span(MODEL),
            limits: acted_on.limits.iter().filter_map(|name| Some((*name, top.span(name)?))).collect(),
            ..Places::default()
        },
        ..Peek::default()
    };
    if acted_on.asks_usage {
        peek.look_into_options(&top)?;
    }
    Ok(peek)
}

/// No path acts on more members than that.
const WANTED_USUAL: usize = 16;

const MODEL: &str = "model";
const STREAM: &str = "stream";
const OPTIONS: &str = "stream_options";
const INCLUDE_USAGE: &str = "include_usage";

impl Peek {
    fn look_into_options(&mut self, top: &members::Members<'_>) -> Result<(), PeekError> {
        let Some(value) = top.value(OPTIONS) else { return Ok(()) };
        let span = value.span();
        if !value.is_null() {
            let options = members::read(value.bytes(), &[INCLUDE_USAGE]).map_err(|error| match error {
                PeekError::NotAnObject => PeekError::WrongType { member: OPTIONS, expected: "an object" },
                other => other,
            })?;
            self.include_usage = options.flag(INCLUDE_USAGE)?.unwrap_or(false);
            let shift = |inner: Range<usize>| span.start + inner.start..span.start + inner.end;
            self.places.include_usage = options.span(INCLUDE_USAGE).map(shift);
            self.places.options_start = Some((span.start + options.start, options.is_empty));
        }
        self.places.stream_options = Some(span);
        Ok(())
    }
}
