//! Answers and streams as the providers send them, with what is learnt from each. A golden file is a pair in
//! `tests/golden`: `NAME.sse` or `NAME.json`, and `NAME.facts.json`. The name begins with the provider; then comes the
//! path of the call below `/v1`, with `-` for `/`, unless it is the one that the provider's models are usually called at.

use std::fs;
use std::path::{Path, PathBuf};

use ownkey_domain::provider::Provider;
use ownkey_providers::answer::{AnswerMeter, Part, Served};
use ownkey_providers::paths::{post, usual};
use ownkey_providers::route::Route;
use ownkey_providers::stream::{StreamFacts, StreamMeter, Terminal};
use serde_json::{Value, json};

fn files(extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = all
        .filter(|path| path.to_str().unwrap().ends_with(extension) && !path.to_str().unwrap().ends_with(".facts.json"))
        .collect();
    assert!(!files.is_empty());
    files
}

fn provider(file: &Path) -> Provider {
    file.file_name().unwrap().to_str().unwrap().split('.').next().unwrap().parse().unwrap()
}

fn route(file: &Path) -> &'static Route {
    let name = file.file_name().unwrap().to_str().unwrap();
    let parts: Vec<_> = name.split('.').collect();
    let path = match parts[..] {
        [_, path, _, _] => format!("/v1/{}", path.replace('-', "/")),
        _ => usual(provider(file).protocol()).to_owned(),
    };
    post(&path).unwrap()
}

fn expected(file: &Path) -> Value {
    serde_json::from_slice(&fs::read(file.with_extension("facts.json")).unwrap()).unwrap()
}

fn learnt(served: &Served) -> Value {
    let mut learnt = json!({
        "usage": served.usage,
        "measured": served.measured,
        "billing": format!("{:?}", served.billing),
        "model": served.model,
        "service_tier": served.service_tier,
        "response_id": served.response_id,
    });
    if served.has_unheard {
        learnt["has_unheard"] = true.into();
    }
    if !served.parts.is_empty() {
        let part = |part: &Part| json!({"model": part.model, "usage": part.usage});
        learnt["parts"] = served.parts.iter().map(part).collect();
    }
    learnt
}

fn learnt_from_stream(facts: &StreamFacts) -> Value {
    let mut value = learnt(&facts.served);
    value["data_lines"] = facts.output.pieces.into();
    value["terminal"] = match facts.terminal {
        None => Value::Null,
        Some(Terminal::Complete) => "complete".into(),
        Some(Terminal::Error(class)) => format!("{class:?}").into(),
    };
    value
}

/// Feeds the pieces; also gives where in the whole stream the last event was said to begin.
fn meter(route: &'static Route, pieces: &[&[u8]]) -> (StreamFacts, Option<usize>) {
    let mut meter = StreamMeter::new(route, 1);
    let (mut at, mut terminal) = (0, None);
    for piece in pieces {
        if let Some(within) = meter.feed(piece).terminal_at {
            assert_eq!(terminal, None, "said twice");
            terminal = Some(at + within);
        }
        at += piece.len();
    }
    (meter.finish(), terminal)
}

/// How events begin that end a stream.
const ENDS: [&str; 10] = [
    "data: {\"error\":{\"message\":\"The speech had an error.\"",
    "data: {\"type\": \"speech.audio.done\"",
    "data: {\"type\": \"transcript.text.done\"",
    "event: image_generation.completed",
    "data: [DONE]",
    "event: message_stop",
    "event: error",
    "event: response.completed",
    "event: response.incomplete",
    "event: response.failed",
];

/// Where the event that ends a whole answer, or an Anthropic error, begins.
fn last_event(stream: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(stream).unwrap();
    let mut at = 0;
    text.split_inclusive("\n\n").find_map(|event| {
        let start = at;
        at += event.len();
        let ends = ENDS.iter().any(|head| event.starts_with(head));
        ends.then_some(start)
    })
}

fn read<'a>(file: &Path, pieces: impl Iterator<Item = &'a [u8]>) -> Served {
    let mut meter = AnswerMeter::new(route(file));
    pieces.for_each(|piece| meter.feed(piece));
    meter.finish()
}

