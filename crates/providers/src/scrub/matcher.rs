//! Finds stretches that also occur in the forms of a secret. Works like the match search of a compressor: every
//! three bytes of the forms are listed by hash, text is probed at every tenth byte only, and a hit is extended in
//! both directions.

use std::ops::Range;

use zeroize::Zeroizing;

use super::forms::forms;

/// A stretch of a key this long is taken out.
const WINDOW: usize = 12;
/// Shorter texts are no secrets.
const SECRET_LEN_MIN: usize = 4;
/// How far into a key its public beginning (`sk-ant-api03-`) can reach.
const PUBLIC_WITHIN: usize = 14;
/// A stretch must reach this far past the public beginning: documentation that shows it is no leak.
const BEYOND_PUBLIC: usize = 4;

const PROBE: usize = 3;
/// About as many as a key of usual length has forms' bytes: a list holds one place, and a stream 4 KiB.
const BUCKETS: usize = 1 << BUCKET_BITS;
const BUCKET_BITS: u32 = 11;
/// End of a list; no position of a form reaches it, since longer forms are cut.
const NONE: u16 = u16::MAX;
const FORMS_LEN_MAX: usize = 1 << 15;
/// Stands between forms. Keys are printable, so no stretch reaches over it.
const SEPARATOR: u8 = 0;

pub(super) struct Matcher {
    /// All forms, one after the other.
    forms: Zeroizing<Vec<u8>>,
    /// Up to where the plain form, which is the first, is public.
    public: usize,
    /// The shortest stretch that is taken out.
    window: usize,
    /// By hash of three bytes: the last position of such in the forms.
    heads: Vec<u16>,
    /// By position: the one before with the same hash.
    next: Vec<u16>,
    /// Which bytes occur at all.
    bytes: [bool; 256],
}

impl Matcher {
    pub(super) fn new(secret: &[u8]) -> Self {
        let mut all = Zeroizing::new(Vec::new());
        if secret.len() >= SECRET_LEN_MIN {
            for form in forms(secret) {
                all.extend_from_slice(&form);
                all.push(SEPARATOR);
            }
        }
        all.truncate(FORMS_LEN_MAX);
        let public = secret.iter().take(PUBLIC_WITHIN).rposition(|&b| b == b'-').map_or(0, |dash| dash + 1);
        let public = if secret.len() >= public + WINDOW { public } else { 0 };
        let mut matcher = Self {
            window: WINDOW.min(secret.len()),
            public,
            heads: vec![NONE; BUCKETS],
            next: vec![NONE; all.len()],
            bytes: [false; 256],
            forms: all,
        };
        matcher.index();
        matcher
    }

    fn index(&mut self) {
        // Threes that reach over a separator are listed too: nothing is ever found to begin there.
        for ((at, three), next) in (0..NONE).zip(self.forms.array_windows()).zip(&mut self.next) {
            *next = std::mem::replace(&mut self.heads[bucket(three)], at);
        }
        for &byte in &*self.forms {
            self.bytes[usize::from(byte)] = true;
        }
        self.bytes[usize::from(SEPARATOR)] = false;
    }

    /// The stretches to take out, in order, none touching another.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        let step = self.window.saturating_sub(PROBE - 1).max(1);
        // Every stretch of `window` bytes holds a whole probe at a multiple of `step`.
        for at in (0..text.len().saturating_sub(PROBE - 1)).step_by(step) {
            let Some(place) = self.around(text, at) else { continue };
            match found.last_mut() {
                Some(last) if place.start <= last.end => {
                    last.start = last.start.min(place.start);
                    last.end = last.end.max(place.end);
                }
                _ => found.push(place),
            }
        }
        found
    }

    /// How many bytes at the end of the text occur in a form and so may go on to be more of it.
    pub(super) fn open_end(&self, text: &[u8]) -> usize {
        let Some(&last) = text.last() else { return 0 };
        if !self.bytes[usize::from(last)] {
            return 0;
        }
        let ends = self.forms.iter().enumerate().filter(|&(_, &byte)| byte == last);
        ends.map(|(at, _)| common_end(&self.forms[..=at], text)).max().unwrap_or(0)
    }

    /// The stretch of the forms that lies over this place of the text, if it is long enough.
    fn around(&self, text: &[u8], at: usize) -> Option<Range<usize>> {
        let mut found: Option<Range<usize>> = None;
        let probe = text[at..].first_chunk()?;
        let mut candidate = self.heads[bucket(probe)];
        while candidate != NONE {
            let from = usize::from(candidate);
            let before = common_end(&self.forms[..from], &text[..at]);
            let after = common_start(&self.forms[from..], &text[at..]);
            if before + after >= self.window && !self.is_public(from + after) {
                let (start, end) = (at - before, at + after);
                let widest = found.map_or(start..end, |f| f.start.min(start)..f.end.max(end));
                found = Some(widest);
            }
            candidate = self.next[from];
        }
        found
    }

    /// Whether a stretch that ends there in the forms shows only what every key begins with.
    fn is_public(&self, end: usize) -> bool {
        self.public > 0 && end < self.public + BEYOND_PUBLIC
    }
}

fn bucket(&[a, b, c]: &[u8; PROBE]) -> usize {
    let mixed = u32::from_be_bytes([0, a, b, c]).wrapping_mul(0x9E37_79B1);
    // The upper bits are the well mixed ones.
    usize::try_from(mixed >> (u32::BITS - BUCKET_BITS)).unwrap_or_default()
}

/// How many bytes are the same at the start, up to a separator.
fn common_start(form: &[u8], text: &[u8]) -> usize {
    form.iter().zip(text).take_while(|(a, b)| a == b && **a != SEPARATOR).count()
}

/// How many bytes are the same at the end, up to a separator.
fn common_end(form: &[u8], text: &[u8]) -> usize {
    form.iter().rev().zip(text.iter().rev()).take_while(|(a, b)| a == b && **a != SEPARATOR).count()
}
