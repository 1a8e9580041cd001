//! Passwords: argon2id, two at a time and a short queue. Each takes 19 MiB and a good part of a second of a core, so
//! whoever sends many waits, and calls of models don't.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ownkey_vault::{VaultError, random_bytes};
use serde::de::{Deserialize, Deserializer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use crate::form::{BadForm, SecretText};
use crate::problem::Problem;

/// Worked on at once.
const AT_ONCE: usize = 2;
/// Worked on or waiting.
const ADMITTED: usize = 16;
/// When those who find the queue full may come again.
const COME_AGAIN: Duration = Duration::from_secs(2);
const SALT_BYTES: usize = 16;
const CHARS_MIN: usize = 10;
const CHARS_MAX: usize = 200;

/// What a hash costs.
#[derive(Debug, Clone, Copy)]
pub struct HashCost {
    /// Memory.
    pub kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for HashCost {
    fn default() -> Self {
        Self { kib: Params::DEFAULT_M_COST, passes: Params::DEFAULT_T_COST }
    }
}

/// Passwords can't be hashed.
#[derive(Debug, thiserror::Error)]
pub enum NoPasswords {
    /// Nothing can cost that.
    #[error("the cost of password hashes is out of range")]
    Cost,
    /// No randomness.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// A password that somebody gives. Any length that is possible.
pub(crate) struct Password(Zeroizing<String>);

/// A password that somebody chooses.
pub(crate) struct NewPassword(Password);

impl Password {
    pub(crate) const FORM: &str = "text of 1 to 200 characters";
}

impl NewPassword {
    pub(crate) const FORM: &str = "a password of 10 to 200 characters";
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let SecretText(text) = SecretText::deserialize(deserializer)?;
        let fits = (1..=CHARS_MAX).contains(&text.chars().count());
        if fits { Ok(Self(text)) } else { Err(serde::de::Error::custom(BadForm)) }
    }
}

impl<'de> Deserialize<'de> for NewPassword {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let password = Password::deserialize(deserializer)?;
        let fits = password.0.chars().count() >= CHARS_MIN;
        if fits { Ok(Self(password)) } else { Err(serde::de::Error::custom(BadForm)) }
    }
}

/// What came of a comparison.
pub(crate) enum Compared {
    /// It is another one.
    Wrong,
    /// It is the one; with the hash to keep from now on, if the kept one was made at another cost.
    Right(Option<String>),
}

/// A place in the queue.
pub(crate) struct Place(OwnedSemaphorePermit);

/// Hashes and compares.
pub struct Passwords {
    hasher: Argon2<'static>,
    /// Of no password: compared with for people who are not there, so that they take as long as those who are.
    nobodys: String,
    admitted: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl Passwords {
    /// At that cost from now on.
    pub fn new(cost: HashCost) -> Result<Self, NoPasswords> {
        let params = Params::new(cost.kib, cost.passes, 1, None).map_err(|_| NoPasswords::Cost)?;
        let [salt, output] = [random_bytes::<32>()?, random_bytes::<32>()?].map(|bytes| STANDARD_NO_PAD.encode(bytes));
        let nobodys = format!("$argon2id$v=19$m={},t={},p=1${salt}${output}", cost.kib, cost.passes);
        Ok(Self {
            hasher: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            nobodys,
            admitted: Arc::new(Semaphore::new(ADMITTED)),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        })
    }

    /// A place in the queue, before anything is looked up; without one nobody waits.
    pub(crate) fn place(&self) -> Result<Place, Problem> {
        let full = |_| {
            Problem::unavailable("Too many passwords are being checked. Try again in a moment.")
                .retry_after(COME_AGAIN.as_secs())
        };
        Arc::clone(&self.admitted).try_acquire_owned().map(Place).map_err(full)
    }

    /// The hash to keep of a new password.
    pub(crate) async fn hash(&self, place: Place, password: NewPassword) -> Result<String, Problem> {
        let salt = random_bytes::<SALT_BYTES>()?;
        let hasher = self.hasher.clone();
        self.at_turn(place, move || hashed(&hasher, &password.0, &salt)).await?
    }

    /// Whether it is the password that was kept; `None` is nobody's.
    pub(crate) async fn compare(
        &self,
        place: Place,
        password: Password,
        kept: Option<String>,
    ) -> Result<Compared, Problem> {
        let salt = random_bytes::<SALT_BYTES>()?;
        let (hasher, is_somebodys) = (self.hasher.clone(), kept.is_some());
        let kept = kept.unwrap_or_else(|| self.nobodys.clone());
        let compared = move || {
            let hash = PasswordHash::new(&kept).map_err(|_| damaged())?;
            let right = hasher.verify_password(password.0.as_bytes(), &hash).is_ok();
            if !right || !is_somebodys {
                return Ok(Compared::Wrong);
            }
            let is_current = Params::try_from(&hash).is_ok_and(|params| {
                (params.m_cost(), params.t_cost()) == (hasher.params().m_cost(), hasher.params().t_cost())
            });
            let anew = if is_current { None } else { Some(hashed(&hasher, &password, &salt)?) };
            Ok(Compared::Right(anew))
        };
        self.at_turn(place, compared).await?
    }

    /// The place is given back when the work is done, also if nobody waits for it any more.
    async fn at_turn<T: Send + 'static>(
        &self,
        place: Place,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        // The semaphores are never closed.
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Problem::internal())?;
        let working = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((turn, place.0));
            done
        });
        working.await.map_err(|_| Problem::internal())
    }
}

