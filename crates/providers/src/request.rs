//! What a request body asks for, and the few edits it gets. The body is read once, by borrowing; what is forwarded
//! are the caller's own bytes with nothing changed but the edits.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The members that Ownkey acts on. Twice the same one is refused: what is checked must be what is sent.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
    #[serde(borrow, default)]
    stream: Option<&'a RawValue>,
    #[serde(borrow, default)]
    stream_options: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct StreamOptions<'a> {
    #[serde(borrow, default)]
    include_usage: Option<&'a RawValue>,
}

/// What a request body asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The model named, if any.
    pub model: Option<String>,
    /// Whether a stream is wanted.
    pub stream: bool,
    /// Whether the caller asked for the usage of a stream himself.
    pub wants_usage: bool,
    model_at: Option<Range<usize>>,
    object_at: usize,
    usage_at: UsageAt,
}

/// Where `stream_options.include_usage` is, or would go.
#[derive(Debug, Clone, PartialEq, Eq)]
enum UsageAt {
    /// No options: they go at the start of the body.
    Nowhere,
    /// `null` in place of options.
    Null(Range<usize>),
    /// Options without it: it goes at their start, before other members if there are any.
    Options { start: usize, is_empty: bool },
    /// Here.
    Value(Range<usize>),
}

/// Why a body can't be understood. Names members of the API only, never what the caller wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// Not JSON, cut off, or nested deeper than 128 levels.
    #[error("the body is not valid JSON, or is nested too deeply")]
    NotJson,
    /// JSON, but no object.
    #[error("the body must be a JSON object")]
    NotObject,
    /// A member stands twice.
    #[error("a member that decides about the call stands twice in the body")]
    Duplicate,
    /// A member has the wrong type.
    #[error("`{0}` has the wrong type")]
    Type(&'static str),
}

/// Longest model name that is taken.
const MODEL_BYTES_MAX: usize = 512;

/// Reads what a body asks for.
pub fn understand(body: &[u8]) -> Result<Asked, BadRequest> {
    let first = body.iter().position(|b| !b.is_ascii_whitespace()).ok_or(BadRequest::NotJson)?;
    let members: Members<'_> = serde_json::from_slice(body).map_err(|error| told(&error, body[first]))?;
    // A sequence would fill a struct by position: only an object is meant.
    if body[first] != b'{' {
        return Err(BadRequest::NotObject);
    }
    let model = members.model.filter(|raw| raw.get() != "null");
    let options = members.stream_options;
    let usage_at = options.map_or(Ok(UsageAt::Nowhere), |raw| usage_at(body, raw))?;
    let wants_usage = matches!(&usage_at, UsageAt::Value(at) if &body[at.clone()] == b"true");
    Ok(Asked {
        model: model.map(model_name).transpose()?,
        stream: members.stream.map_or(Ok(false), |raw| boolean(raw, "stream"))?,
        wants_usage,
        model_at: model.map(|raw| span(body, raw)),
        object_at: first + 1,
        usage_at,
    })
}

impl Asked {
    /// The body to send: the caller's bytes, but for the model's name if it differs and for asking a stream's
    /// usage where `ask_usage` says so.
    pub fn edit(&self, body: &Bytes, model: Option<&str>, ask_usage: bool) -> Bytes {
        let mut edits: Vec<(Range<usize>, Cow<'static, str>)> = Vec::new();
        if let (Some(at), Some(name)) = (&self.model_at, model)
            && self.model.as_deref() != Some(name)
        {
            edits.push((at.clone(), serde_json::Value::from(name).to_string().into()));
        }
        if ask_usage && !self.wants_usage {
            edits.push(self.ask_usage());
        }
        if edits.is_empty() {
            return body.clone();
        }
        edits.sort_by_key(|(at, _)| at.start);
        let mut out = Vec::with_capacity(body.len() + 64);
        let mut from = 0;
        for (at, text) in edits {
            out.extend_from_slice(&body[from..at.start]);
            out.extend_from_slice(text.as_bytes());
            from = at.end;
        }
        out.extend_from_slice(&body[from..]);
        Bytes::from(out)
    }

    fn ask_usage(&self) -> (Range<usize>, Cow<'static, str>) {
        match &self.usage_at {
            // The body asks for a stream, so it has members after this one.
            UsageAt::Nowhere => (self.object_at..self.object_at, r#""stream_options":{"include_usage":true},"#.into()),
            UsageAt::Null(at) => (at.clone(), r#"{"include_usage":true}"#.into()),
            UsageAt::Options { start, is_empty: true } => (*start..*start, r#""include_usage":true"#.into()),
            UsageAt::Options { start, is_empty: false } => (*start..*start, r#""include_usage":true,"#.into()),
            UsageAt::Value(at) => (at.clone(), "true".into()),
        }
    }
}

fn told(error: &serde_json::Error, first: u8) -> BadRequest {
    match error.classify() {
        serde_json::error::Category::Data if first != b'{' => BadRequest::NotObject,
        serde_json::error::Category::Data => BadRequest::Duplicate,
        _ => BadRequest::NotJson,
    }
}

fn usage_at(body: &[u8], raw: &RawValue) -> Result<UsageAt, BadRequest> {
    let text = raw.get();
    let at = span(body, raw);
    if text == "null" {
        return Ok(UsageAt::Null(at));
    }
    if !text.starts_with('{') {
        return Err(BadRequest::Type("stream_options"));
    }
    let options: StreamOptions<'_> = serde_json::from_str(text).map_err(|error| told(&error, b'{'))?;
    Ok(match options.include_usage {
        Some(value) if value.get() != "null" => {
            boolean(value, "stream_options.include_usage")?;
            UsageAt::Value(span(body, value))
        }
        Some(null) => UsageAt::Value(span(body, null)),
        None => UsageAt::Options { start: at.start + 1, is_empty: text[1..].trim_start().starts_with('}') },
    })
}

fn model_name(raw: &RawValue) -> Result<String, BadRequest> {
    let name: String = serde_json::from_str(raw.get()).map_err(|_| BadRequest::Type("model"))?;
    let sound = !name.is_empty() && name.len() <= MODEL_BYTES_MAX && !name.chars().any(char::is_control);
    if sound { Ok(name) } else { Err(BadRequest::Type("model")) }
}

fn boolean(raw: &RawValue, member: &'static str) -> Result<bool, BadRequest> {
    match raw.get() {
        "true" => Ok(true),
        "false" | "null" => Ok(false),
        _ => Err(BadRequest::Type(member)),
    }
}

/// Where a borrowed value stands in the body it was borrowed from.
fn span(body: &[u8], raw: &RawValue) -> Range<usize> {
    let start = raw.get().as_ptr().addr() - body.as_ptr().addr();
    start..start + raw.get().len()
}

#[cfg(test)]
mod tests;
