//! Meters a stream while it passes: usage, model, and how it ended. Never an error, never a copy of the content.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use ownkey_domain::hold::Produced;

use crate::answer::Served;
use crate::error_class::ErrorClass;
use crate::route::Route;
use crate::sse::{self, Lines, Part};

/// Longer than every event name that matters.
const NAME_KEPT_MAX: usize = 32;

/// Where the type stands in an event that has no name line.
const TYPE_WITHIN: usize = 64;

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terminal {
    /// By the event that ends a whole answer.
    Complete,
    /// By an error the provider sent inside the stream.
    Error(ErrorClass),
}

/// What happened within one chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The stream's last event can be told in this chunk: where its first byte is, or 0 if it began in an earlier
    /// one. Everything from there on can wait; nothing before has to. Said once a stream, as soon as the event
    /// is certain, even if its last bytes are still to come.
    pub terminal_at: Option<usize>,
    /// An error of the provider's ends in this chunk: where its event begins here, or 0 if it began earlier. Said
    /// once a stream.
    pub error_at: Option<usize>,
}

/// All that was learnt from a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamFacts {
    /// What it said of itself.
    pub served: Served,
    /// How it ended; `None` if it was cut.
    pub terminal: Option<Terminal>,
    /// What came of its output, as far as it can be seen.
    pub output: Produced,
    /// Whether its provider told that it failed before any of the answer came. Not known where an answer is no text.
    pub came_to_nothing: bool,
}

/// What a line of data was.
pub(crate) enum Seen {
    /// Nothing that matters here.
    Nothing,
    /// The end of a whole answer.
    Complete,
    /// An error, after which the stream may still be closed in form.
    Error(ErrorClass),
    /// An error that is the last event.
    FinalError(ErrorClass),
}

/// Reads the events of one provider's streams.
pub(crate) trait Reader: Send {
    /// A line of data, with the name of its event if it has one.
    fn data(&mut self, name: &[u8], data: &[u8]) -> Seen;
    /// The next bytes of a line within an event of that name, whatever the line's length.
    fn piece(&mut self, _name: &[u8], _bytes: &[u8]) {}
    /// The end of a line that was too long to be given whole.
    fn long(&mut self, _name: &[u8]) -> Seen {
        Seen::Nothing
    }
    /// A line has ended, after what else is told of it.
    fn end_line(&mut self) {}
    /// Whether an event of that name is an error, whatever it says.
    fn is_error(&self, _name: &[u8]) -> bool {
        false
    }
    /// Whether a line that has only begun is the last event already.
    fn is_end(&self, _partial: &[u8]) -> bool {
        false
    }
    /// Whether the answer is whole if the stream ends here, in the middle of an event or between two.
    fn may_end(&self, _is_amid: bool) -> bool {
        false
    }
    /// What was learnt.
    fn served(&self) -> Served;
}

/// A reader for one stream.
pub(crate) type Dialect = Box<dyn Reader>;

/// Meters one stream.
pub struct StreamMeter {
    route: &'static Route,
    lines: Lines,
    name: Vec<u8>,
    reader: Dialect,
    terminal: Option<Terminal>,
    ended: bool,
    /// Whether an error was told, or is being told.
    failed: bool,
    output: Produced,
    /// Whether a line came that is too long to be looked into.
    has_long: bool,
}

impl StreamMeter {
    /// For a stream that answers such a call, which asked for so many answers; 0 if nobody knows for how many.
    pub fn new(route: &'static Route, answers: u32) -> Self {
        Self {
            route,
            lines: Lines::default(),
            name: Vec::new(),
            reader: (route.dialect)(answers),
            terminal: None,
            ended: false,
            failed: false,
            output: Produced::default(),
            has_long: false,
        }
    }

    /// The next bytes, cut anywhere.
    pub fn feed(&mut self, chunk: &[u8]) -> Progress {
        let mut lines = std::mem::take(&mut self.lines);
        let mut event_at = 0;
        let mut terminal_at = None;
        let mut error_at = None;
        let had_failed = self.failed;
        lines.feed(chunk, |part| {
            let line = match part {
                Part::Piece(bytes) => return self.reader.piece(&self.name, bytes),
                Part::Line(line) => line,
            };
            if line.bytes == Some(b"") {
                self.name.clear();
                event_at = line.next;
            } else if self.line(line.bytes) {
                terminal_at.get_or_insert(event_at);
            }
            self.reader.end_line();
            if self.failed && !had_failed {
                error_at.get_or_insert(event_at);
            }
        });
        if !self.ended && lines.partial().is_some_and(|partial| self.reader.is_end(partial)) {
            self.ended = true;
            terminal_at = Some(event_at);
        }
        self.lines = lines;
        Progress { terminal_at, error_at }
    }

    /// What of its output came by now.
    pub const fn output(&self) -> Produced {
        self.output
    }

    /// What it said of itself by now.
    pub fn served(&self) -> Served {
        self.route.bill(self.reader.served())
    }

