//! What a test of a provider key found, told in words people can act on.

use std::time::Duration;

use crate::time::Timestamp;
use crate::verdict::{Action, Explained, Guide, Moment, Verdict};

/// What is longer is no wait that anybody keeps: it is not told.
const WAIT_MAX: Duration = Duration::from_secs(366 * 24 * 3600);

/// What a test found, with what it takes to say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Diagnosis {
    /// It works.
    Valid {
        /// How long the provider took to answer a prompt.
        took: Duration,
    },
    /// It works, but not for these.
    ValidLimited {
        /// What it may not use.
        missing: Vec<Missing>,
    },
    /// Authentic, over its limit now.
    RateLimited {
        /// How long, if the provider says so.
        wait: Option<Duration>,
    },
    /// Authentic, no money.
    QuotaExhausted,
    /// The provider refuses the key itself.
    Invalid,
    /// It has another provider's prefix.
    WrongProvider(Owner),
    /// It is for something else than calling models.
    WrongKind(Kind),
    /// It can't be a key.
    Malformed(Flaw),
    /// The provider gave no answer.
    Unreachable(Silence),
    /// The provider gave an answer that says nothing about the key.
    ProviderIncident(Incident),
}

/// Something that a key may not use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// A model, or a part of the provider's API.
    pub what: String,
    /// Why not.
    pub lack: Lack,
}

/// Why a key may not use something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// The key has no permission.
    Permission,
    /// The account has no such model.
    Model,
}

/// Whose key it is by its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The provider's name.
    pub name: &'static str,
    /// How its key starts.
    pub seen: &'static str,
    /// Whether we call that provider too.
    pub served: bool,
}

/// What a key that can't call models is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Managing the account.
    Admin,
    /// Signing in.
    SignIn,
    /// One short session.
    Session,
    /// Calling us.
    Platform,
}

/// Why a text can't be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// There is nothing.
    Empty,
    /// It has white space inside.
    Space,
    /// It has some other character inside that no key has.
    Character,
    /// It has only so many characters.
    Short(usize),
}

/// How no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// No connection.
    NoConnection,
    /// Not in time.
    TimedOut,
    /// The connection broke.
    Broken,
    /// The provider serves nobody at this server's address.
    NotFromHere,
}

/// What came instead of an answer about the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incident {
    /// The provider's own error, of this status.
    Status(u16),
    /// Something that is no list of models, where there should be one.
    NoList,
    /// A refusal that there was no time to make sure of.
    RefusedOnce,
}

/// What became of the key that was tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate<'a> {
    /// It was tested and no more.
    Tried,
    /// It is stored now.
    Saved,
    /// It was to be stored and is not.
    Refused {
        /// How the key looks that stays in use, if there is one.
        current: Option<&'a str>,
    },
    /// It was stored before, and still is.
    Kept {
        /// Since when the provider refuses it, if it does.
        refused_since: Option<Timestamp>,
    },
}

/// What the words depend on beside the diagnosis.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The provider that was asked.
    pub guide: &'a Guide,
    /// What our product is called.
    pub product: &'a str,
    /// When.
    pub now: Timestamp,
    /// What became of the key.
    pub fate: Fate<'a>,
}

