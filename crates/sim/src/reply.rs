//! An answer before it becomes HTTP.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::body::{Script, once};
use crate::log::{Mark, Outcome};

/// What happens before the head is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Nothing.
    None,
    /// A pause.
    For(Duration),
    /// The head never comes.
    Forever,
    /// The connection is closed without an answer.
    Break,
}

/// Status, headers and body.
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Headers, without those HTTP itself adds.
    pub headers: HeaderMap,
    /// What is sent.
    pub content: Content,
    /// What comes before.
    pub wait: Wait,
    /// How the call ends when all is sent.
    pub outcome: Outcome,
}

/// A body.
pub enum Content {
    /// One piece, its length told in the head.
    Whole(Bytes, Mark),
    /// Piece by piece.
    Pieces(Script),
}

impl Content {
    /// The steps to play.
    pub fn script(self) -> Script {
        match self {
            Self::Whole(bytes, mark) => once(bytes, mark),
            Self::Pieces(script) => script,
        }
    }
}

impl Reply {
    /// An answer with a JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json", body.to_string())
    }

    /// An answer with any text body.
    pub fn text(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self::of(status, content_type, Content::Whole(body.into(), Mark::default()))
    }

    /// A stream of server-sent events.
    pub fn events(script: Script) -> Self {
        let mut reply = Self::of(200, "text/event-stream; charset=utf-8", Content::Pieces(script));
        reply.set("cache-control", "no-cache");
        reply
    }

    fn of(status: u16, content_type: &str, content: Content) -> Self {
        let headers = HeaderMap::new();
        let mut reply = Self { status, headers, content, wait: Wait::None, outcome: Outcome::Complete };
        reply.set("content-type", content_type);
        reply
    }

    /// What the bytes of a whole body tell the log.
    pub fn marked(mut self, mark: Mark) -> Self {
        if let Content::Whole(_, known) = &mut self.content {
            *known = mark;
        }
        self
    }

    /// An answer that does not come.
    pub fn never(wait: Wait) -> Self {
        let mut reply = Self::text(500, "text/plain", "");
        reply.wait = wait;
        reply
    }

    /// Sets a header; what no header can carry is left out.
    pub fn set(&mut self, name: &str, value: impl AsRef<str>) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value.as_ref())) {
            self.headers.insert(name, value);
        }
    }
}
