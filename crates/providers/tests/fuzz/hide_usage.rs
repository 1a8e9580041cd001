//! Whoever did not ask for the usage does not see it, and sees everything else byte for byte, however the stream is cut.

use bytes::Bytes;
use ownkey_providers::hide_usage::UsageHider;
use serde_json::Value;

use crate::pieces::cuts;

/// Events up to this are looked at; nothing here is longer.
const EVENT_MAX: usize = 16 << 10;

/// The input is the stream.
pub fn target(input: &[u8]) {
    let whole = passed(UsageHider::new(), &[input]);
    let held = passed(UsageHider::holding_only(), &[input]);
    assert_eq!(held, input);
    if input.len() > EVENT_MAX {
        return;
    }
    let kept: Vec<_> = events(input).into_iter().filter(|event| !is_usage(event)).collect();
    assert_eq!(whole, kept.concat());
    for pieces in cuts(input) {
        // Half a line end may be left of what was taken out. It is an empty line, and means nothing.
        let out = passed(UsageHider::new(), &pieces);
        assert_eq!(said(&out), said(&whole), "{pieces:?}");
        assert_eq!(passed(UsageHider::holding_only(), &pieces), input, "{pieces:?}");
    }
}

fn passed(mut hider: UsageHider, pieces: &[&[u8]]) -> Vec<u8> {
    let mut out: Vec<u8> = pieces.iter().flat_map(|piece| hider.feed(Bytes::copy_from_slice(piece))).collect();
    out.extend_from_slice(&hider.finish());
    out
}

/// Events with the blank lines that end them. The last one may not have ended.
fn events(stream: &[u8]) -> Vec<&[u8]> {
    let (mut events, mut start, mut at, mut line) = (Vec::new(), 0, 0, 0);
    while at < stream.len() {
        let end = if stream[at..].starts_with(b"\r\n") { at + 2 } else { at + 1 };
        if b"\r\n".contains(&stream[at]) {
            if line == at {
                events.push(&stream[start..end]);
                start = end;
            }
            line = end;
        }
        at = end;
    }
    events.push(&stream[start..]);
    events
}

/// The events without the blank lines around them.
fn said(stream: &[u8]) -> Vec<&[u8]> {
    events(stream).into_iter().map(<[u8]>::trim_ascii).filter(|event| !event.is_empty()).collect()
}

/// An event that is whole, of one line of data: usage and no choices.
fn is_usage(event: &[u8]) -> bool {
    let end = event.iter().rposition(|byte| !b"\r\n".contains(byte)).map_or(0, |last| last + 1);
    let (text, rest) = event.split_at(end);
    let is_whole = rest.len() > 1 && rest != b"\r\n" && !text.iter().any(|byte| b"\r\n".contains(byte));
    let Some(data) = text.strip_prefix(b"data:").filter(|_| is_whole) else { return false };
    let chunk: Value = serde_json::from_slice(data).unwrap_or_default();
    chunk["usage"].is_object() && chunk["choices"].as_array().is_some_and(Vec::is_empty)
}

#[test]
fn corpus() {
    crate::drive::corpus("hide_usage", target);
}

#[test]
fn random() {
    const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}";
    const PIECES: &[&str] = &[
        USAGE,
        USAGE,
        "data: {\"choices\":[{}],\"usage\":null}",
        "data: [DONE]",
        "\n\n",
        "\n",
        "\r\n",
        "\r",
        ": c",
        "data:",
        "{\"choices\":[],",
        "\"usage\" : {}}",
    ];
    crate::drive::random("hide_usage", target, crate::drive::CASES, crate::drive::soup(PIECES));
}