impl Diagnosis {
    /// The verdict in one word.
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Valid { .. } => Verdict::Valid,
            Self::ValidLimited { .. } => Verdict::ValidLimited,
            Self::RateLimited { .. } => Verdict::RateLimited,
            Self::QuotaExhausted => Verdict::QuotaExhausted,
            Self::Invalid => Verdict::Invalid,
            Self::WrongProvider(_) => Verdict::WrongProvider,
            Self::WrongKind(_) => Verdict::WrongKind,
            Self::Malformed(_) => Verdict::Malformed,
            Self::Unreachable(_) => Verdict::Unreachable,
            Self::ProviderIncident(_) => Verdict::ProviderIncident,
        }
    }

    /// In words: what is the matter, why and what became of the key, and the one thing to do.
    pub fn explain(&self, told: &Circumstances<'_>) -> Explained {
        let cause = [Some(self.cause(told)), self.outcome(told.fate)].into_iter().flatten().collect::<Vec<_>>();
        let (label, url) = self.action(told);
        Explained {
            verdict: self.verdict(),
            title: self.title(told),
            cause: cause.join(" "),
            action: Some(Action { label, url: url.map(str::to_owned) }),
            detail: self.detail(),
            moment: self.moment(told),
        }
    }

    fn title(&self, told: &Circumstances<'_>) -> String {
        let name = told.guide.title;
        match self {
            Self::Valid { .. } => "The key works".to_owned(),
            Self::ValidLimited { .. } => "The key works, with limits".to_owned(),
            Self::RateLimited { .. } => "Real key, over its limit right now".to_owned(),
            Self::QuotaExhausted => "Real key, no money in the account".to_owned(),
            Self::Invalid => match self.moment(told) {
                Some(Moment { words, .. }) => format!("{name} has refused this key since {words}"),
                None => format!("{name} doesn't accept this key"),
            },
            Self::WrongProvider(Owner { name: other, .. }) => {
                format!("This looks like {} {other} key", article(other))
            }
            Self::WrongKind(Kind::Admin) => "This is an admin key".to_owned(),
            Self::WrongKind(Kind::SignIn) => "This is a sign-in key".to_owned(),
            Self::WrongKind(Kind::Session) => "This is a key of one session".to_owned(),
            Self::WrongKind(Kind::Platform) => format!("That is a {} key, not a provider key", told.product),
            Self::Malformed(_) => "This isn't a whole key".to_owned(),
            Self::Unreachable(_) => format!("We couldn't reach {name}"),
            Self::ProviderIncident(_) => format!("{name} has a problem right now"),
        }
    }

    fn cause(&self, told: &Circumstances<'_>) -> String {
        let Guide { title: name, key_prefixes, .. } = *told.guide;
        match self {
            Self::Valid { took } => format!("{name} answered a short prompt in {}.", spoken(*took)),
            Self::ValidLimited { missing } => {
                let each = missing.iter().map(|Missing { what, lack }| format!("{what} ({name}: {})", lack.words()));
                let what = each.collect::<Vec<_>>().join(", ");
                format!("It may not use {what}. Calls that need it will fail on this key; everything else runs.")
            }
            Self::RateLimited { .. } => {
                let until = self.moment(told).map(|until| format!(", until about {}", until.words)).unwrap_or_default();
                format!("{name} knows this key, but the account has reached its rate limit{until}.")
            }
            Self::QuotaExhausted => {
                format!("{name} knows this key, but the account is out of credit or at its spending cap.")
            }
            Self::Invalid if matches!(told.fate, Fate::Kept { .. }) => "Calls that go out on it fail.".to_owned(),
            Self::Invalid => "It may have been revoked, or a part is missing.".to_owned(),
            Self::WrongProvider(Owner { seen, .. }) => format!(
                "{name} keys start with {key_prefixes}, this one starts with {seen}. It was not sent to {name}."
            ),
            Self::WrongKind(Kind::Platform) => format!("It calls {}. It was not sent to {name}.", told.product),
            Self::WrongKind(kind) => {
                format!("{name} uses it to {}, not to call models. It was not sent to {name}.", kind.purpose())
            }
            Self::Malformed(flaw) => format!("{} It was not sent to {name}.", flaw.words()),
            Self::Unreachable(silence) => {
                format!("The test got no answer ({}), so we can't say whether the key works.", silence.words())
            }
            Self::ProviderIncident(incident) => {
                format!("It answered with {}, which says nothing about your key.", incident.words())
            }
        }
    }

    /// The moment that title or cause name.
    fn moment(&self, told: &Circumstances<'_>) -> Option<Moment> {
        let at = match (self, told.fate) {
            (Self::RateLimited { wait }, _) => told.now.plus(wait.filter(|wait| *wait <= WAIT_MAX)?),
            (Self::Invalid, Fate::Kept { refused_since }) => refused_since?,
            _ => return None,
        };
        Some(Moment { at, words: at.spoken(told.now) })
    }

    /// What became of the key, where that needs saying.
    fn outcome(&self, fate: Fate<'_>) -> Option<String> {
        let told = match self {
            Self::Valid { .. } | Self::ValidLimited { .. } => None,
            Self::RateLimited { .. } | Self::QuotaExhausted => self.authentic(fate),
            // That it was not sent is said already.
            Self::WrongProvider(_) | Self::WrongKind(_) | Self::Malformed(_) => None,
            Self::Invalid => match fate {
                Fate::Tried | Fate::Refused { .. } => Some("Nothing was saved."),
                Fate::Saved | Fate::Kept { .. } => None,
            },
            Self::Unreachable(_) | Self::ProviderIncident(_) => Some(match fate {
                Fate::Tried | Fate::Refused { .. } => "Nothing was saved.",
                Fate::Saved => "Saved, not tested. The next call will tell.",
                Fate::Kept { .. } => "Nothing was changed.",
            }),
        };
        let stays = match fate {
            Fate::Refused { current: Some(current) } => Some(format!("Your current key {current} stays in use.")),
            _ => None,
        };
        match (told, stays) {
            (Some(told), Some(stays)) => Some(format!("{told} {stays}")),
            (told, stays) => told.map(str::to_owned).or(stays),
        }
    }

    fn authentic(&self, fate: Fate<'_>) -> Option<&'static str> {
        match (self, fate) {
            (_, Fate::Tried | Fate::Refused { .. }) => Some("Nothing was saved."),
            (Self::QuotaExhausted, _) => Some("The key is saved; calls on it fail until that changes."),
            _ => Some("The key is saved."),
        }
    }

    /// What to do, and where; without an address it is done right here.
    fn action(&self, told: &Circumstances<'_>) -> (String, Option<&'static str>) {
        let Guide { title: name, keys_url, billing_url, .. } = *told.guide;
        match self {
            Self::Valid { .. } => ("Try it in the playground".to_owned(), None),
            Self::ValidLimited { .. } => (format!("Open key settings at {name}"), Some(keys_url)),
            Self::RateLimited { .. } => ("Test again".to_owned(), None),
            Self::QuotaExhausted => (format!("Open {name} billing"), Some(billing_url)),
            Self::Invalid if matches!(told.fate, Fate::Kept { .. }) => ("Rotate".to_owned(), None),
            Self::Invalid => (format!("Create a new key at {name}"), Some(keys_url)),
            Self::WrongProvider(Owner { name: other, served: true, .. }) => (format!("Add it for {other}"), None),
            Self::WrongProvider(_) | Self::WrongKind(_) => (format!("Create an API key at {name}"), Some(keys_url)),
            Self::Malformed(_) => ("Paste it again".to_owned(), None),
            Self::Unreachable(_) => ("Try again".to_owned(), None),
            Self::ProviderIncident(_) => ("Try again in a minute".to_owned(), None),
        }
    }

    /// What the test saw, for those who look into it.
    fn detail(&self) -> Option<String> {
        match self {
            Self::ValidLimited { missing } => {
                let what: Vec<_> = missing.iter().map(|missing| missing.what.as_str()).collect();
                Some(format!("It may not use {}.", what.join(", ")))
            }
            Self::RateLimited { wait } => wait.map(|wait| format!("It asks to wait {} s.", wait.as_secs().max(1))),
            Self::ProviderIncident(Incident::Status(status)) => Some(format!("It answered with status {status}.")),
            _ => None,
        }
    }
}

