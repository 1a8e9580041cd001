//! Ownkey's own rate limits: requests and tokens a minute, of a platform key and of a workspace. Each node keeps its
//! own. Requests are taken when a call starts; tokens when it has ended and they are known, so a bucket may go below
//! zero: the next call waits until it is above again. What is left is told on every answer. Why the buckets are written out here is in
//! `docs/decisions/0009-rate-limits-are-buckets-of-our-own.md`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use ownkey_domain::id::{ApiKeyId, WorkspaceId};
use ownkey_domain::provider::Protocol;
use ownkey_domain::time::Timestamp;
use quick_cache::sync::Cache;

use crate::error::{Code, Error};

/// What a limit is counted over.
const WINDOW: Duration = Duration::from_secs(60);
/// The longest wait that is told; longer ones are told again when it is over.
const WAIT_SECONDS_MAX: u64 = 60;
/// A bucket is never longer in debt than this, whatever a single call used.
const DEBT_MAX: Duration = Duration::from_secs(600);
/// Buckets kept in memory. One that is forgotten is full again.
const BUCKETS_MAX: usize = 40_000;

/// How much a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quota {
    /// Calls; absent is unlimited.
    pub requests: Option<u32>,
    /// Tokens; absent is unlimited.
    pub tokens: Option<u64>,
}

/// Whose quota it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A platform key.
    Key(ApiKeyId),
    /// A workspace.
    Workspace(WorkspaceId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Measure {
    Requests,
    Tokens,
}

/// All buckets of this node.
pub struct Rates {
    buckets: Cache<(Subject, Measure), Arc<Mutex<Bucket>>>,
    base: Instant,
}

/// A bucket as one number: the moment at which it would be full again.
struct Bucket {
    per_minute: u64,
    full_at: Duration,
}

/// A limit that is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exceeded {
    left: Left,
    /// When the next call may come.
    wait: Duration,
}

/// What is left of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Left {
    measure: Measure,
    per_minute: u64,
    remaining: u64,
    full_in: Duration,
}

/// What is left of each quota that a call counts against; of two quotas of one kind, that of which less is left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowance(Vec<Left>);

impl Rates {
    /// Full buckets for everyone.
    pub fn new(base: Instant) -> Self {
        Self { buckets: Cache::new(BUCKETS_MAX), base }
    }

    /// Takes a call from every quota, or from none. Returns what is then left of them.
    pub fn admit(&self, quotas: &[(Subject, Quota)], now: Instant) -> Result<Allowance, Exceeded> {
        let now = now.saturating_duration_since(self.base);
        let mut allowance = Allowance::default();
        for (subject, quota) in quotas {
            let Some(per_minute) = quota.tokens else { continue };
            allowance.add(self.with(*subject, Measure::Tokens, per_minute, |bucket| {
                bucket.check(Measure::Tokens, now)?;
                Ok(bucket.left(Measure::Tokens, now))
            })?);
        }
        for (at, (subject, quota)) in quotas.iter().enumerate() {
            let Some(per_minute) = quota.requests else { continue };
            let taken = self.with(*subject, Measure::Requests, u64::from(per_minute), |bucket| {
                bucket.check(Measure::Requests, now)?;
                bucket.take(1, now);
                Ok(bucket.left(Measure::Requests, now))
            });
            match taken {
                Ok(left) => allowance.add(left),
                Err(exceeded) => {
                    self.give_back(&quotas[..at]);
                    return Err(exceeded);
                }
            }
        }
        Ok(allowance)
    }

    /// Takes the tokens of a call that has ended, from whoever has a quota of them.
    pub fn spend(&self, subjects: [Subject; 2], tokens: u64, now: Instant) {
        let now = now.saturating_duration_since(self.base);
        for subject in subjects {
            if let Some(bucket) = self.buckets.get(&(subject, Measure::Tokens)) {
                bucket.lock().unwrap_or_else(PoisonError::into_inner).take(tokens, now);
            }
        }
    }

    fn give_back(&self, quotas: &[(Subject, Quota)]) {
        for (subject, _) in quotas.iter().filter(|(_, quota)| quota.requests.is_some()) {
            if let Some(bucket) = self.buckets.get(&(*subject, Measure::Requests)) {
                let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
                bucket.full_at = bucket.full_at.saturating_sub(bucket.each());
            }
        }
    }

    fn with<T>(&self, subject: Subject, measure: Measure, per_minute: u64, act: impl FnOnce(&mut Bucket) -> T) -> T {
        let new =
            || Ok::<_, std::convert::Infallible>(Arc::new(Mutex::new(Bucket { per_minute, full_at: Duration::ZERO })));
        let Ok(bucket) = self.buckets.get_or_insert_with(&(subject, measure), new);
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        // A plan or key may have another quota by now.
        bucket.per_minute = per_minute;
        act(&mut bucket)
    }
}

