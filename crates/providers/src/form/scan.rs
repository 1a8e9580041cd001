//! Takes a form apart while it comes, in whatever pieces: which parts it has, and where their values are.

use std::ops::Range;

use memchr::memmem::{self, Finder};

use super::{BadForm, Field};

/// More parts than any call has.
const PARTS_MAX: usize = 256;
/// Longer than the head of any part.
const HEAD_LEN_MAX: usize = 4 << 10;
/// Those that leave a value as it is.
const PLAIN_ENCODINGS: [&str; 3] = ["7bit", "8bit", "binary"];
/// RFC 2046 says so.
const BOUNDARY_LEN_MAX: usize = 70;
/// As much as is looked through at once.
const PIECE_LEN: usize = 64 << 10;
const LINE_END: &[u8] = b"\r\n";
const HEAD_END: &[u8] = b"\r\n\r\n";

/// A form that comes in.
pub(crate) struct Scan {
    delimiter: Finder<'static>,
    stage: Stage,
    /// What is not decided on yet, and how much was before it.
    held: Vec<u8>,
    passed: usize,
    parts: Vec<Part>,
}

/// Where in a form its next byte is.
enum Stage {
    /// Before the first delimiter, where nothing may stand.
    Start,
    /// In the value of the last part.
    Value,
    /// Just behind a delimiter.
    Delimiter,
    /// In the head of a part.
    Head,
    /// Behind the last delimiter.
    Over,
}

/// A part of which the head has come.
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) is_file: bool,
    start: usize,
    /// Absent while its value comes.
    end: Option<usize>,
}

impl Part {
    /// The field that it is in these bytes; `None` if it goes on behind them.
    pub(crate) fn within<'a>(&self, bytes: &'a [u8]) -> Option<Field<'a>> {
        let place: Range<usize> = self.start..self.end?;
        Some(Field { name: self.name.clone(), value: bytes.get(place.clone())?, is_file: self.is_file, place })
    }
}

impl Scan {
    /// For a form of that content type.
    pub(crate) fn of(kind: &[u8]) -> Result<Self, BadForm> {
        let delimiter = [b"--", boundary(kind)?].concat();
        let delimiter = Finder::new(&delimiter).into_owned();
        Ok(Self { delimiter, stage: Stage::Start, held: Vec::new(), passed: 0, parts: Vec::new() })
    }

    /// The next bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), BadForm> {
        for piece in bytes.chunks(PIECE_LEN) {
            self.held.extend_from_slice(piece);
            while self.step()? {}
        }
        Ok(())
    }

    /// Whether the form may end here.
    pub(crate) fn end(&self) -> Result<(), BadForm> {
        let is_over = matches!(self.stage, Stage::Over) && [b"", LINE_END].contains(&self.held.as_slice());
        if is_over { Ok(()) } else { Err(BadForm) }
    }

    /// The parts whose heads have come.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Goes on as far as the next stage, if so much has come.
    fn step(&mut self) -> Result<bool, BadForm> {
        match self.stage {
            Stage::Start | Stage::Value => self.delimiter(),
            Stage::Delimiter => {
                let Some(behind) = self.held.get(..2) else { return Ok(false) };
                let stage = if behind == LINE_END { Stage::Head } else { Stage::Over };
                if !matches!(behind, LINE_END | b"--") {
                    return Err(BadForm);
                }
                self.go_on(2, stage);
                Ok(true)
            }
            Stage::Head => self.head(),
            Stage::Over if LINE_END.starts_with(&self.held) => Ok(false),
            Stage::Over => Err(BadForm),
        }
    }

    /// Looks for the next delimiter. Each value ends in the line end that belongs to the one behind it.
    fn delimiter(&mut self) -> Result<bool, BadForm> {
        let length = self.delimiter.needle().len();
        let Some(at) = self.delimiter.find(&self.held) else {
            // What may yet become a delimiter, and its line end.
            let surplus = self.held.len().saturating_sub(length + 1);
            let is_start = matches!(self.stage, Stage::Start);
            if is_start && surplus > 0 {
                return Err(BadForm);
            }
            self.go_on(surplus, if is_start { Stage::Start } else { Stage::Value });
            return Ok(false);
        };
        match self.parts.last_mut() {
            Some(part) if self.held[..at].ends_with(LINE_END) => part.end = Some(self.passed + at - LINE_END.len()),
            None if self.passed + at == 0 => {}
            _ => return Err(BadForm),
        }
        self.go_on(at + length, Stage::Delimiter);
        Ok(true)
    }

    fn head(&mut self) -> Result<bool, BadForm> {
        let end = memmem::find(&self.held, HEAD_END);
        let head = &self.held[..end.unwrap_or(self.held.len())];
        if head.len() > HEAD_LEN_MAX || self.parts.len() >= PARTS_MAX {
            return Err(BadForm);
        }
        let Some(end) = end else { return Ok(false) };
        if self.delimiter.find(head).is_some() {
            return Err(BadForm);
        }
        let (name, is_file) = named(head)?;
        let start = self.passed + end + HEAD_END.len();
        self.parts.push(Part { name: name.to_owned(), is_file, start, end: None });
        self.go_on(end + HEAD_END.len(), Stage::Value);
        Ok(true)
    }

    fn go_on(&mut self, bytes: usize, stage: Stage) {
        self.held.drain(..bytes);
        self.passed += bytes;
        self.stage = stage;
    }
}

