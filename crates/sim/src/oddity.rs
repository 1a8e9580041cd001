//! Makes answers odd in the ways a directive asks for.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use crate::body::{Script, Step};
use crate::call::Call;
use crate::catalogue;
use crate::directive::Directives;
use crate::echo;
use crate::log::Mark;
use crate::provider::Provider;
use crate::reply::{Content, Reply, Wait};
use crate::sim::Sim;
use crate::sse::{Event, Events, Part};
use crate::writes;

/// Lets what was written reach the caller before the connection is broken.
const BEFORE_CUT: Duration = Duration::from_millis(5);

/// An answer that takes the place of the real one.
pub fn replaced(sim: &Sim, call: &Call, asked: &Directives) -> Option<Reply> {
    if let Some(first) = asked.number("fail_first", "n", 1) {
        let tag = asked.text("fail_first", "tag").unwrap_or_default();
        if sim.failures(tag) <= first {
            return Some(sim.plain_error(call, status(asked, "fail_first", "status")));
        }
    }
    if let Some(id) = asked.text("error", "id") {
        let in_stream = catalogue::entry(id).is_some_and(|entry| entry.transport == "sse_event");
        if !in_stream {
            return Some(catalogue::reply(call, id));
        }
    }
    if asked.has("status") {
        let code = status(asked, "status", "code");
        return Some(if code < 300 { sim.empty(call, code) } else { sim.plain_error(call, code) });
    }
    if asked.has("hang_up") {
        return Some(Reply::never(Wait::Break));
    }
    if let Some(reply) = echo::replaced(sim, call, asked) {
        return Some(reply);
    }
    if asked.has("echo_key") {
        return Some(key_echo(call));
    }
    if asked.has("redirect") {
        let mut reply = Reply::text(302, "text/html", "<html><body>Moved</body></html>");
        reply.set("location", asked.text("redirect", "to").unwrap_or("https://elsewhere.invalid/v1/stolen"));
        return Some(reply);
    }
    asked.has("html").then(|| {
        let page = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1>\
                    </center><hr><center>cloudflare</center></body></html>";
        let mut reply = Reply::text(502, "text/html; charset=UTF-8", page);
        reply.set("server", "cloudflare");
        reply
    })
}

/// What the header of a call without a text makes of its answer.
pub fn aside(sim: &Sim, call: &Call) -> Option<Reply> {
    let asked = call.asked_aside();
    replaced(sim, call, &asked).map(|reply| shaped(reply, &asked))
}

fn status(asked: &Directives, name: &str, key: &str) -> u16 {
    let code = asked.number(name, key, 500).and_then(|code| u16::try_from(code).ok());
    code.filter(|code| (200..=999).contains(code)).unwrap_or(500)
}

/// A 401 that repeats the key in every encoding.
pub fn key_echo(call: &Call) -> Reply {
    let said = call.key_echo_json();
    let body = match call.provider {
        Provider::Anthropic => format!(
            "{{\"type\":\"error\",\"error\":{{\"type\":\"authentication_error\",\"message\":{said}}},\"request_id\":\"{}\"}}",
            call.id
        ),
        Provider::Service => format!("{{\"error\":{{\"code\":\"unauthorized\",\"message\":{said}}}}}"),
        Provider::OpenAi => format!(
            "{{\"error\":{{\"message\":{said},\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"invalid_api_key\"}}}}"
        ),
    };
    Reply::text(401, "application/json", body)
}

/// What the head of any answer is asked to be like, and how it is written.
pub fn shaped(mut reply: Reply, asked: &Directives) -> Reply {
    if let Some(pause) = asked.pause("slow_head", "ms", 1000) {
        reply.wait = Wait::For(pause);
    }
    if let Some(value) = asked.text("should_retry", "value") {
        reply.set("x-should-retry", value);
    }
    if let Some(value) = asked.text("retry_after", "s") {
        reply.set("retry-after", value);
    }
    if asked.has("server_timing") {
        reply.set("server-timing", "provider;dur=1");
    }
    let length = match &reply.content {
        Content::Whole(bytes, _) => Some(bytes.len()),
        Content::Pieces(_) => None,
    };
    let endless = asked.has("endless") || asked.has("gzip");
    let lie = asked.count("length_lie", "by", 64);
    // A stream has no length to add to: it promises more than it will ever be.
    let told = length.map(|length| length + lie.unwrap_or(0)).or(lie.map(|_| usize::MAX >> 1));
    if let Some(told) = told.filter(|_| !endless && reply.status != 204) {
        reply.set("content-length", told.to_string());
    }
    let mut script = match reply.content {
        Content::Whole(bytes, mark) => whole(bytes, mark, asked),
        Content::Pieces(script) => script,
    };
    if lie.is_some() {
        script = Box::new(script.chain([Step::Pause(BEFORE_CUT), Step::Cut]));
    }
    if asked.has("gzip") {
        script = writes::gzipped(script);
        reply.headers.insert("content-encoding", http::HeaderValue::from_static("gzip"));
    }
    if asked.has("bytes") {
        script = writes::in_pieces(script, 1);
    } else if asked.has("split") {
        script = writes::in_pieces(script, 24);
    }
    Reply { content: Content::Pieces(script), ..reply }
}

/// An answer nothing odd was asked of: its length is told.
pub fn finished(reply: Reply) -> Reply {
    match reply.content {
        Content::Whole(..) => shaped(reply, &Directives::default()),
        Content::Pieces(_) => reply,
    }
}

