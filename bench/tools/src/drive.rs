//! The driver: callers who each make one call after the other and look at every byte they get.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::Full;
use serde_json::json;

use crate::answers::Protocol;
use crate::ask::Ask;
use crate::check::{Check, Expected};
use crate::client::{Connection, Failure, Timed};
use crate::report::Report;

#[derive(clap::Args)]
pub struct Options {
    /// What to call.
    #[arg(long)]
    to: SocketAddr,
    #[arg(long)]
    path: Uri,
    #[arg(long)]
    protocol: Protocol,
    /// The model's name there.
    #[arg(long)]
    model: String,
    /// Sent with each call, as `name: value`.
    #[arg(long, value_parser = header)]
    header: Vec<(HeaderName, HeaderValue)>,
    /// A file of bearer tokens, one a line; each call takes the next one.
    #[arg(long)]
    keys: Option<PathBuf>,
    #[arg(long, default_value = "bytes")]
    check: Check,
    #[arg(long, default_value_t = 1)]
    connections: u32,
    /// Callers begin no more calls after that.
    #[arg(long, default_value_t = 600.0)]
    seconds: f64,
    /// Callers make that many calls together.
    #[arg(long, default_value_t = u32::MAX)]
    calls: u32,
    /// Ask for streams.
    #[arg(long)]
    stream: bool,
    #[arg(long, default_value_t = 32)]
    events: u32,
    /// Milliseconds from event to event.
    #[arg(long, default_value_t = 0)]
    pace: u64,
}

/// What all callers share.
struct Plan {
    options: Options,
    keys: Vec<HeaderValue>,
    next: AtomicU32,
    end: Instant,
}

/// Makes the calls and prints what came of them.
pub async fn run(options: Options) -> Result<(), String> {
    let keys = options.keys.as_ref().map(read_keys).transpose()?.unwrap_or_default();
    let begun = Instant::now();
    let end = begun + Duration::try_from_secs_f64(options.seconds).map_err(|error| error.to_string())?;
    let (connections, pace) = (options.connections.max(1), Duration::from_millis(options.pace));
    let plan = Arc::new(Plan { options, keys, next: AtomicU32::new(0), end });
    let callers = (0..connections).map(|n| {
        // Callers do not step in time: their events are spread over one pace.
        tokio::spawn(caller(Arc::clone(&plan), pace * n / connections))
    });
    let callers: Vec<_> = callers.collect();
    let mut report = Report::default();
    for caller in callers {
        report.add(caller.await.map_err(|error| error.to_string())?);
    }
    let told = report.told(begun.elapsed());
    writeln!(std::io::stdout(), "{told}").map_err(|error| error.to_string())
}

async fn caller(plan: Arc<Plan>, after: Duration) -> Report {
    let mut report = Report::default();
    let mut connection = Connection::new(plan.options.to);
    tokio::time::sleep(after).await;
    while let Some(seed) = plan.next() {
        match plan.call(&mut connection, seed).await {
            Ok(answer) => report.answered(&answer),
            Err(failure) => report.failed(&failure),
        }
    }
    report
}

impl Plan {
    fn next(&self) -> Option<u32> {
        if Instant::now() >= self.end {
            return None;
        }
        let seed = self.next.fetch_add(1, Ordering::Relaxed);
        (seed < self.options.calls).then_some(seed)
    }

    async fn call(&self, connection: &mut Connection, seed: u32) -> Result<Timed, Failure> {
        let Options { protocol, stream, events, pace, check, .. } = self.options;
        let ask = Ask { seed, events, pace: Duration::from_millis(pace) };
        let answer = connection.call(self.request(&ask)).await?;
        let expected = Expected { protocol, stream, ask };
        if expected.is(check, &answer.body) { Ok(answer) } else { Err(Failure::Other) }
    }

    fn request(&self, ask: &Ask) -> Request<Full<Bytes>> {
        let options = &self.options;
        let messages = json!([{"role": "user", "content": format!("{ask} Tell me words.")}]);
        let mut body = json!({"model": options.model, "max_tokens": 512, "messages": messages});
        if options.stream {
            body["stream"] = true.into();
            if options.protocol == Protocol::Chat {
                body["stream_options"] = json!({"include_usage": true});
            }
        }
        let mut request = Request::new(Full::new(Bytes::from(body.to_string())));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = options.path.clone();
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_static("bench.localhost"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in &options.header {
            headers.insert(name, value.clone());
        }
        let turn = usize::try_from(ask.seed).unwrap_or_default();
        if let Some(key) = turn.checked_rem(self.keys.len()).and_then(|at| self.keys.get(at)) {
            headers.insert(AUTHORIZATION, key.clone());
        }
        request
    }
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("a header is `name: value`")?;
    let name = name.trim().parse().map_err(|error| format!("{error}"))?;
    Ok((name, value.trim().parse().map_err(|error| format!("{error}"))?))
}

fn read_keys(path: &PathBuf) -> Result<Vec<HeaderValue>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read the keys: {error}"))?;
    let key = |line: &str| HeaderValue::from_str(&format!("Bearer {line}")).map_err(|error| error.to_string());
    text.lines().map(key).collect()
}
