//! What the driver asks of the upstream. It stands in the prompt, the one thing that every gateway passes on.

use std::fmt;
use std::time::Duration;

use memchr::memmem;

const BEGIN: &str = "[bench ";
const END: u8 = b']';
/// No prompt asks for longer streams; a mistake must not fill the memory.
const EVENTS_MAX: u32 = 100_000;

/// One question. The same question has the same answer, and another seed another one, so an answer that reaches the
/// wrong caller is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    pub seed: u32,
    /// How many events of text a stream has.
    pub events: u32,
    /// The time from one event to the next.
    pub pace: Duration,
}

impl Default for Ask {
    fn default() -> Self {
        Self { seed: 0, events: 32, pace: Duration::ZERO }
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, events, pace } = self;
        write!(out, "{BEGIN}{seed} {events} {}]", pace.as_millis())
    }
}

impl Ask {
    /// The question in a request; the default one if there is none.
    pub fn of(body: &[u8]) -> Self {
        Self::found(body).unwrap_or_default()
    }

    fn found(body: &[u8]) -> Option<Self> {
        let from = memmem::find(body, BEGIN.as_bytes())? + BEGIN.len();
        let rest = body.get(from..)?;
        let text = std::str::from_utf8(rest.get(..memchr::memchr(END, rest)?)?).ok()?;
        let mut numbers = text.split(' ').map(str::parse::<u32>);
        let mut next = || numbers.next()?.ok();
        let (seed, events, pace) = (next()?, next()?.min(EVENTS_MAX), next()?);
        Some(Self { seed, events, pace: Duration::from_millis(pace.into()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_found_wherever_a_gateway_puts_it() {
        let ask = Ask { seed: 41, events: 35, pace: Duration::from_millis(20) };
        assert_eq!(Ask::of(format!("{{\"b\":[1],\"content\":\"{ask}, long text\"}}").as_bytes()), ask);
        for none in ["", "{}", "[bench ", "[bench 1 2]", "[bench a b c]"] {
            assert_eq!(Ask::of(none.as_bytes()), Ask::default(), "{none}");
        }
    }
}
