//! The providers' prompt caches: what was sent before with the same key.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::bill::Input;
use crate::text::tokens;

/// Shorter prompts are not cached.
const LEAST: u64 = 1024;
/// OpenAI caches in steps of so many tokens.
const STEP: usize = 128;
const FORGET_BEYOND: usize = 200_000;

/// How long a marked prefix is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// Five minutes.
    Minutes,
    /// One hour.
    Hour,
}

/// A part of a prompt, with the marker that follows it.
#[derive(Clone, Debug, Default)]
pub struct Segment {
    /// Its text.
    pub text: String,
    /// Everything up to here is to be cached.
    pub ttl: Option<Ttl>,
}

/// Prefixes seen, by hash, with their end.
#[derive(Default)]
pub struct Cache(Mutex<HashMap<u64, Instant>>);

impl Cache {
    /// Whether a prefix is there; it is afterwards.
    fn touch(&self, prefix: u64, ttl: Duration) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > FORGET_BEYOND {
            known.clear();
        }
        let now = Instant::now();
        known.insert(prefix, now + ttl).is_some_and(|end| end > now)
    }

    /// Anthropic: the prefixes the caller marked.
    pub fn marked(&self, owner: (&str, &str), segments: &[Segment]) -> Input {
        let mut hasher = DefaultHasher::new();
        owner.hash(&mut hasher);
        let (mut chars, mut input, mut cached) = (0, Input::default(), 0);
        for segment in segments {
            chars += segment.text.chars().count();
            segment.text.hash(&mut hasher);
            let Some(ttl) = segment.ttl.filter(|_| tokens(chars) >= LEAST) else { continue };
            let time = Duration::from_secs(if ttl == Ttl::Hour { 3600 } else { 300 });
            let size = tokens(chars) - cached;
            cached += size;
            if self.touch(hasher.finish(), time) {
                // A later prefix that is known covers all before it.
                let before = input.write + input.write_1h;
                input = Input { read: input.read + before + size, ..Input::default() };
            } else if ttl == Ttl::Hour {
                input.write_1h += size;
            } else {
                input.write += size;
            }
        }
        input.fresh = tokens(chars) - cached;
        input
    }

    /// OpenAI: any prefix of at least 1024 tokens, in steps of 128.
    pub fn automatic(&self, owner: (&str, &str), prompt: &str, writes: bool) -> Input {
        let chars = prompt.chars().count();
        let total = tokens(chars);
        if total < LEAST {
            return Input::nested(total, 0, 0);
        }
        let mut hasher = DefaultHasher::new();
        owner.hash(&mut hasher);
        let (mut cached, mut cacheable) = (0, 0);
        for (index, letter) in prompt.chars().enumerate() {
            letter.hash(&mut hasher);
            let done = index + 1;
            let step = done % (STEP * 4) == 0 && tokens(done) >= LEAST;
            if !step {
                continue;
            }
            cacheable = tokens(done);
            if self.touch(hasher.finish(), Duration::from_secs(600)) {
                cached = cacheable;
            }
        }
        Input::nested(total, cached, if writes { cacheable - cached } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(chars: usize, ttl: Option<Ttl>) -> Segment {
        Segment { text: "x".repeat(chars), ttl }
    }

    #[test]
    fn a_marked_prefix_is_written_then_read() {
        let cache = Cache::default();
        let parts = [segment(8000, Some(Ttl::Hour)), segment(4000, Some(Ttl::Minutes)), segment(40, None)];
        let first = cache.marked(("k", "m"), &parts);
        assert_eq!(first, Input { fresh: 10, read: 0, write: 1000, write_1h: 2000 });
        assert_eq!(cache.marked(("k", "m"), &parts), Input { fresh: 10, read: 3000, write: 0, write_1h: 0 });
        assert_eq!(cache.marked(("other", "m"), &parts).read, 0);
        let longer = [parts[0].clone(), segment(6000, Some(Ttl::Minutes))];
        assert_eq!(cache.marked(("k", "m"), &longer), Input { fresh: 0, read: 2000, write: 1500, write_1h: 0 });
    }

    #[test]
    fn a_short_prefix_is_not_cached() {
        let parts = [segment(400, Some(Ttl::Minutes))];
        let cache = Cache::default();
        cache.marked(("k", "m"), &parts);
        assert_eq!(cache.marked(("k", "m"), &parts), Input { fresh: 100, ..Input::default() });
    }

    #[test]
    fn a_long_prompt_is_cached_by_itself() {
        let cache = Cache::default();
        let prompt = "y".repeat(4 * 1300);
        assert_eq!(cache.automatic(("k", "m"), &prompt, true), Input::nested(1300, 0, 1280));
        assert_eq!(cache.automatic(("k", "m"), &prompt, true), Input::nested(1300, 1280, 0));
        assert_eq!(cache.automatic(("k", "n"), &prompt, false), Input::nested(1300, 0, 0));
    }
}
