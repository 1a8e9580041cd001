//! Who calls.

use http::request::Parts;
use ownkey_domain::caller::PlatformKey;
use ownkey_domain::person::Role;
use ownkey_domain::platform_key;
use ownkey_store::{Session, User};
use ownkey_vault::{KeyHash, PepperId};
use secrecy::{ExposeSecret, SecretString};
use subtle::{Choice, ConstantTimeEq};

use crate::control::Control;
use crate::cookie;
use crate::credential::{Presented, presented};
use crate::problem::Problem;
use crate::rights::Right;
use crate::site::Trust;

/// Who calls.
pub(crate) enum Who {
    /// The operator of this installation.
    Operator,
    /// Whoever holds that platform key.
    Key(PlatformKey),
    /// Somebody who is signed in.
    Person(Person),
}

/// Somebody who is signed in.
pub(crate) struct Person {
    pub(crate) user: User,
    pub(crate) session: Session,
    /// What he is in the workspace that this is about.
    pub(crate) role: Option<Role>,
}

impl Person {
    /// Whether he is that in the workspace, or runs this installation.
    pub(crate) fn is_at_least(&self, role: Role) -> bool {
        self.user.is_operator || self.role.is_some_and(|own| own >= role)
    }
}

impl Who {
    /// Whether the table of rights lets the caller do that.
    pub(crate) fn may(&self, right: &Right) -> bool {
        match self {
            Self::Operator => right.operator,
            Self::Key(key) => right.allows(&key.scopes),
            Self::Person(person) => right.allows_person(person.role, person.user.is_operator),
        }
    }

    /// The person, if it is one.
    pub(crate) fn person(&self) -> Option<&Person> {
        if let Self::Person(person) = self { Some(person) } else { None }
    }
}

/// Finds out. A credential that is presented counts, whatever cookies come along.
pub(crate) async fn identify(parts: &Parts, control: &Control) -> Result<Who, Problem> {
    let Some(presented) = presented(&parts.headers)? else { return signed_in(parts, control).await };
    if presented.bearer && is_operator(&control.parts.operator_tokens, &presented) {
        return Ok(Who::Operator);
    }
    if presented.text.starts_with("sk-") {
        return Err(Problem::unauthorized(
            "That looks like a provider's key. Ownkey is called with a platform key (`ok_…`); a provider's key \
             belongs into the workspace's provider keys.",
        ));
    }
    let unknown = || Problem::unauthorized("The platform key or operator token is unknown, expired or revoked.");
    let lookup = platform_key::parse(presented.text.as_bytes()).ok_or_else(unknown)?;
    let key = control.store().caller(&lookup).await?.ok_or_else(unknown)?.key;
    let stored = KeyHash { pepper: PepperId(key.pepper), mac: key.hash };
    let genuine = control.parts.hasher.verify(presented.text.as_bytes(), &stored);
    if genuine && key.is_live(control.now()) { Ok(Who::Key(key)) } else { Err(unknown()) }
}

/// Compares with every token, so that the time does not tell which one came near.
fn is_operator(tokens: &[SecretString], presented: &Presented<'_>) -> bool {
    let same = |token: &SecretString| token.expose_secret().as_bytes().ct_eq(presented.text.as_bytes());
    tokens.iter().fold(Choice::from(0), |found, token| found | same(token)).into()
}

async fn signed_in(parts: &Parts, control: &Control) -> Result<Who, Problem> {
    let Some(token) = cookie::read(&parts.headers)? else {
        return Err(Problem::unauthorized("Send a platform key as `Authorization: Bearer ok_…` or `x-api-key: ok_…`."));
    };
    control.parts.site.admit(parts, Trust::Cookie)?;
    let ended = || Problem::unauthorized("You are not signed in, or the session has ended. Sign in again.");
    let hash = control.parts.tokens.read(token).ok_or_else(ended)?;
    let session = control.store().session(&hash, control.now()).await?.ok_or_else(ended)?;
    Ok(Who::Person(Person { user: session.user.clone(), session, role: None }))
}
