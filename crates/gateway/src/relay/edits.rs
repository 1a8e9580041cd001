//! What is held back and taken out of a stream on its way to the caller.

use std::borrow::Cow;

use bytes::Bytes;
use ownkey_providers::hide_usage::UsageHider;
use ownkey_providers::scrub::ScrubStream;

/// What is done to a stream; nothing to other bodies.
#[derive(Default)]
pub struct Edits {
    /// Nothing goes on before its event is whole: a part is of no use to anyone, and on managed streams it could be
    /// the beginning of an error. Events that are too long to be held pass as they come.
    whole: Option<UsageHider>,
    /// Of such an event a part went on.
    is_amid: bool,
    usage: Option<UsageHider>,
    key: Option<ScrubStream>,
}

impl Edits {
    /// Of a stream: hides the usage if the caller did not ask for it, and echoes of the key always.
    pub fn of_stream(hide_usage: bool, key: ScrubStream) -> Self {
        let whole = Some(UsageHider::holding_only());
        Self { whole, is_amid: false, usage: hide_usage.then(UsageHider::new), key: Some(key) }
    }

    /// The events that are whole by now, to be metered before they pass.
    pub fn hold(&mut self, chunk: Bytes) -> Bytes {
        match &mut self.whole {
            Some(holder) => {
                let whole = holder.feed(chunk);
                self.is_amid = holder.is_passing();
                whole
            }
            None => chunk,
        }
    }

    /// Whether the caller has got a part of an event. Another event behind it would make him take it for a whole one.
    pub fn is_amid(&self) -> bool {
        self.is_amid
    }

    /// The event that is not whole, once nothing more comes.
    pub fn cut_short(&mut self) -> Bytes {
        self.whole.take().map(UsageHider::finish).unwrap_or_default()
    }

    /// What of these events goes on to the caller.
    pub fn pass(&mut self, chunk: Bytes) -> Bytes {
        let chunk = match &mut self.usage {
            Some(hider) => hider.feed(chunk),
            None => chunk,
        };
        let Some(scrub) = &mut self.key else { return chunk };
        match scrub.feed(&chunk) {
            Cow::Borrowed(same) if same.len() == chunk.len() => chunk,
            Cow::Borrowed(part) => chunk.slice_ref(part),
            Cow::Owned(other) => Bytes::from(other),
        }
    }

    /// What of these last bytes goes on, and all that was held back before.
    pub fn finish(&mut self, last: Bytes) -> Bytes {
        let mut out = self.pass(last).to_vec();
        let held = self.usage.take().map(UsageHider::finish).unwrap_or_default();
        match self.key.take() {
            Some(mut scrub) => {
                out.extend_from_slice(&scrub.feed(&held));
                out.extend_from_slice(&scrub.finish());
            }
            None => out.extend_from_slice(&held),
        }
        Bytes::from(out)
    }
}