#[test]
fn plain_answers() {
    for file in files(".json") {
        let body = fs::read(&file).unwrap();
        let whole = read(&file, body.chunks(body.len()));
        assert_eq!(learnt(&whole), expected(&file), "{}", file.display());
        for size in [1, 7] {
            assert_eq!(read(&file, body.chunks(size)), whole, "{} in pieces of {size}", file.display());
        }
        for at in 0..body.len() {
            let (head, tail) = body.split_at(at);
            assert_eq!(read(&file, [head, tail].into_iter()), whole, "{} cut at {at}", file.display());
        }
    }
}

#[test]
fn streams() {
    for file in files(".sse") {
        let (facts, terminal) = meter(route(&file), &[&fs::read(&file).unwrap()]);
        assert_eq!(learnt_from_stream(&facts), expected(&file), "{}", file.display());
        assert_eq!(terminal, last_event(&fs::read(&file).unwrap()), "{}", file.display());
    }
}

#[test]
fn streams_say_the_same_at_any_split_and_with_any_line_end() {
    for file in files(".sse") {
        let stream = fs::read(&file).unwrap();
        let whole = meter(route(&file), &[&stream]).0;
        let crlf = String::from_utf8(stream.clone()).unwrap().replace('\n', "\r\n").into_bytes();
        for stream in [stream, crlf] {
            let bytes: Vec<_> = stream.chunks(1).collect();
            assert_eq!(meter(route(&file), &bytes).0, whole, "{}", file.display());
            for at in 0..stream.len() {
                let (facts, terminal) = meter(route(&file), &[&stream[..at], &stream[at..]]);
                assert_eq!(facts, whole, "{} cut at {at}", file.display());
                let first = meter(route(&file), &[&stream]).1;
                // If the cut lies in the last event, or in the line end before it, what came may have gone on.
                let rest_of_it = terminal == Some(at) && first.is_some_and(|first| first <= at + 1);
                assert!(terminal == first || rest_of_it, "{} cut at {at}", file.display());
            }
        }
    }
}

#[test]
fn the_event_that_ends_a_response_may_have_any_length() {
    let file = files("openai.responses.stream.sse").remove(0);
    let stream = fs::read_to_string(&file).unwrap();
    let (before, last) = stream.split_at(stream.find("event: response.completed").unwrap());
    let long = last.replace("is a lie", &"is long ".repeat(10_000));
    let stream = format!("{before}{long}");
    for size in [1_000, 4_096, stream.len()] {
        let pieces: Vec<_> = stream.as_bytes().chunks(size).collect();
        let (facts, terminal) = meter(route(&file), &pieces);
        assert_eq!(learnt_from_stream(&facts), expected(&file));
        // Said with the piece that has the end of its line: until then no caller can act on it.
        assert!(terminal.is_some_and(|at| at >= before.len()), "{terminal:?}");
    }
    let cut = &stream.as_bytes()[..stream.len() - 200];
    assert_eq!(meter(route(&file), &[cut]).0.terminal, None);
}

#[test]
fn each_of_several_images_has_its_end_and_its_usage() {
    let image = |size: usize| {
        let picture = "A".repeat(size);
        format!(
            "event: image_edit.completed\ndata: {{\"type\":\"image_edit.completed\",\"b64_json\":\"{picture}\",\"usage\":{{\"input_tokens\":7,\"output_tokens\":50}}}}\n\n"
        )
    };
    let stream = [image(100_000), image(10)].concat();
    for nameless in [false, true] {
        let stream = if nameless { stream.replace("event: image_edit.completed\n", "") } else { stream.clone() };
        let mut meter = StreamMeter::new(post("/v1/images/edits").unwrap(), 2);
        let ends: Vec<_> = stream.as_bytes().chunks(4_096).map(|piece| meter.feed(piece).terminal_at).collect();
        assert!(ends[..ends.len() - 1].iter().all(Option::is_none) && ends[ends.len() - 1].is_some());
        let served = meter.finish().served;
        assert_eq!(json!(served.usage), json!({"input": 14, "output": 100}));
    }
    // Where nobody knows how many come, the stream goes on to its own end, which is one only behind a whole image.
    for (stream, terminal) in [(stream.as_str(), Some(Terminal::Complete)), (&stream[..stream.len() - 30], None)] {
        let mut meter = StreamMeter::new(post("/v1/images/edits").unwrap(), 0);
        assert_eq!(meter.feed(stream.as_bytes()).terminal_at, None);
        assert_eq!(meter.finish().terminal, terminal);
    }
}