impl Lack {
    const fn words(self) -> &'static str {
        match self {
            Self::Permission => "a permission is missing",
            Self::Model => "the account has no access",
        }
    }
}

impl Kind {
    /// What its provider uses it for.
    const fn purpose(self) -> &'static str {
        match self {
            Self::Admin => "manage the account",
            Self::SignIn | Self::Platform => "sign in",
            Self::Session => "open one session",
        }
    }
}

impl Flaw {
    fn words(self) -> String {
        match self {
            Self::Empty => "It is empty.".to_owned(),
            Self::Space => "It has a space inside.".to_owned(),
            Self::Character => "It has a character inside that no key has.".to_owned(),
            Self::Short(length) => format!("It is only {length} characters long."),
        }
    }
}

impl Silence {
    const fn words(self) -> &'static str {
        match self {
            Self::NoConnection => "no connection",
            Self::TimedOut => "timed out",
            Self::Broken => "the connection broke",
            Self::NotFromHere => "it serves nobody at this server's address",
        }
    }
}

impl Incident {
    fn words(self) -> String {
        match self {
            Self::Status(status) => format!("its own error ({status})"),
            Self::NoList => "something that is no list of models".to_owned(),
            Self::RefusedOnce => "one refusal and had no time for a second".to_owned(),
        }
    }
}

/// What stands before a name: by its first sound, and that of `xAI` is a vowel.
fn article(name: &str) -> &'static str {
    if name.starts_with(['A', 'E', 'I', 'O', 'U', 'x']) { "an" } else { "a" }
}

/// `40 ms`, `0.6 s`.
fn spoken(duration: Duration) -> String {
    const TENTH_MS: u128 = 100;
    let millis = duration.as_millis();
    if millis < TENTH_MS {
        return format!("{millis} ms");
    }
    let tenths = (millis + TENTH_MS / 2) / TENTH_MS;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests;
