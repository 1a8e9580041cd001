//! A stream says the same however its bytes are cut, at every path; its end is told once, and its lines are those of the
//! standard.

use ownkey_providers::fuzzing::routes;
use ownkey_providers::route::{Route, Verb};
use ownkey_providers::stream::{StreamFacts, StreamMeter};

use crate::pieces::cuts;

/// The input is the stream.
pub fn target(input: &[u8]) {
    for route in routes().filter(|route| route.verb == Verb::Post && !route.template.contains('{')) {
        let (whole, end) = metered(route, &[input]);
        assert_eq!(whole.output.pieces, lines(input).iter().filter(|line| line.starts_with(b"data:")).count() as u64);
        assert!(!route.is_free() || whole.served.usage.is_empty());
        for pieces in cuts(input) {
            let (facts, end_of_pieces) = metered(route, &pieces);
            assert_eq!(facts, whole, "{route:?} {pieces:?}");
            assert!(end.is_none() || end_of_pieces.is_some(), "{route:?} {pieces:?}");
        }
    }
}

/// What is learnt, and where the last event was said to begin.
fn metered(route: &'static Route, pieces: &[&[u8]]) -> (StreamFacts, Option<usize>) {
    let mut meter = StreamMeter::new(route, 1);
    let (mut at, mut end, mut error) = (0, None, None);
    for piece in pieces {
        let progress = meter.feed(piece);
        for (told, known) in [(progress.terminal_at, &mut end), (progress.error_at, &mut error)] {
            let Some(within) = told else { continue };
            assert!(known.is_none() && within <= piece.len(), "told twice, or outside");
            *known = Some(at + within);
        }
        at += piece.len();
    }
    (meter.finish(), end)
}

/// By the standard: a line ends in CR LF, LF or CR. What has begun last counts too, if it is anything.
fn lines(stream: &[u8]) -> Vec<&[u8]> {
    let (mut lines, mut rest) = (Vec::new(), stream);
    while let Some(at) = rest.iter().position(|byte| b"\r\n".contains(byte)) {
        lines.push(&rest[..at]);
        rest = rest[at..].strip_prefix(b"\r\n").unwrap_or(&rest[at + 1..]);
    }
    lines.push(rest);
    lines
}

#[test]
fn corpus() {
    crate::drive::corpus("stream", target);
}

#[test]
fn random() {
    const PIECES: &[&str] = &[
        "data:",
        "data: ",
        "event: ",
        "event:error",
        "\n",
        "\n\n",
        "\r\n",
        "\r",
        ": c",
        "id: 1",
        "[DONE]",
        "message_start",
        "message_delta",
        "message_stop",
        "error",
        "response.completed",
        "response.failed",
        "speech.audio.done",
        "{\"type\":\"message_stop\"}",
        "{\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"usage\":{\"input_tokens\":1}}}",
        "{\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":3}}}",
        "{\"usage\":{\"output_tokens\":5}}",
        "{\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}",
        "{\"choices\":[],\"usage\":{\"prompt_tokens\":1}}",
        "{\"usage\":",
        "{\"type\":\"",
        "\u{feff}",
    ];
    crate::drive::random("stream", target, crate::drive::CASES / 2, crate::drive::soup(PIECES));
}
