//! What a model thinks before it answers: tokens that are billed as output and that nobody sees.

use serde_json::Value;

use crate::bill::Model;
use crate::directive::Directives;

/// A thought of which nobody said how long it is.
const USUAL: u64 = 64;

/// At OpenAI a model that reasons does so unless it is told not to.
pub fn reasoning(model: &Model, effort: Option<&str>, asked: &Directives) -> u64 {
    let is_told_not_to = matches!(effort, Some("none" | "minimal"));
    if model.reasons && !is_told_not_to { asked.given("think", "tokens").unwrap_or(USUAL) } else { 0 }
}

/// At Anthropic it thinks if it is asked to, within the budget it is given. The later models decide for themselves: here
/// they do so where a test says how much.
pub fn thinking(model: &Model, body: &Value, asked: &Directives) -> u64 {
    let config = body.get("thinking").filter(|config| config.is_object());
    let member = |name| config.and_then(|config| config.get(name));
    let given = asked.given("think", "tokens");
    let wanted = match member("type").and_then(Value::as_str) {
        Some("enabled" | "adaptive") => given.unwrap_or(USUAL),
        Some(_) => 0,
        None if model.id.contains("-4-") => 0,
        None => given.unwrap_or(0),
    };
    let budget = member("budget_tokens").and_then(Value::as_u64).unwrap_or(u64::MAX);
    if model.reasons { wanted.min(budget) } else { 0 }
}

/// How much of a thought comes within an output limit, and what that leaves for the answer.
pub fn within(limit: Option<u64>, thought: u64) -> (u64, Option<u64>) {
    let thought = limit.map_or(thought, |limit| limit.min(thought));
    (thought, limit.map(|limit| limit - thought))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::bill::model;
    use crate::provider::Provider;

    fn asked(text: &str) -> Directives {
        Directives::take(text).0
    }

    #[test]
    fn models_that_reason_do_so_unless_told_not_to() {
        let tokens = |id, effort| {
            reasoning(model(Provider::OpenAi, id).expect("known"), effort, &asked("[[sim:think tokens=7]]"))
        };
        assert_eq!((tokens("o3", None), tokens("gpt-5", Some("high"))), (7, 7));
        assert_eq!((tokens("gpt-4o", None), tokens("gpt-5.1", Some("none"))), (0, 0));
    }

    #[test]
    fn claude_thinks_if_asked_to() {
        let tokens = |id, thinking: Value, text| {
            let model = model(Provider::Anthropic, id).expect("known");
            super::thinking(model, &json!({"thinking": thinking}), &asked(text))
        };
        let enabled = json!({"type": "enabled", "budget_tokens": 1024});
        assert_eq!(tokens("claude-haiku-4-5", enabled.clone(), ""), USUAL);
        assert_eq!(tokens("claude-haiku-4-5", enabled, "[[sim:think tokens=2000]]"), 1024);
        assert_eq!(tokens("claude-haiku-4-5", Value::Null, "[[sim:think tokens=7]]"), 0);
        assert_eq!(tokens("claude-haiku-5-5", Value::Null, "[[sim:think tokens=7]]"), 7);
        assert_eq!(tokens("claude-haiku-5-5", json!({"type": "disabled"}), "[[sim:think tokens=7]]"), 0);
    }

    #[test]
    fn a_limit_holds_for_thought_and_answer_together() {
        assert_eq!(within(Some(100), 64), (64, Some(36)));
        assert_eq!(within(Some(10), 64), (10, Some(0)));
        assert_eq!(within(None, 64), (64, None));
    }
}
