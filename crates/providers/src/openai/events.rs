//! Streams whose events tell their type, by a name line or by their first member. The events that matter may have any
//! length (a whole response, a picture), so they are read while their bytes pass.

use std::num::NonZeroU32;

use memchr::memmem;
use ownkey_domain::provider::Provider;
use serde_json::{Value, json};

use crate::answer::Served;
use crate::error_class::{ErrorClass, classify_event};
use crate::json::{Json, TopLevel, Wanted};
use crate::stream::{ERROR, Reader, Seen, has_object, type_of};

/// Which events matter, and what they say.
#[derive(Clone, Copy)]
pub(super) struct Kinds {
    /// Events that tell what the answer is, before its end.
    pub(super) begins: &'static [&'static str],
    /// Events that end an answer.
    pub(super) ends: &'static [&'static str],
    /// Events that say it failed, besides `error`.
    pub(super) fails: &'static [&'static str],
    /// What matters of these events.
    pub(super) wanted: Wanted,
    /// What it says.
    pub(super) served: fn(&Json<'_>) -> Served,
}

/// Reads a stream of such events.
pub(super) struct Events {
    kinds: Kinds,
    served: Served,
    left: Left,
    /// The event that matters and is coming in.
    whole: Option<TopLevel>,
    line: Line,
}

/// What is still to come. Each answer has its own end and its own usage.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    /// So many answers.
    Answers(NonZeroU32),
    /// As many as come, of which one is under way or none has come.
    Any,
    /// The same, and the last one is whole.
    AnyMore,
    /// The rest of an answer, of which nothing may be left.
    Rest,
}

/// What is known of the line that is coming in, where its event has no name.
#[derive(Default)]
enum Line {
    /// Its beginning, too short to tell.
    #[default]
    Unknown,
    Begun(Vec<u8>),
    /// The type that it tells.
    Typed(Vec<u8>),
    /// Of no type that can be told.
    Other,
}

/// The type stands within so many bytes, or not at the beginning.
const HEAD_LEN_MAX: usize = 96;

impl Events {
    /// For a stream of so many answers, or of as many as come.
    pub(super) fn new(kinds: Kinds, answers: u32) -> Self {
        Self::with(kinds, NonZeroU32::new(answers).map_or(Left::Any, Left::Answers))
    }

    /// For the rest of an answer.
    pub(super) fn rest(kinds: Kinds) -> Self {
        Self::with(kinds, Left::Rest)
    }

    fn with(kinds: Kinds, left: Left) -> Self {
        Self { kinds, served: Served::unknown(), left, whole: None, line: Line::Unknown }
    }

    fn reads(&self, name: &[u8]) -> bool {
        [self.kinds.begins, self.kinds.ends, self.kinds.fails].iter().any(|names| is_among(name, names))
    }

    fn take_in(&mut self, bytes: &[u8]) {
        let wanted = self.kinds.wanted;
        self.whole.get_or_insert_with(|| TopLevel::new(wanted)).feed(bytes);
    }

    /// The beginning of a line without a name, until it tells its type.
    fn begin(&mut self, mut head: Vec<u8>, bytes: &[u8]) {
        head.extend_from_slice(bytes);
        let within = &head[..head.len().min(HEAD_LEN_MAX)];
        let data = within.strip_prefix(b"data:").unwrap_or(within).trim_ascii_start();
        let has_value = data.iter().filter(|b| **b == b'"').count() >= 4;
        self.line = match type_of(data) {
            kind if has_value && !kind.is_empty() => Line::Typed(kind.to_vec()),
            _ if has_value || head.len() >= HEAD_LEN_MAX => Line::Other,
            _ => return self.line = Line::Begun(head),
        };
        if let Line::Typed(kind) = &self.line
            && self.reads(kind)
        {
            self.take_in(&head);
        }
    }

