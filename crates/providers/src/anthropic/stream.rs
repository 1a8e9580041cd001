//! Anthropic's streams: `message_start` has the input and a placeholder for the output, each `message_delta` the
//! sums so far.

use std::borrow::Cow;

use ownkey_domain::provider::Provider;
use ownkey_domain::usage::Measured;
use serde_json::Value;

use super::usage;
use crate::answer::Served;
use crate::error_class::classify_event;
use crate::json::{Json, Object};
use crate::stream::{Dialect, Reader, Seen, type_of};

#[derive(Default)]
struct Messages {
    /// The message as it started: id and model.
    message: Json<'static>,
    /// The last word on each member of the usage.
    usage: Json<'static>,
    stop_reason: Json<'static>,
    /// Whether a delta replaced the placeholder.
    counted: bool,
}

pub(super) fn reader(_: u32) -> Dialect {
    Box::new(Messages { usage: Json::Object(Object::default()), ..Messages::default() })
}

impl Reader for Messages {
    fn data(&mut self, name: &[u8], data: &[u8]) -> Seen {
        let name = if name.is_empty() { type_of(data) } else { name };
        match name {
            b"message_start" => self.start(&Json::read(data).unwrap_or_default()),
            b"message_delta" => self.delta(&Json::read(data).unwrap_or_default()),
            b"message_stop" => return Seen::Complete,
            b"error" => return Seen::FinalError(classify_event(Provider::Anthropic, &error(data))),
            _ => {}
        }
        Seen::Nothing
    }

    fn served(&self) -> Served {
        let measured = if self.counted { Measured::Measured } else { Measured::Estimated };
        usage::served(&self.message, &self.usage, &self.stop_reason, measured)
    }
}

impl Messages {
    fn start(&mut self, event: &Json<'_>) {
        let message = &event["message"];
        let mut kept = Object::default();
        for name in ["id", "model"] {
            kept.set(Cow::Borrowed(name), message[name].clone().into_owned());
        }
        self.message = Json::Object(kept);
        self.overwrite(&message["usage"]);
        // One to four tokens that stand for nothing.
        if let Some(usage) = self.usage.as_object_mut() {
            usage.remove("output_tokens");
        }
    }

    fn delta(&mut self, event: &Json<'_>) {
        let stop_reason = &event["delta"]["stop_reason"];
        if !stop_reason.is_null() {
            self.stop_reason = stop_reason.clone().into_owned();
        }
        self.overwrite(&event["usage"]);
        self.counted |= !self.usage["output_tokens"].is_null();
    }

    /// Cumulative: each value replaces the one before, and `null` says nothing.
    fn overwrite(&mut self, usage: &Json<'_>) {
        let said = usage.as_object().into_iter().flat_map(Object::iter).filter(|(_, value)| !value.is_null());
        let Some(kept) = self.usage.as_object_mut() else { return };
        for (name, value) in said {
            kept.set(Cow::Owned(name.to_owned()), value.clone().into_owned());
        }
    }
}

fn error(data: &[u8]) -> Value {
    serde_json::from_slice(data).unwrap_or_default()
}
