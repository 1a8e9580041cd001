//! What a provider key does: its text says it, or the control port did.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};

use crate::catalogue;
use crate::provider::Provider;

/// How the simulated provider treats a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Everything works.
    Ok,
    /// Refused as an unknown key.
    Revoked,
    /// Real, but without the rights for these calls.
    NoScope,
    /// Inference works, the list of models is refused.
    NoModels,
    /// Every call meets the rate limit.
    Limited,
    /// Inference meets an exhausted balance.
    NoQuota,
    /// Every call meets an internal error.
    Down,
    /// Every call meets overload.
    Overloaded,
    /// No call is ever answered.
    Hang,
    /// Refused with an error that repeats the key in several encodings.
    Echo,
    /// Everything works, and the list of models repeats the key.
    EchoModels,
    /// Every fiftieth call is refused.
    Flaky,
    /// Every call meets that error of the collection.
    Error(&'static str),
    /// Inference meets it, the list of models works.
    InferenceError(&'static str),
}

impl Behaviour {
    /// The behaviour a word names, or `error:ID` and `inference_error:ID`.
    pub fn named(word: &str) -> Option<Self> {
        if let Some((kind, id)) = word.split_once(':') {
            let id = catalogue::ids().find(|known| *known == id)?;
            return match kind {
                "error" => Some(Self::Error(id)),
                "inference_error" => Some(Self::InferenceError(id)),
                _ => None,
            };
        }
        Some(match word {
            "ok" => Self::Ok,
            "revoked" => Self::Revoked,
            "noscope" => Self::NoScope,
            "nomodels" => Self::NoModels,
            "limited" => Self::Limited,
            "noquota" => Self::NoQuota,
            "down" => Self::Down,
            "overloaded" => Self::Overloaded,
            "hang" => Self::Hang,
            "echo" => Self::Echo,
            "echomodels" => Self::EchoModels,
            "flaky" => Self::Flaky,
            _ => return None,
        })
    }
}

/// Keys set at run time; the rest is told by the key's own text.
#[derive(Default)]
pub struct Keys {
    set: RwLock<HashMap<String, Behaviour>>,
    flaky: Mutex<HashMap<String, u64>>,
}

impl Keys {
    /// Sets what a key does from now on.
    pub fn put(&self, key: String, behaviour: Behaviour) {
        self.set.write().unwrap_or_else(PoisonError::into_inner).insert(key, behaviour);
    }

    /// What the key does on this call.
    pub fn behaviour(&self, provider: Provider, key: &str) -> Behaviour {
        match self.known(provider, key) {
            None => Behaviour::Revoked,
            Some(Behaviour::Flaky) if self.fiftieth(key) => Behaviour::Revoked,
            Some(Behaviour::Flaky) => Behaviour::Ok,
            Some(other) => other,
        }
    }

    /// Whether lists of models repeat the key.
    pub fn is_echoed_in_lists(&self, provider: Provider, key: &str) -> bool {
        self.known(provider, key) == Some(Behaviour::EchoModels)
    }

    fn known(&self, provider: Provider, key: &str) -> Option<Behaviour> {
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner).get(key).copied();
        set.or_else(|| from_text(provider, key))
    }

    fn fiftieth(&self, key: &str) -> bool {
        let mut flaky = self.flaky.lock().unwrap_or_else(PoisonError::into_inner);
        let count = flaky.entry(key.to_owned()).or_default();
        *count += 1;
        count.is_multiple_of(50)
    }
}

/// Reads `…sim-WORD-anything` out of a key of the provider's shape.
fn from_text(provider: Provider, key: &str) -> Option<Behaviour> {
    let shaped = match provider {
        Provider::Anthropic => key.starts_with("sk-ant-api03-") || key.starts_with("sk-ant-oat"),
        Provider::Service => key.starts_with("svc_"),
        Provider::OpenAi => key.starts_with("sk-") && !key.starts_with("sk-ant-") && !key.starts_with("sk-admin-"),
    };
    let (_, rest) = key.split_once("sim-").filter(|_| shaped)?;
    Behaviour::named(rest.split(['-', '_']).next()?)
}

#[cfg(test)]
mod tests {
    use super::{Behaviour, Keys};
    use crate::provider::Provider;

    #[test]
    fn the_text_of_a_key_tells() {
        let keys = Keys::default();
        let of = |provider, key| keys.behaviour(provider, key);
        assert_eq!(of(Provider::Anthropic, "sk-ant-api03-sim-ok-1"), Behaviour::Ok);
        assert_eq!(of(Provider::Anthropic, "sk-ant-admin01-sim-ok-1"), Behaviour::Revoked);
        assert_eq!(of(Provider::Anthropic, "sk-proj-sim-ok-1"), Behaviour::Revoked);
        assert_eq!(of(Provider::OpenAi, "sk-proj-sim-noquota-1"), Behaviour::NoQuota);
        assert_eq!(of(Provider::Service, "svc_sim-ok-1"), Behaviour::Ok);
        assert_eq!(of(Provider::Service, "sk-proj-sim-ok-1"), Behaviour::Revoked);
        assert_eq!(of(Provider::OpenAi, "sk-sim-ok"), Behaviour::Ok);
        assert_eq!(of(Provider::OpenAi, "sk-ant-api03-sim-ok-1"), Behaviour::Revoked);
        assert_eq!(of(Provider::OpenAi, "sk-proj-else"), Behaviour::Revoked);
    }

    #[test]
    fn the_control_port_overrules_the_text() {
        let keys = Keys::default();
        keys.put("sk-proj-sim-ok-1".into(), Behaviour::Revoked);
        assert_eq!(keys.behaviour(Provider::OpenAi, "sk-proj-sim-ok-1"), Behaviour::Revoked);
    }

    #[test]
    fn a_flaky_key_fails_every_fiftieth_time() {
        let keys = Keys::default();
        let refused = (0..200).filter(|_| keys.behaviour(Provider::OpenAi, "sk-sim-flaky-1") == Behaviour::Revoked);
        assert_eq!(refused.count(), 4);
    }
}