    /// The type of an event that tells it by no name and not at its beginning, if the event matters.
    fn type_within(&self, data: &[u8]) -> Option<&'static str> {
        let Kinds { begins, ends, fails, .. } = self.kinds;
        let mut known = [begins, ends, fails, &["error"]].into_iter().flatten();
        known
            .find(|kind| {
                let may_be = memmem::find(data, format!("\"{kind}\"").as_bytes()).is_some();
                may_be && parsed(Some(data))["type"] == **kind
            })
            .copied()
    }

    fn event(&mut self, name: &[u8], data: Option<&[u8]>) -> Seen {
        if self.left == Left::AnyMore {
            self.left = Left::Any;
        }
        if name == b"error" {
            return Seen::FinalError(class(&parsed(data)));
        }
        let Some(whole) = self.whole.take().filter(TopLevel::is_whole) else { return Seen::Nothing };
        let fails = is_among(name, self.kinds.fails);
        let failure = |told: &Json<'_>| fails.then(|| class(&Value::from(told)));
        let (served, failed) = whole.finish(|told| ((self.kinds.served)(told), failure(told)));
        let before = std::mem::replace(&mut self.served, served);
        // Of answers that tell their usage apart, what all used.
        self.served.usage = before.usage.plus(&self.served.usage);
        self.served.has_unheard |= before.has_unheard;
        if let Some(class) = failed {
            return Seen::FinalError(class);
        }
        if !is_among(name, self.kinds.ends) {
            return Seen::Nothing;
        }
        let left = match self.left {
            Left::Rest => None,
            Left::Any | Left::AnyMore => Some(Left::AnyMore),
            Left::Answers(left) => NonZeroU32::new(left.get() - 1).map(Left::Answers),
        };
        let Some(left) = left else { return Seen::Complete };
        self.left = left;
        Seen::Nothing
    }
}

impl Reader for Events {
    fn data(&mut self, name: &[u8], data: &[u8]) -> Seen {
        let name = if name.is_empty() { type_of(data) } else { name };
        let seen = if !name.is_empty() {
            self.event(name, Some(data))
        } else if let Some(kind) = self.type_within(data) {
            self.take_in(data);
            self.event(kind.as_bytes(), Some(data))
        } else {
            Seen::Nothing
        };
        match seen {
            // Whatever it is called.
            Seen::Nothing if has_object(data, &ERROR) && parsed(Some(data))["error"].is_object() => {
                Seen::FinalError(class(&parsed(Some(data))))
            }
            seen => seen,
        }
    }

    fn piece(&mut self, name: &[u8], bytes: &[u8]) {
        if !name.is_empty() {
            if self.reads(name) {
                self.take_in(bytes);
            }
            return;
        }
        match std::mem::take(&mut self.line) {
            Line::Unknown => self.begin(Vec::new(), bytes),
            Line::Begun(head) => self.begin(head, bytes),
            Line::Typed(kind) => {
                if self.reads(&kind) {
                    self.take_in(bytes);
                }
                self.line = Line::Typed(kind);
            }
            Line::Other => self.line = Line::Other,
        }
    }

    fn long(&mut self, name: &[u8]) -> Seen {
        match std::mem::take(&mut self.line) {
            Line::Typed(kind) if name.is_empty() => self.event(&kind, None),
            _ => self.event(name, None),
        }
    }

    fn end_line(&mut self) {
        self.line = Line::Unknown;
    }

    fn is_error(&self, name: &[u8]) -> bool {
        name == b"error" || is_among(name, self.kinds.fails)
    }

    fn may_end(&self, is_amid: bool) -> bool {
        match self.left {
            Left::AnyMore => true,
            Left::Rest => !is_amid,
            Left::Any | Left::Answers(_) => false,
        }
    }

    fn served(&self) -> Served {
        self.served.clone()
    }
}

fn is_among(name: &[u8], names: &[&str]) -> bool {
    names.iter().any(|known| known.as_bytes() == name)
}

fn parsed(data: Option<&[u8]>) -> Value {
    data.and_then(|data| serde_json::from_slice(data).ok()).unwrap_or_default()
}

/// An error stands in an `error` object, or is the event itself.
fn class(event: &Value) -> ErrorClass {
    let error = if event["error"].is_object() { &event["error"] } else { event };
    // The type of the event is none of the error.
    let kind = if error["type"] == "error" { &Value::Null } else { &error["type"] };
    let told = json!({"error": {
        "type": kind, "code": error["code"], "message": error["message"], "param": error["param"],
    }});
    classify_event(Provider::OpenAi, &told)
}
