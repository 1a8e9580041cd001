//! The answers, word for word, so that the driver knows what the upstream has said.

use std::fmt::Write;

use bytes::Bytes;

use crate::ask::Ask;

/// The two forms of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Protocol {
    /// `POST …/chat/completions`.
    Chat,
    /// `POST …/messages`.
    Messages,
}

impl Protocol {
    /// The one that is called at this path.
    pub fn at(path: &str) -> Option<Self> {
        match path {
            path if path.ends_with("/chat/completions") => Some(Self::Chat),
            path if path.ends_with("/messages") => Some(Self::Messages),
            _ => None,
        }
    }
}

/// The tokens that an answer says were used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokens {
    pub input: u64,
    pub output: u64,
}

/// Different from call to call, so that sums tell whether each was counted.
pub fn tokens(ask: &Ask) -> Tokens {
    // No more than a prompt of that length can be: beyond that a managed call is not charged what is told.
    Tokens { input: 8 + u64::from(ask.seed % 53), output: 50 + u64::from(ask.seed % 31) }
}

/// The text of one event.
fn words(ask: &Ask, event: u32) -> String {
    format!("word {event} of {}. ", ask.seed)
}

/// The whole text.
pub fn text(ask: &Ask) -> String {
    (0..ask.events).fold(String::new(), |mut text, event| {
        let _ = write!(text, "{}", words(ask, event));
        text
    })
}

/// An answer that is no stream.
pub fn plain(protocol: Protocol, ask: &Ask) -> Bytes {
    let Tokens { input, output } = tokens(ask);
    let text = text(ask);
    Bytes::from(match protocol {
        Protocol::Chat => format!(
            r#"{{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"gpt-4o-mini-2024-07-18","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}","refusal":null}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":{input},"completion_tokens":{output},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0}}}},"service_tier":"default","system_fingerprint":"fp_bench"}}"#,
            input + output
        ),
        Protocol::Messages => format!(
            r#"{{"id":"msg_bench","type":"message","role":"assistant","model":"claude-haiku-4-5-20251001","content":[{{"type":"text","text":"{text}"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{{"input_tokens":{input},"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":{output},"service_tier":"standard"}}}}"#
        ),
    })
}

/// The events of a stream, each as a provider would write it at once.
pub fn stream(protocol: Protocol, ask: &Ask) -> Vec<Bytes> {
    let events = match protocol {
        Protocol::Chat => chat_events(ask),
        Protocol::Messages => message_events(ask),
    };
    events.into_iter().map(Bytes::from).collect()
}

fn chat_events(ask: &Ask) -> Vec<String> {
    let Tokens { input, output } = tokens(ask);
    let event = |choices: &str, usage: &str| {
        format!(
            r#"data: {{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_bench","choices":[{choices}],"usage":{usage}}}"#
        ) + "\n\n"
    };
    let choice = |delta: &str, finish: &str| {
        let choice = format!(r#"{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}"#);
        event(&choice, "null")
    };
    let mut events = vec![choice(r#"{"role":"assistant","content":"","refusal":null}"#, "null")];
    events.extend((0..ask.events).map(|n| choice(&format!(r#"{{"content":"{}"}}"#, words(ask, n)), "null")));
    events.push(choice("{}", r#""stop""#));
    let usage = format!(
        r#"{{"prompt_tokens":{input},"completion_tokens":{output},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0}}}}"#,
        input + output
    );
    events.push(event("", &usage) + "data: [DONE]\n\n");
    events
}

fn message_events(ask: &Ask) -> Vec<String> {
    let Tokens { input, output } = tokens(ask);
    let event = |name: &str, data: &str| format!("event: {name}\ndata: {{\"type\":\"{name}\",{data}}}\n\n");
    let start = format!(
        r#""message":{{"id":"msg_bench","type":"message","role":"assistant","model":"claude-haiku-4-5-20251001","content":[],"stop_reason":null,"stop_sequence":null,"usage":{{"input_tokens":{input},"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1,"service_tier":"standard"}}}}"#
    );
    let block = r#""index":0,"content_block":{"type":"text","text":""}"#;
    let mut events = vec![event("message_start", &start) + &event("content_block_start", block)];
    events.extend((0..ask.events).map(|n| {
        let delta = format!(r#""index":0,"delta":{{"type":"text_delta","text":"{}"}}"#, words(ask, n));
        event("content_block_delta", &delta)
    }));
    let end =
        format!(r#""delta":{{"stop_reason":"end_turn","stop_sequence":null}},"usage":{{"output_tokens":{output}}}"#);
    let stop = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    events.push(event("content_block_stop", r#""index":0"#) + &event("message_delta", &end) + stop);
    events
}
