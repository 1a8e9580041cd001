//! Counts the items of a list in JSON that comes in pieces, whatever its size, in bounded memory.

use memchr::memchr2;

/// A count; `None` until the list is whole.
pub(super) struct Items {
    list: Option<String>,
    depth: u32,
    string: InString,
    key: Vec<u8>,
    /// Whether the next string is a key of the whole.
    key_next: bool,
    /// Whether the list begins next, if anything does.
    list_next: bool,
    /// The list that is being counted.
    open: Option<Open>,
    /// Of lists of one name the longest counts.
    counted: Option<u64>,
    began: bool,
}

struct Open {
    commas: u64,
    is_empty: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum InString {
    No,
    Yes,
    Escape,
}

impl Items {
    /// Of the list of that name, or of the whole.
    pub(super) fn of(list: Option<&str>) -> Self {
        Self {
            list: list.map(str::to_owned),
            depth: 0,
            string: InString::No,
            key: Vec::new(),
            key_next: false,
            list_next: list.is_none(),
            open: None,
            counted: None,
            began: false,
        }
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        while let Some(&byte) = bytes.first() {
            let taken = if self.string == InString::No {
                self.structure(byte);
                1
            } else {
                self.text(bytes)
            };
            bytes = bytes.get(taken..).unwrap_or_default();
        }
    }

    /// How many there are, once all of the answer has come.
    pub(super) fn finish(self) -> Option<u64> {
        self.counted.filter(|_| self.began && self.depth == 0)
    }

    fn text(&mut self, bytes: &[u8]) -> usize {
        let (taken, next) = match (self.string, memchr2(b'"', b'\\', bytes)) {
            (InString::Escape, _) => (1, InString::Yes),
            (_, Some(at)) if bytes.get(at) == Some(&b'"') => (at + 1, InString::No),
            (_, Some(at)) => (at + 1, InString::Escape),
            (_, None) => (bytes.len(), InString::Yes),
        };
        self.string = next;
        if self.key_next {
            let longest = self.list.as_ref().map_or(0, String::len) + 2;
            let room = longest.saturating_sub(self.key.len()).min(taken);
            self.key.extend_from_slice(bytes.get(..room).unwrap_or_default());
        }
        taken
    }

    fn structure(&mut self, byte: u8) {
        if byte.is_ascii_whitespace() {
            return;
        }
        self.note_item(byte);
        let is_list = std::mem::take(&mut self.list_next);
        match byte {
            b'"' => {
                self.string = InString::Yes;
                self.key.clear();
            }
            b'{' | b'[' => {
                self.began = true;
                self.depth = self.depth.saturating_add(1);
                if is_list && byte == b'[' {
                    self.open = Some(Open { commas: 0, is_empty: true });
                }
                self.key_next = self.depth == 1 && byte == b'{' && self.list.is_some();
            }
            b'}' | b']' => self.close(),
            b',' if self.depth == 1 && self.open.is_none() => self.key_next = self.list.is_some(),
            b':' if self.key_next => {
                self.key_next = false;
                let key = self.key.strip_suffix(b"\"").unwrap_or(&self.key);
                self.list_next = self.list.as_ref().is_some_and(|list| list.as_bytes() == key);
            }
            _ => {}
        }
    }

    /// The depth of the list's items.
    fn items_depth(&self) -> u32 {
        if self.list.is_some() { 2 } else { 1 }
    }

    fn note_item(&mut self, byte: u8) {
        let is_here = self.depth == self.items_depth();
        if let Some(open) = self.open.as_mut().filter(|_| is_here) {
            match byte {
                b',' => open.commas = open.commas.saturating_add(1),
                b']' => {}
                _ => open.is_empty = false,
            }
        }
    }

    fn close(&mut self) {
        if self.depth == self.items_depth()
            && let Some(Open { commas, is_empty }) = self.open.take()
        {
            let count = if is_empty { 0 } else { commas.saturating_add(1) };
            self.counted = Some(self.counted.map_or(count, |before| before.max(count)));
        }
        self.key_next = false;
        self.depth = self.depth.saturating_sub(1);
    }
}