/// A body in one piece, with what is asked done to it.
fn whole(bytes: Bytes, mark: Mark, asked: &Directives) -> Script {
    let half = bytes.slice(..bytes.len() / 2);
    let steps = if asked.has("cut") {
        vec![Step::Send(half, mark), Step::Pause(BEFORE_CUT), Step::Cut]
    } else if asked.has("hang") {
        vec![Step::Send(half, mark), Step::Hang]
    } else if asked.has("endless") {
        let pause = asked.pause("chunks", "delay_ms", 5).unwrap_or(Duration::from_millis(5));
        let more = Step::Send(Bytes::from_static("Grüße ".as_bytes()), Mark::default());
        let filler = [Step::Pause(pause), more].into_iter().cycle();
        return Box::new(std::iter::once(Step::Send(half, mark)).chain(filler));
    } else if asked.has("invalid_utf8") {
        vec![Step::Send(spoilt(&bytes), mark)]
    } else if bytes.is_empty() {
        Vec::new()
    } else {
        vec![Step::Send(bytes, mark)]
    };
    Box::new(steps.into_iter())
}

/// Half of a JSON body, where bad JSON is asked for.
pub fn maybe_broken(reply: Reply, asked: &Directives) -> Reply {
    match reply.content {
        Content::Whole(bytes, mark) if asked.has("bad_json") => {
            Reply { content: Content::Whole(bytes.slice(..bytes.len() / 2), mark), ..reply }
        }
        _ => reply,
    }
}

/// Puts two bytes no UTF-8 text has behind the first letter of the answer.
fn spoilt(bytes: &Bytes) -> Bytes {
    let text = String::from_utf8_lossy(bytes);
    let marks = ["\"content\":\"", "\"text\":\"", "\"delta\":\""];
    let at = marks.iter().filter_map(|mark| text.find(mark).map(|at| at + mark.len())).min();
    let at = at.unwrap_or(bytes.len() / 2);
    [&bytes[..at], &[0xff, 0xfe][..], &bytes[at..]].concat().into()
}

/// A stream as it is asked for; `error` is the provider's error event.
pub fn stream(events: Events, asked: &Directives, error: Bytes) -> Script {
    let in_stream = asked.has("error").then_some(1);
    Box::new(Stream {
        events,
        queue: VecDeque::new(),
        deltas: 0,
        done: false,
        started: false,
        cut: asked.count("cut", "after", 1),
        hang: asked.count("hang", "after", 1),
        fail: asked.count("error_event", "after", 1).or(asked.count("error_split", "after", 1)).or(in_stream),
        error,
        pause: asked.pause("chunks", "delay_ms", 0).or(asked.has("endless").then_some(Duration::from_millis(5))),
        asked: asked.clone(),
    })
}

/// Events become steps, and odd where it is asked for.
struct Stream {
    events: Events,
    queue: VecDeque<Step>,
    deltas: usize,
    done: bool,
    started: bool,
    cut: Option<usize>,
    hang: Option<usize>,
    fail: Option<usize>,
    error: Bytes,
    pause: Option<Duration>,
    asked: Directives,
}

impl Stream {
    /// Whether the stream breaks before this event; at the latest before the
    /// one that follows the last delta.
    fn breaks(&mut self, event: &Event) -> bool {
        let reached = |at: Option<usize>| at.is_some_and(|at| self.deltas >= at);
        let part = event.part;
        if part != Part::Delta && self.deltas == 0 {
            return false;
        }
        if reached(self.asked.count("cut_within", "after", 1)) {
            let half = Step::Send(event.bytes.slice(..event.bytes.len() / 2), Mark::default());
            self.queue.extend([half, Step::Pause(BEFORE_CUT), Step::Cut]);
        } else if reached(self.cut) {
            self.queue.extend([Step::Pause(BEFORE_CUT), Step::Cut]);
        } else if reached(self.hang) {
            self.queue.extend([Step::Flush, Step::Hang]);
        } else if reached(self.fail) {
            self.queue.extend([Step::Flush, Step::Fail]);
            self.queue.extend(writes::apart(&self.error, self.asked.count("error_split", "n", 7)));
        } else if part == Part::Terminal && self.asked.has("no_done") {
            self.queue.push_back(Step::Fail);
        } else {
            return false;
        }
        self.done = true;
        true
    }

    fn expand(&mut self, event: Event) {
        if self.breaks(&event) {
            return;
        }
        let mut bytes = event.bytes;
        // Each event is a write of its own, as from a model that is thinking.
        match self.pause.filter(|pause| event.part == Part::Delta && self.deltas > 0 && !pause.is_zero()) {
            Some(pause) => self.queue.push_back(Step::Pause(pause)),
            None if self.started => self.queue.push_back(Step::Flush),
            None => self.started = true,
        }
        if event.part == Part::Delta {
            self.deltas += 1;
            if self.deltas == 1 && self.asked.has("invalid_utf8") {
                bytes = spoilt(&bytes);
            }
            if self.deltas == 1 && self.asked.has("bad_json") {
                let cut_off = bytes.slice(..bytes.len() / 2);
                bytes = [&cut_off[..], b"\n\n"].concat().into();
            }
        }
        self.queue.push_back(Step::Send(bytes, event.mark));
    }
}

impl Iterator for Stream {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            if let Some(step) = self.queue.pop_front() {
                return Some(step);
            }
            if self.done {
                return None;
            }
            let Some(event) = self.events.next() else {
                self.done = true;
                return self.asked.has("linger").then_some(Step::Hang);
            };
            self.expand(event);
        }
    }
}