impl Bucket {
    /// How long one unit takes to come back.
    fn each(&self) -> Duration {
        WINDOW / u32::try_from(self.per_minute.max(1)).unwrap_or(u32::MAX)
    }

    /// Whether one unit is there.
    fn check(&self, measure: Measure, now: Duration) -> Result<(), Exceeded> {
        let wait = (self.full_at.max(now) + self.each()).saturating_sub(now + WINDOW);
        if wait.is_zero() { Ok(()) } else { Err(Exceeded { left: self.left(measure, now), wait }) }
    }

    fn left(&self, measure: Measure, now: Duration) -> Left {
        let full_in = self.full_at.saturating_sub(now);
        let units = WINDOW.saturating_sub(full_in).as_nanos() / self.each().as_nanos().max(1);
        let remaining = u64::try_from(units).unwrap_or(u64::MAX).min(self.per_minute);
        Left { measure, per_minute: self.per_minute, remaining, full_in }
    }

    fn take(&mut self, units: u64, now: Duration) {
        let time = u32::try_from(units).ok().and_then(|units| self.each().checked_mul(units)).unwrap_or(DEBT_MAX);
        self.full_at = (self.full_at.max(now) + time.min(DEBT_MAX)).min(now + DEBT_MAX);
    }
}

impl Exceeded {
    /// The error in the protocol's own form.
    pub fn error(&self, protocol: Protocol, now: Timestamp) -> Error {
        self.left.told(protocol, now).fold(self.plain(), |error, (name, value)| error.with_header(name, value))
    }

    /// In how many seconds to try again.
    pub fn wait_s(self) -> u64 {
        self.wait.as_secs().saturating_add(1).min(WAIT_SECONDS_MAX)
    }

    /// The same without what only a protocol's SDKs read.
    pub fn plain(&self) -> Error {
        let seconds = self.wait_s();
        let (what, per_minute) = (self.left.measure.as_str(), self.left.per_minute);
        let message = format!("The limit of {per_minute} {what} a minute is used up. Try again in {seconds} s.");
        Error::new(Code::RateLimited, message).with_header(RETRY_AFTER, HeaderValue::from(seconds))
    }
}

impl Allowance {
    fn add(&mut self, left: Left) {
        match self.0.iter_mut().find(|other| other.measure == left.measure) {
            Some(other) if other.remaining <= left.remaining => {}
            Some(other) => *other = left,
            None => self.0.push(left),
        }
    }

    /// The headers that tell of it, in the protocol's own form.
    pub fn headers(&self, protocol: Protocol, now: Timestamp) -> HeaderMap {
        self.0.iter().flat_map(|left| left.told(protocol, now)).collect()
    }
}

impl Measure {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
        }
    }
}