#[test]
fn the_rest_of_a_response_may_end_behind_any_event_and_within_none() {
    let file = files("openai.responses.stream.sse").remove(0);
    let stream = fs::read(&file).unwrap();
    let ends: Vec<_> =
        stream.windows(2).enumerate().filter(|(_, pair)| *pair == b"\n\n").map(|(at, _)| at + 2).collect();
    let terminal = |from: usize, to: usize, responses: u32| {
        let mut meter = StreamMeter::new(post("/v1/responses").unwrap(), responses);
        meter.feed(&stream[from..to]);
        meter.finish().terminal
    };
    for (at, from) in ends.iter().enumerate() {
        for to in &ends[at..] {
            assert_eq!(terminal(*from, *to, 0), Some(Terminal::Complete), "{from} to {to}");
        }
        for within in [from - 40, from - 1].into_iter().filter(|_| at + 1 < ends.len()) {
            assert_eq!(terminal(0, within, 0), None, "cut at {within}");
        }
    }
    // A response from its beginning is whole with its last event only.
    assert_eq!(terminal(0, 0, 1), None);
    assert_eq!(terminal(0, ends[ends.len() - 2], 1), None);
}

#[test]
fn a_type_that_does_not_stand_first_is_found_too() {
    let stream = "data: {\"text\":\"\\\"type\\\":\\\"transcript.text.done\\\"\",\"type\":\"transcript.text.delta\"}\n\n\
                  data: {\"text\":\"x\",\"usage\":{\"input_tokens\":3,\"output_tokens\":2},\"type\":\"transcript.text.done\"}\n\n";
    for size in [1, 50, stream.len()] {
        let pieces: Vec<_> = stream.as_bytes().chunks(size).collect();
        let (facts, _) = meter(post("/v1/audio/transcriptions").unwrap(), &pieces);
        assert_eq!(facts.terminal, Some(Terminal::Complete));
        assert_eq!(json!(facts.served.usage), json!({"input": 3, "output": 2}));
    }
}

#[test]
fn an_answer_that_is_no_json_says_nothing() {
    let mut meter = AnswerMeter::blind(post("/v1/audio/transcriptions").unwrap());
    meter.feed(br#"{"usage":{"input_tokens":1,"output_tokens":1}}"#);
    assert_eq!(meter.finish(), Served::unknown());
}

#[test]
fn a_stream_without_names_is_read_by_its_types() {
    for file in files(".sse").into_iter().filter(|file| file.to_str().unwrap().contains("openai.responses.stream")) {
        let stream = fs::read_to_string(&file).unwrap();
        let nameless: String = stream.split_inclusive('\n').filter(|line| !line.starts_with("event:")).collect();
        let stream = nameless.as_bytes();
        assert_eq!(learnt_from_stream(&meter(route(&file), &[stream]).0), expected(&file), "{}", file.display());
        for at in (0..stream.len()).step_by(7) {
            let (facts, _) = meter(route(&file), &[&stream[..at], &stream[at..]]);
            assert_eq!(learnt_from_stream(&facts), expected(&file), "{} cut at {at}", file.display());
        }
    }
}

#[test]
fn a_stream_cut_anywhere_never_bills_the_placeholder() {
    for file in files(".sse").into_iter().filter(|file| provider(file) == Provider::Anthropic) {
        let stream = fs::read(&file).unwrap();
        let first_delta = String::from_utf8_lossy(&stream).find("event: message_delta").unwrap_or(stream.len());
        for at in 0..first_delta {
            let facts = meter(route(&file), &[&stream[..at]]).0;
            let output = facts.served.usage.get(ownkey_domain::usage::TokenClass::Output);
            assert_eq!(output, None, "{} cut at {at}", file.display());
        }
    }
}