fn boundary(kind: &[u8]) -> Result<&[u8], BadForm> {
    let mut parameters = kind.split(|b| *b == b';').skip(1).map(<[u8]>::trim_ascii);
    let parameter = parameters.next().ok_or(BadForm)?;
    if parameters.next().is_some() {
        return Err(BadForm);
    }
    let (name, value) = split_at(parameter, b"=").ok_or(BadForm)?;
    let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(b);
    let fine = name.eq_ignore_ascii_case(b"boundary")
        && (1..=BOUNDARY_LEN_MAX).contains(&value.len())
        && value.iter().all(plain);
    if fine { Ok(value) } else { Err(BadForm) }
}

/// The name that the head of a part tells, and whether its value is a file.
fn named(head: &[u8]) -> Result<(&str, bool), BadForm> {
    let head = std::str::from_utf8(head).map_err(|_| BadForm)?;
    let mut disposition = None;
    for line in head.split("\r\n") {
        let (name, value) = head_line(line).ok_or(BadForm)?;
        let is_second = name.eq_ignore_ascii_case("content-disposition") && disposition.replace(value).is_some();
        let is_encoded = name.eq_ignore_ascii_case("content-transfer-encoding")
            && !PLAIN_ENCODINGS.iter().any(|plain| plain.eq_ignore_ascii_case(value));
        if is_second || is_encoded {
            return Err(BadForm);
        }
    }
    disposition.and_then(disposed).ok_or(BadForm)
}

/// The name and value of a line of a head. Readers disagree about blanks around names, lines that go on in the next one
/// and other line ends, so that one of them could see a field that the other does not.
fn head_line(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let fine = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic()) && !value.contains(char::is_control);
    fine.then_some((name, value.trim()))
}

/// The name in `form-data; name="…"`, and whether a file name follows. Nothing else may. A file that is named in
/// `filename*` alone is a field to some readers and a file to others, so it is refused.
fn disposed(value: &str) -> Option<(&str, bool)> {
    let rest = value.strip_prefix("form-data;")?.trim_start().strip_prefix("name=")?;
    let (name, rest) = parameter(rest)?;
    if name.is_empty() || name.contains(['\\', '%', '\r', '\n']) {
        return None;
    }
    if rest.is_empty() {
        return Some((name, false));
    }
    let rest = rest.strip_prefix(';')?.trim_start().strip_prefix("filename=")?;
    let (_, rest) = parameter(rest)?;
    let again = rest.strip_prefix(';').map(str::trim_start).and_then(|rest| rest.strip_prefix("filename*="));
    let is_all = rest.is_empty() || again.is_some_and(|again| !again.contains([';', '"']));
    is_all.then_some((name, true))
}

/// A value, in quotes or, as .NET writes it, a token without (RFC 9110, 5.6.6), and what follows.
fn parameter(text: &str) -> Option<(&str, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted.split_once('"');
    }
    let is_token = |letter: char| letter.is_ascii_alphanumeric() || "!#$&+-.^_`|~[]".contains(letter);
    let end = text.find(|letter| !is_token(letter)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn split_at<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memmem::find(bytes, separator)?;
    Some((&bytes[..at], &bytes[at + separator.len()..]))
}
