//! What the service keeps of answers, by the key that made them.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// Older things are forgotten beyond this many.
const KEEP: usize = 20_000;

/// A kept answer.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The answer, with its `id`.
    pub answer: Value,
    /// The request it answers.
    pub request: Value,
    /// What the answer becomes, step by step, each time somebody asks for it.
    to_come: VecDeque<Value>,
    owner: String,
}

impl Kept {
    fn is(&self, owner: &str, id: &str) -> bool {
        self.owner == owner && self.answer.get("id").and_then(Value::as_str) == Some(id)
    }
}

/// All that is kept, the oldest first.
#[derive(Default)]
pub struct Shelf(Mutex<VecDeque<Kept>>);

impl Shelf {
    /// Keeps an answer for a key.
    pub fn put(&self, owner: &str, request: Value, answer: Value) {
        self.put_begun(owner, request, answer, []);
    }

    /// Keeps one that is being made: it becomes these, one after the other.
    pub fn put_begun<const N: usize>(&self, owner: &str, request: Value, answer: Value, to_come: [Value; N]) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_back(Kept { answer, request, to_come: to_come.into(), owner: owner.to_owned() });
        if all.len() > KEEP {
            all.pop_front();
        }
    }

    /// What a key has of that id.
    pub fn get(&self, owner: &str, id: &str) -> Option<Kept> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|kept| kept.is(owner, id)).cloned()
    }

    /// The same, a step further.
    pub fn step(&self, owner: &str, id: &str) -> Option<Kept> {
        self.with(owner, id, |kept| {
            if let Some(next) = kept.to_come.pop_front() {
                kept.answer = next;
            }
        })
    }

    /// The same at its end.
    pub fn finish(&self, owner: &str, id: &str) -> Option<Kept> {
        self.with(owner, id, |kept| {
            if let Some(last) = kept.to_come.drain(..).next_back() {
                kept.answer = last;
            }
        })
    }

    /// Ends what is being made before its end. What is at its end stays as it is.
    pub fn end_early(&self, owner: &str, id: &str, change: impl FnOnce(&mut Value)) -> Option<Kept> {
        self.with(owner, id, |kept| {
            if !std::mem::take(&mut kept.to_come).is_empty() {
                change(&mut kept.answer);
            }
        })
    }

    /// All that a key has, the oldest first.
    pub fn all(&self, owner: &str) -> Vec<Kept> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|kept| kept.owner == owner).cloned().collect()
    }

    /// Changes what a key has of that id; nothing if it has none.
    pub fn change(&self, owner: &str, id: &str, change: impl FnOnce(&mut Value)) -> Option<Value> {
        Some(self.with(owner, id, |kept| change(&mut kept.answer))?.answer)
    }

    fn with(&self, owner: &str, id: &str, change: impl FnOnce(&mut Kept)) -> Option<Kept> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.iter_mut().find(|kept| kept.is(owner, id))?;
        change(kept);
        Some(kept.clone())
    }

    /// Forgets what a key has of that id; whether it had it.
    pub fn remove(&self, owner: &str, id: &str) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.len();
        all.retain(|kept| !kept.is(owner, id));
        all.len() < before
    }
}
