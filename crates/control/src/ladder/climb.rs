//! The steps of the ladder that ask the provider.

use http::StatusCode;
use ownkey_domain::verdict::Verdict;
use ownkey_providers::error_class::{ErrorClass, classify};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::calls::{Call, models_listed};
use super::candidates::candidates;
use super::{Finding, LadderLimits, Test};
use crate::probe::{Answer, Prober, Silence};

/// A test under way.
pub(super) struct Climb<'a> {
    prober: &'a Prober,
    limits: &'a LadderLimits,
    test: &'a Test<'a>,
    deadline: Instant,
    calls: usize,
    models: Vec<String>,
    /// What the key turned out not to be allowed, in words.
    missing: Vec<String>,
}

/// What a call shows.
enum Seen {
    /// An answer that only a good key gets.
    Accepted(Answer),
    /// A good key that may not do this.
    NotAllowed,
    /// The end of the test.
    End(Finding),
}

impl<'a> Climb<'a> {
    pub(super) fn new(prober: &'a Prober, limits: &'a LadderLimits, test: &'a Test<'a>) -> Self {
        let deadline = Instant::now() + limits.total;
        Self { prober, limits, test, deadline, calls: 0, models: Vec::new(), missing: Vec::new() }
    }

    pub(super) async fn run(mut self) -> Finding {
        let mut finding = match self.list().await {
            Some(end) => end,
            None => self.ping().await,
        };
        finding.models = self.models;
        finding
    }

    /// The second step: the list of models. `None` goes on.
    async fn list(&mut self) -> Option<Finding> {
        match self.see(&Call::Models).await {
            Seen::Accepted(answer) if answer.status.is_success() => match models_listed(&answer.body, self.test.key) {
                Some(models) => self.models = models,
                // Somebody between us and the provider said yes to everything.
                None => return Some(incident("The list of models is not one.".to_owned())),
            },
            Seen::Accepted(_) => {}
            Seen::NotAllowed => self.missing.push("list models".to_owned()),
            Seen::End(finding) => return Some(finding),
        }
        None
    }

    /// The third step: one short prompt, on the next model where one is not allowed.
    async fn ping(&mut self) -> Finding {
        let listed_some = !self.models.is_empty();
        let candidates = candidates(self.test.catalogue, self.test.provider, &self.models);
        let mut refused = Vec::new();
        for model in candidates {
            if self.calls >= self.limits.calls {
                break;
            }
            match self.see(&Call::Ping(model)).await {
                Seen::Accepted(_) => {
                    // What we guessed without a list may well not be there; what was listed should work.
                    if listed_some {
                        self.missing.append(&mut refused);
                    }
                    return self.works();
                }
                Seen::NotAllowed => refused.push(format!("use {model}")),
                Seen::End(finding) => return finding,
            }
        }
        self.missing.append(&mut refused);
        self.works()
    }

    fn works(&self) -> Finding {
        if self.missing.is_empty() {
            return Finding::new(Verdict::Valid, None);
        }
        Finding::new(Verdict::ValidLimited, Some(format!("It may not {}.", self.missing.join(", "))))
    }

    /// Makes a call; where the key itself is refused, once more after a pause.
    async fn see(&mut self, call: &Call<'_>) -> Seen {
        let first = self.ask(call).await;
        if !matches!(first, Ok((_, Some(ErrorClass::KeyRefused)))) {
            return judge(first);
        }
        let again_at = Instant::now() + self.limits.pause;
        if self.calls >= self.limits.calls || again_at >= self.deadline {
            return Seen::End(incident("It refused the key once; there was no time to ask again.".to_owned()));
        }
        sleep_until(again_at).await;
        judge(self.ask(call).await)
    }

    async fn ask(&mut self, call: &Call<'_>) -> Result<(Answer, Option<ErrorClass>), Silence> {
        self.calls += 1;
        let request = call.request(self.test).ok_or(Silence::NoConnection)?;
        let sent = timeout_at(self.deadline, self.prober.send(request));
        let answer = sent.await.map_err(|_| Silence::TimedOut)??;
        let class = (!answer.status.is_success())
            .then(|| classify(self.test.provider, answer.status, &answer.headers, &answer.body));
        Ok((answer, class))
    }
}

fn judge(asked: Result<(Answer, Option<ErrorClass>), Silence>) -> Seen {
    let (answer, class) = match asked {
        Ok(asked) => asked,
        Err(silence) => return Seen::End(Finding::new(Verdict::Unreachable, Some(silence.words().to_owned()))),
    };
    let status = |status: StatusCode| format!("It answered with status {}.", status.as_u16());
    match class {
        None | Some(ErrorClass::AboutTheRequest) => Seen::Accepted(answer),
        Some(ErrorClass::ScopeMissing | ErrorClass::ModelNotFound) => Seen::NotAllowed,
        Some(ErrorClass::KeyRefused) => Seen::End(Finding::new(Verdict::Invalid, None)),
        Some(ErrorClass::RateLimited { retry_after }) => {
            let wait = retry_after.map(|wait| format!("It asks to wait {} s.", wait.as_secs().max(1)));
            Seen::End(Finding::new(Verdict::RateLimited, wait))
        }
        Some(ErrorClass::NotFromHere) => Seen::End(Finding::new(
            Verdict::Unreachable,
            Some("It does not serve calls from this server's address or country.".to_owned()),
        )),
        Some(class) => {
            let verdict = class.verdict().unwrap_or(Verdict::ProviderIncident);
            Seen::End(Finding::new(verdict, Some(status(answer.status))))
        }
    }
}

fn incident(detail: String) -> Finding {
    Finding::new(Verdict::ProviderIncident, Some(detail))
}
