//! Which models a test prompt is tried on.

use ownkey_domain::catalogue::{Catalogue, Mode, Model};
use ownkey_domain::provider::Provider;

const CANDIDATES_MAX: usize = 3;

/// Up to three models, the cheapest first: of those the key lists, or of all if it lists none that we know.
pub(crate) fn candidates<'c>(catalogue: &'c Catalogue, provider: Provider, listed: &[String]) -> Vec<&'c str> {
    let priced = |model: &'c Model| Some((model.short_prompt_price()?, model.id.as_str()));
    let asked = |model: &&Model| model.provider == provider && model.mode == Mode::Chat;
    let mut known: Vec<_> = catalogue.models().iter().filter(asked).filter_map(priced).collect();
    // A dated snapshot is the model once more: where one is refused, so is the other.
    let ids: Vec<&str> = known.iter().map(|(_, id)| *id).collect();
    let is_listed = |id: &str| listed.iter().any(|other| other == id);
    if listed.iter().any(|id| ids.contains(&id.as_str())) {
        known.retain(|(_, id)| is_listed(id));
    }
    let ids: Vec<&str> = known.iter().map(|(_, id)| *id).collect();
    known.retain(|(_, id)| !ids.iter().any(|other| is_snapshot_of(id, other)));
    known.sort();
    known.into_iter().map(|(_, id)| id).take(CANDIDATES_MAX).collect()
}

fn is_snapshot_of(id: &str, model: &str) -> bool {
    let date = id.strip_prefix(model).and_then(|rest| rest.strip_prefix('-'));
    date.is_some_and(|date| date.len() >= 8 && date.bytes().all(|b| b.is_ascii_digit() || b == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Provider::{Anthropic, OpenAi};

    fn names(provider: Provider, listed: &[&str]) -> Vec<String> {
        let catalogue = Catalogue::builtin().unwrap();
        let listed: Vec<String> = listed.iter().map(|&id| id.to_owned()).collect();
        candidates(&catalogue, provider, &listed).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn the_cheapest_of_the_list_first() {
        assert_eq!(names(OpenAi, &["gpt-4o", "whisper-1", "gpt-4o-mini", "o1"]), ["gpt-4o-mini", "gpt-4o", "o1"]);
        assert_eq!(names(OpenAi, &["gpt-4o-2024-08-06", "gpt-4o"]), ["gpt-4o"]);
        assert_eq!(names(OpenAi, &["gpt-4o-2024-08-06"]), ["gpt-4o-2024-08-06"]);
    }

    #[test]
    fn without_a_list_the_cheapest_of_all() {
        assert_eq!(names(Anthropic, &[])[0], "claude-haiku-5-5");
        assert_eq!(names(Anthropic, &["gpt-4o"]), names(Anthropic, &[]));
        assert_eq!(names(OpenAi, &[]).len(), 3);
    }
}
