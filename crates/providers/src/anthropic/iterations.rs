//! What of a message is billed where it took several steps. The top level of its usage is not the whole bill then, and
//! each step has a prompt of its own and perhaps another model.

use ownkey_domain::usage::{TokenClass, Usage};

use super::usage::tokens;
use crate::answer::Part;
use crate::json::Json;

/// What is billed of a message.
pub(super) struct Bill {
    /// All of it.
    pub(super) usage: Usage,
    /// The steps, if they are priced apart.
    pub(super) parts: Vec<Part>,
    /// Whether that is all, and told closely enough to be priced.
    pub(super) is_whole: bool,
}

/// A step of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The model went on.
    Message,
    /// It made its context shorter. The top level leaves that out.
    Compaction,
    /// Another model was asked. The top level leaves that out too.
    Advisor,
    /// Another model took over, and the top level tells of that one only.
    Fallback,
}

impl Step {
    fn of(iteration: &Json<'_>) -> Option<Self> {
        match iteration["type"].as_str()? {
            "message" => Some(Self::Message),
            "compaction" => Some(Self::Compaction),
            "advisor_message" => Some(Self::Advisor),
            "fallback_message" => Some(Self::Fallback),
            _ => None,
        }
    }
}

impl Bill {
    /// What is billed by that usage object.
    pub(super) fn of(usage: &Json<'_>) -> Self {
        let top = tokens(usage);
        let iterations = usage["iterations"].as_list().unwrap_or_default();
        let steps: Option<Vec<_>> =
            iterations.iter().map(|iteration| Some((Step::of(iteration)?, iteration))).collect();
        match steps {
            None => Self { usage: top, parts: Vec::new(), is_whole: false },
            // One step is all that the top level tells, and there it is told in full.
            Some(steps) if matches!(steps[..], [] | [(Step::Message, _)]) => {
                Self { usage: top, parts: Vec::new(), is_whole: true }
            }
            Some(steps) => Self::of_steps(&top, &steps),
        }
    }

    fn of_steps(top: &Usage, steps: &[(Step, &Json<'_>)]) -> Self {
        let fell_back = steps.iter().any(|(step, _)| *step == Step::Fallback);
        let mut bill = Self { usage: *top, parts: Vec::new(), is_whole: true };
        for (step, iteration) in steps {
            let usage = tokens(iteration);
            // Whoever declined before he said anything is not paid.
            if fell_back && *step == Step::Message && usage.get(TokenClass::Output) == Some(0) {
                continue;
            }
            let is_beside_top = match step {
                Step::Message => fell_back,
                Step::Compaction | Step::Advisor => true,
                Step::Fallback => false,
            };
            if is_beside_top {
                bill.usage = bill.usage.plus(&usage);
            }
            bill.is_whole &= is_split(top, iteration, &usage);
            let model = iteration["model"].as_str().map(str::to_owned);
            bill.is_whole &= model.is_some() || *step != Step::Advisor;
            bill.parts.push(Part { model, usage });
        }
        bill
    }
}

/// Whether it is told for how long a step wrote to the cache, as far as it matters.
fn is_split(top: &Usage, iteration: &Json<'_>, usage: &Usage) -> bool {
    let wrote = usage.get(TokenClass::CacheWrite5m).is_some_and(|tokens| tokens > 0);
    let for_an_hour = top.get(TokenClass::CacheWrite1h).is_some_and(|tokens| tokens > 0);
    !(wrote && for_an_hour && iteration["cache_creation"].is_null())
}
