//! Anthropic's streams: `message_start` has the input and a placeholder for the output, each `message_delta` the
//! sums so far.

use ownkey_domain::provider::Provider;
use ownkey_domain::usage::Measured;
use serde_json::{Map, Value};

use super::usage;
use crate::answer::Served;
use crate::error_class::classify_event;
use crate::stream::{Dialect, Reader, Seen, type_of};

#[derive(Default)]
struct Messages {
    /// The message as it started: id and model.
    message: Value,
    /// The last word on each member of the usage.
    usage: Map<String, Value>,
    stop_reason: Value,
    /// Whether a delta replaced the placeholder.
    counted: bool,
}

pub(super) fn reader(_: u32) -> Dialect {
    Box::new(Messages::default())
}

impl Reader for Messages {
    fn data(&mut self, name: &[u8], data: &[u8]) -> Seen {
        let name = if name.is_empty() { type_of(data) } else { name };
        match name {
            b"message_start" => self.start(&parse(data)),
            b"message_delta" => self.delta(&parse(data)),
            b"message_stop" => return Seen::Complete,
            b"error" => return Seen::FinalError(classify_event(Provider::Anthropic, &parse(data))),
            _ => {}
        }
        Seen::Nothing
    }

    fn served(&self) -> Served {
        let measured = if self.counted { Measured::Measured } else { Measured::Estimated };
        usage::served(&self.message, &Value::Object(self.usage.clone()), &self.stop_reason, measured)
    }
}

impl Messages {
    fn start(&mut self, event: &Value) {
        let message = &event["message"];
        self.message = serde_json::json!({"id": message["id"], "model": message["model"]});
        self.overwrite(&message["usage"]);
        // One to four tokens that stand for nothing.
        self.usage.remove("output_tokens");
    }

    fn delta(&mut self, event: &Value) {
        if !event["delta"]["stop_reason"].is_null() {
            self.stop_reason = event["delta"]["stop_reason"].clone();
        }
        self.overwrite(&event["usage"]);
        self.counted |= self.usage.contains_key("output_tokens");
    }

    /// Cumulative: each value replaces the one before, and `null` says nothing.
    fn overwrite(&mut self, usage: &Value) {
        let said = usage.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        self.usage.extend(said.map(|(key, value)| (key.clone(), value.clone())));
    }
}

fn parse(data: &[u8]) -> Value {
    serde_json::from_slice(data).unwrap_or_default()
}
