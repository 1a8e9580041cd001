//! Server-sent events and the order they are sent in.

use bytes::Bytes;
use serde_json::Value;

use crate::log::Mark;

/// What part of a stream an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A piece of the answer.
    Delta,
    /// Anything around the pieces.
    Frame,
    /// What ends the stream.
    Terminal,
}

/// One event, ready to be written.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its lines.
    pub bytes: Bytes,
    /// Its part.
    pub part: Part,
    /// What the log learns from it.
    pub mark: Mark,
}

/// All events of a stream, possibly without an end.
pub type Events = Box<dyn Iterator<Item = Event> + Send>;

impl Event {
    /// An event with a name, as Anthropic sends it.
    pub fn named(part: Part, data: &Value) -> Self {
        let name = data.get("type").and_then(Value::as_str).unwrap_or("error");
        Self::lines(part, format!("event: {name}\ndata: {data}\n\n"))
    }

    /// An event of data only, as OpenAI sends it.
    pub fn data(part: Part, data: &Value) -> Self {
        Self::lines(part, format!("data: {data}\n\n"))
    }

    /// An event of these lines.
    pub fn lines(part: Part, lines: String) -> Self {
        Self { bytes: lines.into(), part, mark: Mark::default() }
    }

    /// Tells the log so many output tokens.
    pub fn output(mut self, tokens: u64) -> Self {
        self.mark.output = Some(tokens);
        self
    }

    /// Tells the log this usage.
    pub fn usage(mut self, usage: Option<&Value>) -> Self {
        self.mark.usage = usage.cloned();
        self
    }
}
