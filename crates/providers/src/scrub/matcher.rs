//! Finds stretches that also occur in the forms of a secret. Works like the match search of a compressor: text is
//! probed at every tenth byte only, a small filter tells which three bytes occur in no form, and where others occur is
//! looked for in the forms and extended in both directions.

use std::ops::Range;

use memchr::memmem::Finder;
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
/// A key of usual length sets one in twenty of the filter's bits, and a stream holds 2 KiB of them.
const FILTER_BITS: u32 = 14;
const FILTER_WORDS: usize = (1 << FILTER_BITS) / 64;
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
    /// By hash of three bytes: whether such may occur in the forms.
    filter: Vec<u64>,
    /// Which bytes occur at all.
    bytes: [bool; 256],
}

impl Matcher {
    pub(super) fn new(secret: &[u8]) -> Self {
        let forms = if secret.len() >= SECRET_LEN_MIN { forms(secret) } else { Vec::new() };
        // As large as it gets from the start: what a growing one leaves behind is not wiped.
        let mut all = Zeroizing::new(Vec::with_capacity(forms.iter().map(|form| form.len() + 1).sum()));
        for form in &forms {
            all.extend_from_slice(form);
            all.push(SEPARATOR);
        }
        all.truncate(FORMS_LEN_MAX);
        let public = secret.iter().take(PUBLIC_WITHIN).rposition(|&b| b == b'-').map_or(0, |dash| dash + 1);
        let public = if secret.len() >= public + WINDOW { public } else { 0 };
        let mut matcher = Self {
            window: WINDOW.min(secret.len()),
            public,
            filter: vec![0; FILTER_WORDS],
            bytes: [false; 256],
            forms: all,
        };
        matcher.index();
        matcher
    }

    fn index(&mut self) {
        // Threes that reach over a separator are listed too: nothing is ever found to begin there.
        for three in self.forms.array_windows() {
            let (word, bit) = place_in_filter(three);
            self.filter[word] |= bit;
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
        if !self.may_lie_over(text, at) {
            return None;
        }
        let mut found: Option<Range<usize>> = None;
        for from in self.places(text[at..].first_chunk()?) {
            let before = common_end(&self.forms[..from], &text[..at]);
            let after = common_start(&self.forms[from..], &text[at..]);
            if before + after >= self.window && !self.is_public(from + after) {
                let (start, end) = (at - before, at + after);
                let widest = found.map_or(start..end, |f| f.start.min(start)..f.end.max(end));
                found = Some(widest);
            }
        }
        found
    }

    /// Whether a stretch that is long enough can lie over this place of the text. One of a whole window reaches five
    /// bytes further than the probe to one side at least, so the three bytes next to it there are in a form as well.
    fn may_lie_over(&self, text: &[u8], at: usize) -> bool {
        let may_occur = |from: usize| {
            let three = text.get(from..).and_then(<[u8]>::first_chunk);
            three.map(place_in_filter).is_some_and(|(word, bit)| self.filter[word] & bit != 0)
        };
        let beside = || may_occur(at + PROBE) || at.checked_sub(PROBE).is_some_and(may_occur);
        may_occur(at) && (self.window < WINDOW || beside())
    }

    /// Where these bytes stand in the forms; places may overlap.
    fn places(&self, probe: &[u8; PROBE]) -> impl Iterator<Item = usize> {
        let finder = Finder::new(probe);
        let mut from = 0;
        std::iter::from_fn(move || {
            let at = from + finder.find(&self.forms[from..])?;
            from = at + 1;
            Some(at)
        })
    }

    /// Whether a stretch that ends there in the forms shows only what every key begins with.
    fn is_public(&self, end: usize) -> bool {
        self.public > 0 && end < self.public + BEYOND_PUBLIC
    }
}

/// The word, and the bit in it.
fn place_in_filter(&[a, b, c]: &[u8; PROBE]) -> (usize, u64) {
    let mixed = u32::from_be_bytes([0, a, b, c]).wrapping_mul(0x9E37_79B1);
    // The upper bits are the well mixed ones.
    let place = mixed >> (u32::BITS - FILTER_BITS);
    (usize::try_from(place / u64::BITS).unwrap_or_default(), 1 << (place % u64::BITS))
}

/// How many bytes are the same at the start, up to a separator.
fn common_start(form: &[u8], text: &[u8]) -> usize {
    form.iter().zip(text).take_while(|(a, b)| a == b && **a != SEPARATOR).count()
}

/// How many bytes are the same at the end, up to a separator.
fn common_end(form: &[u8], text: &[u8]) -> usize {
    form.iter().rev().zip(text.iter().rev()).take_while(|(a, b)| a == b && **a != SEPARATOR).count()
}