fn hashed(hasher: &Argon2<'_>, password: &Password, salt: &[u8]) -> Result<String, Problem> {
    let hash: PasswordHash =
        hasher.hash_password_with_salt(password.0.as_bytes(), salt).map_err(|_| Problem::internal())?;
    Ok(hash.to_string())
}

fn damaged() -> Problem {
    tracing::error!("a stored password hash can't be read");
    Problem::internal()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: HashCost = HashCost { kib: 32, passes: 1 };

    fn password(text: &str) -> Password {
        Password(Zeroizing::new(text.to_owned()))
    }

    async fn compare(passwords: &Passwords, text: &str, kept: Option<&str>) -> Compared {
        let place = passwords.place().ok().unwrap();
        passwords.compare(place, password(text), kept.map(str::to_owned)).await.ok().unwrap()
    }

    #[tokio::test]
    async fn the_same_password_and_no_other() {
        let passwords = Passwords::new(CHEAP).unwrap();
        let place = passwords.place().ok().unwrap();
        let kept = passwords.hash(place, NewPassword(password("correct horse"))).await.ok().unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=32,t=1,p=1$") && !kept.contains("horse"));
        assert!(matches!(compare(&passwords, "correct horse", Some(&kept)).await, Compared::Right(None)));
        assert!(matches!(compare(&passwords, "Correct horse", Some(&kept)).await, Compared::Wrong));
        assert!(matches!(compare(&passwords, "correct horse", None).await, Compared::Wrong));
        // At another cost the same password is hashed anew, and only the right one.
        let dearer = Passwords::new(HashCost { kib: 64, passes: 2 }).unwrap();
        assert!(matches!(compare(&dearer, "wrong horse", Some(&kept)).await, Compared::Wrong));
        let Compared::Right(Some(anew)) = compare(&dearer, "correct horse", Some(&kept)).await else {
            panic!("not hashed anew");
        };
        assert!(anew.starts_with("$argon2id$v=19$m=64,t=2,p=1$"));
        assert!(matches!(compare(&dearer, "correct horse", Some(&anew)).await, Compared::Right(None)));
    }

    #[tokio::test]
    async fn the_queue_has_an_end() {
        let passwords = Passwords::new(CHEAP).unwrap();
        let places: Vec<_> = std::iter::from_fn(|| passwords.place().ok()).take(ADMITTED + 1).collect();
        assert_eq!(places.len(), ADMITTED);
        drop(places);
        assert!(passwords.place().is_ok());
    }

    #[test]
    fn forms_are_held() {
        let new = |text: &str| serde_json::from_value::<NewPassword>(text.into()).is_ok();
        assert!(new("ten chars!") && new(&"ä".repeat(200)));
        assert!(!new("nine char") && !new(&"ä".repeat(201)));
        assert!(serde_json::from_value::<Password>("x".into()).is_ok());
        assert!(serde_json::from_value::<Password>("".into()).is_err());
    }
}
