//! Whether an answer is what the upstream said: byte for byte, or, of a gateway that writes answers anew, word for word
//! and to the end.

use bytes::Bytes;
use serde_json::Value;

use crate::answers::{self, Protocol};
use crate::ask::Ask;

/// How much of an answer must be as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Check {
    Bytes,
    Text,
}

/// The call that an answer must fit.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    pub protocol: Protocol,
    pub stream: bool,
    pub ask: Ask,
}

impl Expected {
    pub fn is(&self, check: Check, body: &[u8]) -> bool {
        match (check, self.stream) {
            (Check::Bytes, false) => body == answers::plain(self.protocol, &self.ask),
            (Check::Bytes, true) => is_all(body, &answers::stream(self.protocol, &self.ask)),
            (Check::Text, false) => self.plain_text(body).is_some_and(|text| text == answers::text(&self.ask)),
            (Check::Text, true) => self.streamed_text(body).is_some_and(|text| text == answers::text(&self.ask)),
        }
    }

    fn plain_text(&self, body: &[u8]) -> Option<String> {
        let answer: Value = serde_json::from_slice(body).ok()?;
        let text = match self.protocol {
            Protocol::Chat => &answer["choices"][0]["message"]["content"],
            Protocol::Messages => &answer["content"][0]["text"],
        };
        text.as_str().map(str::to_owned)
    }

    /// The text of a stream that has its end.
    fn streamed_text(&self, body: &[u8]) -> Option<String> {
        let mut text = String::new();
        let mut ended = false;
        for line in std::str::from_utf8(body).ok()?.lines() {
            let Some(data) = line.strip_prefix("data:").map(str::trim_start) else { continue };
            if data == "[DONE]" {
                continue;
            }
            let event: Value = serde_json::from_str(data).ok()?;
            let (piece, end) = match self.protocol {
                Protocol::Chat => {
                    let choice = &event["choices"][0];
                    (&choice["delta"]["content"], choice["finish_reason"] == "stop")
                }
                Protocol::Messages => (&event["delta"]["text"], event["type"] == "message_stop"),
            };
            text.push_str(piece.as_str().unwrap_or_default());
            ended |= end;
        }
        ended.then_some(text)
    }
}

fn is_all(body: &[u8], events: &[Bytes]) -> bool {
    let mut left = body;
    let all = events.iter().all(|event| {
        let rest = left.strip_prefix(&event[..]);
        left = rest.unwrap_or_default();
        rest.is_some()
    });
    all && left.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Protocol; 2] = [Protocol::Chat, Protocol::Messages];

    fn said(expected: &Expected) -> Vec<u8> {
        match expected.stream {
            true => answers::stream(expected.protocol, &expected.ask).concat(),
            false => answers::plain(expected.protocol, &expected.ask).to_vec(),
        }
    }

    #[test]
    fn every_answer_passes_as_it_was_said_and_no_other_does() {
        let ask = Ask { seed: 5, events: 4, ..Ask::default() };
        for (protocol, stream) in BOTH.into_iter().flat_map(|protocol| [(protocol, false), (protocol, true)]) {
            let expected = Expected { protocol, stream, ask };
            let body = said(&expected);
            let cut = &body[..body.len() * 2 / 3];
            let of_another = said(&Expected { ask: Ask { seed: 6, ..ask }, ..expected });
            let doubled = [&body[..], &body[..]].concat();
            for check in [Check::Bytes, Check::Text] {
                assert!(expected.is(check, &body), "{expected:?} by {check:?}");
                for wrong in [cut, &of_another, &doubled, b""] {
                    assert!(!expected.is(check, wrong), "{expected:?} by {check:?}: {}", wrong.len());
                }
            }
            let missing_byte = &body[..body.len() - 1];
            assert!(!expected.is(Check::Bytes, missing_byte), "{expected:?}");
        }
    }

    #[test]
    fn what_a_gateway_writes_anew_passes_by_its_text_only() {
        let expected = Expected { protocol: Protocol::Chat, stream: true, ask: Ask::default() };
        let anew = String::from_utf8(said(&expected)).unwrap().replace(r#""logprobs":null,"#, "");
        assert!(expected.is(Check::Text, anew.as_bytes()) && !expected.is(Check::Bytes, anew.as_bytes()));
    }
}
