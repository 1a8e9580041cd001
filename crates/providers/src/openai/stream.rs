//! OpenAI's chat streams: the usage comes once, in the chunk before `[DONE]`.

use ownkey_domain::provider::Provider;
use serde_json::Value;

use super::usage;
use crate::answer::Served;
use crate::error_class::classify_event;
use crate::json::Json;
use crate::sse;
use crate::stream::{Dialect, ERROR, Reader, Seen, USAGE, has_object};

const DONE: &[u8] = b"[DONE]";
/// Some servers send a chunk or two without a model first.
const HEADS_MAX: u8 = 4;

struct Chunks {
    served: Served,
    heads: u8,
}

pub(super) fn reader(_: u32) -> Dialect {
    Box::new(Chunks { served: Served::unknown(), heads: 0 })
}

impl Reader for Chunks {
    fn data(&mut self, _name: &[u8], data: &[u8]) -> Seen {
        if data == DONE {
            return Seen::Complete;
        }
        let is_head = self.served.model.is_none() && self.heads < HEADS_MAX;
        if !(is_head || has_object(data, &USAGE) || has_object(data, &ERROR)) {
            return Seen::Nothing;
        }
        self.heads = self.heads.saturating_add(1);
        let chunk = Json::read(data).unwrap_or_default();
        self.learn(usage::answer(&chunk));
        if chunk["error"].is_object() {
            return Seen::Error(classify_event(Provider::OpenAi, &Value::from(&chunk)));
        }
        Seen::Nothing
    }

    fn is_end(&self, partial: &[u8]) -> bool {
        sse::field(partial, "data") == Some(DONE)
    }

    fn served(&self) -> Served {
        self.served.clone()
    }
}

impl Chunks {
    fn learn(&mut self, chunk: Served) {
        if !chunk.usage.is_empty() {
            self.served.usage = chunk.usage;
            self.served.measured = chunk.measured;
        }
        self.served.has_unheard |= chunk.has_unheard;
        self.served.model = self.served.model.take().or(chunk.model);
        self.served.response_id = self.served.response_id.take().or(chunk.response_id);
        // The tier that served may be known only at the end.
        self.served.service_tier = chunk.service_tier.or(self.served.service_tier.take());
    }
}
