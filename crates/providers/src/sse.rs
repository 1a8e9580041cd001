//! Server-sent events as lines, however the bytes are cut.

use memchr::memchr2;

/// The longest line looked at. What matters (a start, a usage, an error) is far shorter; a longer line is content.
pub(crate) const LINE_KEPT_MAX: usize = 16 << 10;

/// Splits a stream into lines.
#[derive(Default)]
pub(crate) struct Lines {
    /// The beginning of a line whose end has not come; one byte over the limit at most.
    partial: Vec<u8>,
    /// The last byte ended a line by a carriage return: a line feed now belongs to it.
    after_cr: bool,
}

/// What is told of a stream.
pub(crate) enum Part<'a> {
    /// The next bytes of a line, as they come.
    Piece(&'a [u8]),
    /// A line that has ended.
    Line(Line<'a>),
}

/// A line.
pub(crate) struct Line<'a> {
    /// Its bytes without the line end; `None` if it was too long to be looked at.
    pub(crate) bytes: Option<&'a [u8]>,
    /// Where the next line begins in this chunk.
    pub(crate) next: usize,
}

impl Lines {
    /// Gives every line that ends in this chunk, and all bytes of lines.
    pub(crate) fn feed(&mut self, chunk: &[u8], mut each: impl FnMut(Part<'_>)) {
        let mut at = usize::from(self.after_cr && chunk.first() == Some(&b'\n'));
        self.after_cr &= chunk.is_empty();
        while let Some(len) = memchr2(b'\n', b'\r', &chunk[at..]) {
            let end = at + len;
            let mut next = end + 1;
            if chunk[end] == b'\r' {
                next += usize::from(chunk.get(next) == Some(&b'\n'));
                self.after_cr = end + 1 == chunk.len();
            }
            each(Part::Piece(&chunk[at..end]));
            if self.partial.is_empty() {
                each(Part::Line(Line { bytes: kept(&chunk[at..end]), next }));
            } else {
                self.keep(&chunk[at..end]);
                each(Part::Line(Line { bytes: kept(&self.partial), next }));
                self.partial.clear();
            }
            at = next;
        }
        each(Part::Piece(&chunk[at..]));
        self.keep(&chunk[at..]);
    }

    /// The line that has begun, as far as it came.
    pub(crate) fn partial(&self) -> Option<&[u8]> {
        kept(&self.partial)
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = (LINE_KEPT_MAX + 1).saturating_sub(self.partial.len());
        self.partial.extend_from_slice(&bytes[..room.min(bytes.len())]);
    }
}

fn kept(line: &[u8]) -> Option<&[u8]> {
    (line.len() <= LINE_KEPT_MAX).then_some(line)
}

/// The value of a line of that field.
pub(crate) fn field<'a>(line: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let value = line.strip_prefix(name.as_bytes())?.strip_prefix(b":")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

/// Finds the blank lines that end events, without keeping any bytes.
pub(crate) struct Boundaries {
    line_is_empty: bool,
    after_cr: bool,
}

impl Boundaries {
    pub(crate) const fn new() -> Self {
        Self { line_is_empty: true, after_cr: false }
    }

    /// Where the next event ends in these bytes, its blank line included; all of them are looked at if it does not.
    pub(crate) fn next(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            let after_cr = std::mem::take(&mut self.after_cr);
            match memchr2(b'\n', b'\r', &bytes[at..]) {
                Some(0) if after_cr && bytes[at] == b'\n' => at += 1,
                Some(len) => {
                    let was_empty = self.line_is_empty && len == 0;
                    let mut end = at + len + 1;
                    if bytes[end - 1] == b'\r' {
                        end += usize::from(bytes.get(end) == Some(&b'\n'));
                        self.after_cr = bytes[end - 1] == b'\r';
                    }
                    at = end;
                    self.line_is_empty = true;
                    if was_empty {
                        return Some(at);
                    }
                }
                None => {
                    self.line_is_empty = false;
                    return None;
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(pieces: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        let mut scanner = Lines::default();
        let mut lines = Vec::new();
        for piece in pieces {
            scanner.feed(piece, |part| {
                if let Part::Line(line) = part {
                    lines.push(line.bytes.map(<[u8]>::to_vec));
                }
            });
        }
        lines.push(scanner.partial().map(<[u8]>::to_vec));
        lines
    }

    /// Cuts the bytes at all of these places.
    fn cut<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
        let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        at.sort_unstable();
        let ends = at.iter().copied().chain([bytes.len()]);
        let starts = [0].into_iter().chain(at.iter().copied());
        starts.zip(ends).map(|(start, end)| &bytes[start..end]).collect()
    }

    #[test]
    fn all_three_line_ends() {
        let expected: Vec<_> = [&b"a"[..], b"b", b"", b"c", b"d"].iter().map(|line| Some(line.to_vec())).collect();
        assert_eq!(lines(&[b"a\nb\r\n\r\nc\rd"]), expected);
        assert_eq!(lines(&[b"a\nb\r", b"\n\r", b"", b"\nc", b"\rd"]), expected);
    }

    #[test]
    fn a_line_that_is_too_long_is_not_kept() {
        let long = vec![b'x'; LINE_KEPT_MAX + 1];
        assert_eq!(lines(&[&long, b"\nb\n"]), [None, Some(b"b".to_vec()), Some(vec![])]);
        assert_eq!(lines(&[&[&long[1..], b"\n"].concat()])[0], Some(long[1..].to_vec()));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_lines(
            bytes in prop::collection::vec(prop::sample::select(b"ab\r\n".to_vec()), 0..40),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            prop_assert_eq!(lines(&cut(&bytes, &cuts)), lines(&[&bytes]));
        }

        #[test]
        fn any_split_gives_the_same_number_of_events(
            bytes in prop::collection::vec(prop::sample::select(b"a\r\n".to_vec()), 0..40),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let count = |pieces: &[&[u8]]| {
                let mut ends = Boundaries::new();
                pieces.iter().map(|piece| {
                    let (mut at, mut events) = (0, 0);
                    while let Some(end) = ends.next(&piece[at..]) {
                        at += end;
                        events += 1;
                    }
                    events
                }).sum::<usize>()
            };
            let blank = lines(&[&bytes]).iter().rev().skip(1).filter(|line| line.as_deref() == Some(b"")).count();
            prop_assert_eq!(count(&cut(&bytes, &cuts)), blank);
        }
    }
}
