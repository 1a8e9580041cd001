//! The steps of the ladder that ask the provider.

use std::time::Duration;

use ownkey_domain::diagnosis::{Diagnosis, Incident, Lack, Missing, Silence};
use ownkey_providers::error_class::{ErrorClass, classify};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::calls::{Call, models_listed};
use super::candidates::candidates;
use super::{Finding, LadderLimits, Test};
use crate::probe::{Answer, Prober};

/// A test under way.
pub(super) struct Climb<'a> {
    prober: &'a Prober,
    limits: &'a LadderLimits,
    test: &'a Test<'a>,
    deadline: Instant,
    calls: usize,
    models: Vec<String>,
    /// What the key turned out not to be allowed.
    missing: Vec<Missing>,
}

/// What a call shows.
enum Seen {
    /// An answer that only a good key gets.
    Accepted(Answer),
    /// A good key that may not do this.
    NotAllowed(Lack),
    /// The end of the test.
    End(Diagnosis),
}

impl<'a> Climb<'a> {
    pub(super) fn new(prober: &'a Prober, limits: &'a LadderLimits, test: &'a Test<'a>) -> Self {
        let deadline = Instant::now() + limits.total;
        Self { prober, limits, test, deadline, calls: 0, models: Vec::new(), missing: Vec::new() }
    }

    pub(super) async fn run(mut self) -> Finding {
        let diagnosis = match self.list().await {
            Some(end) => end,
            None => self.ping().await,
        };
        Finding { diagnosis, models: self.models }
    }

    /// The second step: the list of models. `None` goes on.
    async fn list(&mut self) -> Option<Diagnosis> {
        match self.see(&Call::Models).await {
            Seen::Accepted(answer) if answer.status.is_success() => match models_listed(&answer.body, self.test.key) {
                Some(models) => self.models = models,
                // Somebody between us and the provider said yes to everything.
                None => return Some(Diagnosis::ProviderIncident(Incident::NoList)),
            },
            Seen::Accepted(_) => {}
            Seen::NotAllowed(lack) => self.missing.push(Missing { what: "the list of models".to_owned(), lack }),
            Seen::End(diagnosis) => return Some(diagnosis),
        }
        None
    }

    /// The third step: one short prompt, on the next model where one is not allowed.
    async fn ping(&mut self) -> Diagnosis {
        let listed_some = !self.models.is_empty();
        let candidates = candidates(self.test.catalogue, self.test.provider, &self.models);
        let mut refused = Vec::new();
        let mut took = Duration::ZERO;
        for model in candidates {
            if self.calls >= self.limits.calls {
                break;
            }
            let begun = Instant::now();
            let seen = self.see(&Call::Ping(model)).await;
            took = begun.elapsed();
            match seen {
                Seen::Accepted(_) => {
                    // What we guessed without a list may well not be there; what was listed should work.
                    if listed_some {
                        self.missing.append(&mut refused);
                    }
                    return self.works(took);
                }
                Seen::NotAllowed(lack) => refused.push(Missing { what: model.to_owned(), lack }),
                Seen::End(diagnosis) => return diagnosis,
            }
        }
        self.missing.append(&mut refused);
        self.works(took)
    }

    fn works(&mut self, took: Duration) -> Diagnosis {
        if self.missing.is_empty() {
            return Diagnosis::Valid { took };
        }
        Diagnosis::ValidLimited { missing: std::mem::take(&mut self.missing) }
    }

    /// Makes a call; where the key itself is refused, once more after a pause.
    async fn see(&mut self, call: &Call<'_>) -> Seen {
        let first = self.ask(call).await;
        if !matches!(first, Ok((_, Some(ErrorClass::KeyRefused)))) {
            return judge(first);
        }
        let again_at = Instant::now() + self.limits.pause;
        if self.calls >= self.limits.calls || again_at >= self.deadline {
            return Seen::End(Diagnosis::ProviderIncident(Incident::RefusedOnce));
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
        Err(silence) => return Seen::End(Diagnosis::Unreachable(silence)),
    };
    Seen::End(match class {
        None | Some(ErrorClass::AboutTheRequest) => return Seen::Accepted(answer),
        Some(ErrorClass::ScopeMissing) => return Seen::NotAllowed(Lack::Permission),
        Some(ErrorClass::ModelNotFound) => return Seen::NotAllowed(Lack::Model),
        Some(ErrorClass::KeyRefused) => Diagnosis::Invalid,
        Some(ErrorClass::RateLimited { retry_after }) => Diagnosis::RateLimited { wait: retry_after },
        Some(ErrorClass::QuotaExhausted) => Diagnosis::QuotaExhausted,
        Some(ErrorClass::NotFromHere) => Diagnosis::Unreachable(Silence::NotFromHere),
        Some(ErrorClass::ProviderIncident | ErrorClass::NotAboutTheKey) => {
            Diagnosis::ProviderIncident(Incident::Status(answer.status.as_u16()))
        }
    })
}
