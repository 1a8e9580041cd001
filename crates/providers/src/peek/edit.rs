//! The few edits that a stated feature needs, done on the bytes.

use std::ops::Range;

use bytes::Bytes;

use super::Peek;
use crate::route::Route;

/// What to change in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Edits<'a> {
    /// The model to ask for instead.
    pub model: Option<&'a str>,
    /// Ask for usage in the stream, where it must be asked for.
    pub include_usage: bool,
    /// The output limit to write in where the caller gave none.
    pub output_limit: Option<u32>,
}

/// The edited body in pieces, which share the original's memory: bodies are large, and what is written in is not.
/// `peek` must come from this very body and route.
pub fn edit(body: &Bytes, route: &Route, peek: &Peek, edits: Edits<'_>) -> Vec<Bytes> {
    let places = &peek.places;
    let mut splices: Vec<(Range<usize>, String)> = Vec::new();
    let mut members = Vec::new();
    if let Some(model) = edits.model.filter(|model| peek.model.as_deref() != Some(*model)) {
        let text = if places.is_form { model.to_owned() } else { serde_json::Value::from(model).to_string() };
        match &places.model {
            Some(place) => splices.push((place.clone(), text)),
            // No field of a form is ever added: a call without a model keeps being one.
            None if places.is_form => {}
            None => members.push(format!("\"model\":{text}")),
        }
    }
    let limit = edits.output_limit.filter(|_| peek.output_limit.is_none());
    let model = edits.model.or(peek.model.as_deref()).unwrap_or_default();
    if let Some((limit, name)) = limit.and_then(|limit| Some((limit, route.limit_name(model)?))) {
        match places.limits.iter().find(|(known, _)| *known == name) {
            Some((_, place)) => splices.push((place.clone(), limit.to_string())),
            None => members.push(format!("\"{name}\":{limit}")),
        }
    }
    if edits.include_usage && route.asks_usage() && !peek.include_usage {
        match peek.ask_usage() {
            Some(splice) => splices.push(splice),
            None => members.push(format!("\"stream_options\":{ASKED}")),
        }
    }
    if !members.is_empty() {
        splices.push((places.start..places.start, joined(&members.join(","), places.is_empty)));
    }
    splices.sort_by_key(|(place, _)| place.start);
    splice(body, splices)
}

const ASKED: &str = "{\"include_usage\":true}";

impl Peek {
    /// The change to a `stream_options` that is there; `None` if there is none.
    fn ask_usage(&self) -> Option<(Range<usize>, String)> {
        let places = &self.places;
        if let Some(place) = &places.include_usage {
            return Some((place.clone(), "true".to_owned()));
        }
        if let Some((start, is_empty)) = places.options_start {
            return Some((start..start, joined("\"include_usage\":true", is_empty)));
        }
        places.stream_options.clone().map(|null| (null, ASKED.to_owned()))
    }
}

/// Members as they stand at the start of an object.
fn joined(members: &str, is_empty: bool) -> String {
    let comma = if is_empty { "" } else { "," };
    format!("{members}{comma}")
}

/// Replaces places that are in order and apart.
fn splice(body: &Bytes, splices: Vec<(Range<usize>, String)>) -> Vec<Bytes> {
    let mut pieces = Vec::with_capacity(2 * splices.len() + 1);
    let mut at = 0;
    for (place, text) in splices {
        pieces.push(body.slice(at..place.start));
        pieces.push(Bytes::from(text));
        at = place.end;
    }
    pieces.push(body.slice(at..));
    pieces.retain(|piece| !piece.is_empty());
    pieces
}
