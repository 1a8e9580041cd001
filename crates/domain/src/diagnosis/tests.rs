use super::*;

const GUIDE: Guide = Guide {
    title: "Anthropic",
    key_prefixes: "sk-ant-",
    keys_url: "https://keys",
    billing_url: "https://billing",
    limits_url: "https://limits",
    status_url: "https://status",
    steps: &[],
};

/// 2026-11-22, 17:00 UTC.
const NOW: Timestamp = Timestamp::from_millis(1_795_366_800_000);

fn told(diagnosis: &Diagnosis, fate: Fate<'_>) -> Explained {
    diagnosis.explain(&Circumstances { guide: &GUIDE, product: "Celune", now: NOW, fate })
}

fn limited() -> Diagnosis {
    let missing = |what: &str, lack| Missing { what: what.to_owned(), lack };
    Diagnosis::ValidLimited {
        missing: vec![missing("the list of models", Lack::Permission), missing("claude-opus-4-6", Lack::Model)],
    }
}

fn openai() -> Diagnosis {
    Diagnosis::WrongProvider(Owner { name: "OpenAI", seen: "sk-proj-", served: true })
}

fn google() -> Diagnosis {
    Diagnosis::WrongProvider(Owner { name: "Google", seen: "AIza", served: false })
}

#[test]
fn what_a_test_says_of_a_key_that_is_stored() {
    let wait = Some(Duration::from_secs(300));
    for (diagnosis, title, cause, action) in [
        (
            Diagnosis::Valid { took: Duration::from_millis(620) },
            "The key works",
            "Anthropic answered a short prompt in 0.6 s.",
            ("Try it in the playground", None),
        ),
        (
            limited(),
            "The key works, with limits",
            "It may not use the list of models (Anthropic: a permission is missing), claude-opus-4-6 (Anthropic: the \
             account has no access). Calls that need it will fail on this key; everything else runs.",
            ("Open key settings at Anthropic", Some("https://keys")),
        ),
        (
            Diagnosis::RateLimited { wait },
            "Real key, over its limit right now",
            "Anthropic knows this key, but the account has reached its rate limit, until about 17:05 UTC. The key is \
             saved.",
            ("Test again", None),
        ),
        (
            Diagnosis::QuotaExhausted,
            "Real key, no money in the account",
            "Anthropic knows this key, but the account is out of credit or at its spending cap. The key is saved; \
             calls on it fail until that changes.",
            ("Open Anthropic billing", Some("https://billing")),
        ),
    ] {
        let told = told(&diagnosis, Fate::Saved);
        assert_eq!((told.title.as_str(), told.cause.as_str()), (title, cause));
        let done = told.action.unwrap();
        assert_eq!((done.label.as_str(), done.url.as_deref()), action);
    }
}

#[test]
fn what_a_test_says_of_a_key_that_is_not_stored() {
    for (diagnosis, title, cause, action) in [
        (
            Diagnosis::Invalid,
            "Anthropic doesn't accept this key",
            "It may have been revoked, or a part is missing. Nothing was saved.",
            ("Create a new key at Anthropic", Some("https://keys")),
        ),
        (
            openai(),
            "This looks like an OpenAI key",
            "Anthropic keys start with sk-ant-, this one starts with sk-proj-. It was not sent to Anthropic.",
            ("Add it for OpenAI", None),
        ),
        (
            google(),
            "This looks like a Google key",
            "Anthropic keys start with sk-ant-, this one starts with AIza. It was not sent to Anthropic.",
            ("Create an API key at Anthropic", Some("https://keys")),
        ),
        (
            Diagnosis::WrongKind(Kind::Admin),
            "This is an admin key",
            "Anthropic uses it to manage the account, not to call models. It was not sent to Anthropic.",
            ("Create an API key at Anthropic", Some("https://keys")),
        ),
        (
            Diagnosis::WrongKind(Kind::SignIn),
            "This is a sign-in key",
            "Anthropic uses it to sign in, not to call models. It was not sent to Anthropic.",
            ("Create an API key at Anthropic", Some("https://keys")),
        ),
        (
            Diagnosis::WrongKind(Kind::Platform),
            "That is a Celune key, not a provider key",
            "It calls Celune. It was not sent to Anthropic.",
            ("Create an API key at Anthropic", Some("https://keys")),
        ),
        (
            Diagnosis::Malformed(Flaw::Short(12)),
            "This isn't a whole key",
            "It is only 12 characters long. It was not sent to Anthropic.",
            ("Paste it again", None),
        ),
        (
            Diagnosis::Unreachable(Silence::TimedOut),
            "We couldn't reach Anthropic",
            "The test got no answer (timed out), so we can't say whether the key works. Nothing was saved.",
            ("Try again", None),
        ),
        (
            Diagnosis::ProviderIncident(Incident::Status(529)),
            "Anthropic has a problem right now",
            "It answered with its own error (529), which says nothing about your key. Nothing was saved.",
            ("Try again in a minute", None),
        ),
    ] {
        let fresh = told(&diagnosis, Fate::Refused { current: None });
        assert_eq!((fresh.title.as_str(), fresh.cause.as_str()), (title, cause));
        let done = fresh.action.unwrap();
        assert_eq!((done.label.as_str(), done.url.as_deref()), action);
        let rotating = told(&diagnosis, Fate::Refused { current: Some("sk-ant-…wxyz") });
        assert_eq!(rotating.cause, format!("{cause} Your current key sk-ant-…wxyz stays in use."));
    }
}

#[test]
fn a_key_that_was_only_tried_is_nowhere_said_to_be_saved() {
    for diagnosis in [Diagnosis::RateLimited { wait: None }, Diagnosis::QuotaExhausted] {
        let cause = told(&diagnosis, Fate::Tried).cause;
        assert!(cause.ends_with("Nothing was saved."), "{cause}");
    }
    let unsure = told(&Diagnosis::Unreachable(Silence::NoConnection), Fate::Saved).cause;
    assert!(unsure.ends_with("Saved, not tested. The next call will tell."), "{unsure}");
}

#[test]
fn a_wait_for_ever_has_no_end_to_tell() {
    let told = told(&Diagnosis::RateLimited { wait: Some(Duration::MAX) }, Fate::Saved);
    let (cause, moment) = (told.cause, told.moment);
    assert!(cause.contains("has reached its rate limit. The key is saved."), "{cause}");
    assert_eq!(moment, None);
}

#[test]
fn a_stored_key_is_not_said_to_be_refused_only_now() {
    let of = |since: i64| told(&Diagnosis::Invalid, Fate::Kept { refused_since: Some(NOW.plus_millis(since)) });
    assert_eq!(of(-4_080_000).title, "Anthropic has refused this key since 15:52 UTC");
    assert_eq!(of(-86_400_000).title, "Anthropic has refused this key since 21 Nov, 17:00 UTC");
    let (since, named) = (of(-4_080_000).moment.unwrap(), NOW.plus_millis(-4_080_000));
    assert_eq!((since.at, since.words.as_str()), (named, "15:52 UTC"));
    assert_eq!(of(0).cause, "Calls that go out on it fail.");
    assert_eq!(of(0).action.unwrap().label, "Rotate");
    let kept = Fate::Kept { refused_since: None };
    assert!(told(&Diagnosis::ProviderIncident(Incident::NoList), kept).cause.ends_with("Nothing was changed."));
}

#[test]
fn durations() {
    for (millis, words) in [(7, "7 ms"), (99, "99 ms"), (100, "0.1 s"), (1_949, "1.9 s"), (12_000, "12.0 s")] {
        assert_eq!(spoken(Duration::from_millis(millis)), words);
    }
}