impl Left {
    fn told(self, protocol: Protocol, now: Timestamp) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let what = self.measure.as_str();
        let seconds = self.full_in.as_millis().div_ceil(1_000);
        let (name, reset): (fn(&str, &str) -> String, String) = match protocol {
            Protocol::OpenAi => (|what, field| format!("x-ratelimit-{field}-{what}"), format!("{seconds}s")),
            Protocol::Anthropic => {
                let at = now.plus_millis(i64::try_from(seconds * 1_000).unwrap_or(i64::MAX));
                (|what, field| format!("anthropic-ratelimit-{what}-{field}"), at.to_string())
            }
        };
        let (limit, remaining) = (self.per_minute.to_string(), self.remaining.to_string());
        let fields = [("limit", limit), ("remaining", remaining), ("reset", reset)];
        fields.into_iter().filter_map(move |(field, value)| {
            Some((HeaderName::try_from(name(what, field)).ok()?, HeaderValue::try_from(value).ok()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const KEY: Subject = Subject::Key(ApiKeyId::from_uuid(Uuid::from_u128(1)));
    const WORKSPACE: Subject = Subject::Workspace(WorkspaceId::from_uuid(Uuid::from_u128(2)));

    fn requests(n: u32) -> Quota {
        Quota { requests: Some(n), tokens: None }
    }

    #[test]
    fn so_many_requests_a_minute_and_no_more() {
        let start = Instant::now();
        let rates = Rates::new(start);
        let quotas = [(KEY, requests(6))];
        for _ in 0..6 {
            assert!(rates.admit(&quotas, start).is_ok());
        }
        let exceeded = rates.admit(&quotas, start).unwrap_err();
        assert_eq!(exceeded.wait, Duration::from_secs(10));
        assert!(rates.admit(&quotas, start + Duration::from_secs(9)).is_err());
        assert!(rates.admit(&quotas, start + Duration::from_secs(10)).is_ok());
        let minute = start + Duration::from_secs(200);
        let admitted = (0..100).filter(|_| rates.admit(&quotas, minute).is_ok()).count();
        assert_eq!(admitted, 6, "an idle time saves up one minute, no more");
    }

    #[test]
    fn a_refusal_of_one_takes_nothing_of_the_other() {
        let start = Instant::now();
        let rates = Rates::new(start);
        let both = [(KEY, requests(2)), (WORKSPACE, requests(1))];
        assert!(rates.admit(&both, start).is_ok());
        assert!((0..10).all(|_| rates.admit(&both, start).is_err()));
        assert!(rates.admit(&[(KEY, requests(2))], start).is_ok(), "the key has one left");
    }

    #[test]
    fn tokens_are_taken_when_they_are_known() {
        let start = Instant::now();
        let rates = Rates::new(start);
        let quotas = [(WORKSPACE, Quota { requests: None, tokens: Some(60) })];
        assert!(rates.admit(&quotas, start).is_ok());
        rates.spend([KEY, WORKSPACE], 90, start);
        assert!(rates.admit(&quotas, start + Duration::from_secs(30)).is_err());
        assert!(rates.admit(&quotas, start + Duration::from_secs(31)).is_ok());
        rates.spend([KEY, WORKSPACE], u64::MAX, start);
        assert!(rates.admit(&quotas, start + DEBT_MAX).is_ok());
    }

    #[test]
    fn what_is_left_is_that_of_the_tighter_quota() {
        let start = Instant::now();
        let rates = Rates::new(start);
        let quotas = [
            (KEY, Quota { requests: Some(7), tokens: Some(600) }),
            (WORKSPACE, Quota { requests: Some(3), tokens: None }),
        ];
        let left = |now: Instant| {
            let Allowance(all) = rates.admit(&quotas, now).unwrap();
            all.iter().map(|left| (left.measure.as_str(), left.per_minute, left.remaining)).collect::<Vec<_>>()
        };
        assert_eq!(left(start), [("tokens", 600, 600), ("requests", 3, 2)]);
        rates.spend([KEY, WORKSPACE], 100, start);
        assert_eq!(left(start), [("tokens", 600, 500), ("requests", 3, 1)]);
        let Allowance(all) = rates.admit(&quotas, start + Duration::from_secs(5)).unwrap();
        assert_eq!((all[0].remaining, all[0].full_in), (550, Duration::from_secs(5)));
        let told = Allowance(all).headers(Protocol::OpenAi, Timestamp::from_millis(0));
        assert_eq!((told.len(), &told["x-ratelimit-reset-tokens"]), (6, &HeaderValue::from_static("5s")));
        assert!(Allowance::default().headers(Protocol::OpenAi, Timestamp::from_millis(0)).is_empty());
    }

    #[test]
    fn each_protocol_is_told_in_its_own_form() {
        let start = Instant::now();
        let rates = Rates::new(start);
        let quotas = [(KEY, requests(6))];
        let exceeded = std::iter::repeat_with(|| rates.admit(&quotas, start)).find_map(Result::err).unwrap();
        let at = Timestamp::from_millis(0);
        let openai = exceeded.error(Protocol::OpenAi, at).respond(Protocol::OpenAi, None);
        assert_eq!(openai.status(), 429);
        // When the next call may come, and when the quota is full again, as on any other answer.
        assert_eq!(openai.headers()["retry-after"], "11");
        assert_eq!(openai.headers()["x-ratelimit-limit-requests"], "6");
        assert_eq!(openai.headers()["x-ratelimit-reset-requests"], "60s");
        let anthropic = exceeded.error(Protocol::Anthropic, at).respond(Protocol::Anthropic, None);
        assert_eq!(anthropic.headers()["anthropic-ratelimit-requests-remaining"], "0");
        assert_eq!(anthropic.headers()["anthropic-ratelimit-requests-reset"], "1970-01-01T00:01:00.000Z");
    }

    #[test]
    fn a_long_wait_is_told_in_part_and_the_reset_as_it_is() {
        let start = Instant::now();
        let rates = Rates::new(start);
        let quotas = [(KEY, Quota { requests: None, tokens: Some(60) })];
        assert!(rates.admit(&quotas, start).is_ok());
        rates.spend([KEY, WORKSPACE], u64::MAX, start);
        let exceeded = rates.admit(&quotas, start).unwrap_err();
        let told = exceeded.error(Protocol::OpenAi, Timestamp::from_millis(0)).respond(Protocol::OpenAi, None);
        assert_eq!(told.headers()["retry-after"], "60");
        assert_eq!(told.headers()["x-ratelimit-reset-tokens"], "600s");
    }
}