    /// What was learnt, once the stream ended or broke off.
    pub fn finish(mut self) -> StreamFacts {
        let lines = std::mem::take(&mut self.lines);
        let is_begun = lines.partial().is_none_or(|partial| !partial.is_empty());
        let is_amid = is_begun || !self.name.is_empty();
        if lines.partial().is_some_and(|partial| !partial.is_empty()) {
            self.line(lines.partial());
        }
        let terminal = self.terminal.or_else(|| self.reader.may_end(is_amid).then_some(Terminal::Complete));
        let is_silent = self.output.bytes == 0 && !self.has_long && self.route.shows.is_some();
        let served = self.route.bill(self.reader.served());
        StreamFacts { served, terminal, output: self.output, came_to_nothing: self.failed && is_silent }
    }

    /// Whether this line is the first to tell that the stream ends.
    fn line(&mut self, line: Option<&[u8]>) -> bool {
        let Some(line) = line else {
            self.output.pieces += 1;
            self.has_long = true;
            let seen = self.reader.long(&self.name);
            return self.saw(seen);
        };
        if let Some(name) = sse::field(line, "event") {
            self.name.clear();
            self.name.extend_from_slice(&name[..name.len().min(NAME_KEPT_MAX)]);
            self.failed |= self.reader.is_error(&self.name);
            return false;
        }
        let Some(data) = sse::field(line, "data") else { return false };
        self.output.pieces += 1;
        self.output.bytes += DELTA.find(data).map_or(0, |at| text_bytes(&data[at + DELTA.needle().len()..]));
        let seen = self.reader.data(&self.name, data);
        self.saw(seen)
    }

    fn saw(&mut self, seen: Seen) -> bool {
        let (terminal, is_end) = match seen {
            Seen::Nothing => return false,
            Seen::Complete => (Terminal::Complete, true),
            Seen::Error(class) => (Terminal::Error(class), false),
            Seen::FinalError(class) => (Terminal::Error(class), true),
        };
        let terminal = self.terminal.get_or_insert(terminal);
        self.failed |= matches!(terminal, Terminal::Error(_));
        let first = is_end && !self.ended;
        self.ended |= is_end;
        first
    }
}

/// The member that has what an event adds to the answer: in chunks, messages and responses alike.
static DELTA: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"delta\":"));
/// Members that say how much was used, and that the provider failed. Made once: a finder takes as much memory as all else
/// that a stream's meter keeps.
pub(crate) static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"usage\""));
pub(crate) static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"error\""));

/// Members of it that say nothing of the answer.
const NO_TEXT: [&[u8]; 3] = [b"type", b"role", b"id"];

/// How many bytes the strings have that are values in the JSON at the beginning of these bytes: the text of an answer.
fn text_bytes(json: &[u8]) -> u64 {
    let (mut at, mut depth, mut bytes, mut counts) = (0, 0_u32, 0, true);
    while let Some(byte) = json.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let string = &json[at..at + string_len(&json[at..])];
                at += string.len() + 1;
                if json.get(at).is_some_and(|next| *next == b':') {
                    counts = !NO_TEXT.contains(&string);
                } else if counts {
                    bytes += u64::try_from(string.len()).unwrap_or(u64::MAX);
                }
            }
            _ => continue,
        }
        if depth == 0 {
            break;
        }
    }
    bytes
}

/// How long a string is whose first quote was read.
fn string_len(json: &[u8]) -> usize {
    let mut escaped = false;
    let end = json.iter().position(|byte| {
        let is_end = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        is_end
    });
    end.unwrap_or(json.len())
}

/// Whether the JSON has a member of that name with an object in it, `quoted` being the name in its quotes. Inside
/// a JSON string the quotes would be escaped, so text that only speaks of such a member is not mistaken for it.
pub(crate) fn has_object(json: &[u8], quoted: &Finder<'_>) -> bool {
    let after = |at: usize| json[at + quoted.needle().len()..].trim_ascii_start();
    let is_object = |at| after(at).strip_prefix(b":").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"{"));
    quoted.find_iter(json).any(is_object)
}

/// The type of an event without a name line, from its first bytes: it is the first member there.
pub(crate) fn type_of(data: &[u8]) -> &[u8] {
    let head = &data[..data.len().min(TYPE_WITHIN)];
    let mut parts = head.split(|b| *b == b'"').filter(|part| !part.trim_ascii().is_empty());
    let is_type = parts.next().map(<[u8]>::trim_ascii) == Some(b"{") && parts.next() == Some(b"type");
    let colon = parts.next().map(<[u8]>::trim_ascii);
    if is_type && colon == Some(b":") { parts.next().unwrap_or_default() } else { b"" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_of_a_delta_counts() {
        for (delta, bytes) in [
            (r#""hello","output_index":0}"#, 5),
            (r#"{"content":"hi \"you\""},"logprobs":null,"finish_reason":"stop"}]}"#, 10),
            (r#"{"type":"text_delta","text":"abc"}}"#, 3),
            (r#"{"role":"assistant","tool_calls":[{"index":0,"id":"call_1","function":{"arguments":"{}"}}]}}"#, 2),
            (r#"{}}"#, 0),
            (r#"null}"#, 0),
            (r#"{"content":"cut"#, 3),
        ] {
            assert_eq!(text_bytes(delta.as_bytes()), bytes, "{delta}");
        }
    }
}
