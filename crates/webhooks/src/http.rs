//! HTTP towards receivers. The address that is connected to is the one that was looked at: names are looked up here, once
//! for each request, and only what may be reached is handed on.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ownkey_domain::webhook::Sent;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use tokio::net::lookup_host;

use crate::networks::Networks;
use crate::signing::Signed;
use crate::target::Target;

/// The clients.
pub(crate) struct Http {
    /// To wherever messages may go.
    over_tls: Client,
    /// Unencrypted, to where the operator says.
    plain: Client,
}

impl Http {
    pub(crate) fn new(timeout: Duration, networks: &Networks) -> Result<Self, reqwest::Error> {
        let client = |allowed: fn(&Networks, IpAddr) -> bool| {
            let resolver = Resolver { networks: Arc::new(networks.clone()), allowed };
            bounded(timeout).dns_resolver(Arc::new(resolver)).build()
        };
        Ok(Self { over_tls: client(Networks::allow)?, plain: client(Networks::name)? })
    }

    /// Sends a message. Of the answer only its status counts; the rest is not read.
    pub(crate) async fn send(&self, target: &Target, signed: Signed, body: String) -> Sent {
        let client = if target.is_plain() { &self.plain } else { &self.over_tls };
        let request = client.post(target.url().clone()).header(CONTENT_TYPE, "application/json").body(body);
        let request = signed.headers().into_iter().fold(request, |request, (name, value)| request.header(name, value));
        match request.send().await {
            Ok(response) => Sent::answered(response.status().as_u16()),
            Err(error) => failed(&error),
        }
    }
}

fn bounded(timeout: Duration) -> ClientBuilder {
    Client::builder()
        // A redirect, or a proxy from the environment, would lead past what is looked at here.
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(timeout)
        .timeout(timeout)
        // A connection that is kept is to an address of then.
        .pool_max_idle_per_host(0)
        .user_agent(concat!("ownkey/", env!("CARGO_PKG_VERSION")))
}

fn failed(error: &reqwest::Error) -> Sent {
    let first = std::error::Error::source(error);
    let is_refused = std::iter::successors(first, |error| error.source()).any(|cause| cause.is::<Refused>());
    match () {
        () if is_refused => Sent::AddressRefused,
        () if error.is_timeout() => Sent::TimedOut,
        () => Sent::Unreachable,
    }
}

/// Looks names up, and keeps to itself what must not be reached.
struct Resolver {
    networks: Arc<Networks>,
    allowed: fn(&Networks, IpAddr) -> bool,
}

#[derive(Debug, thiserror::Error)]
#[error("the name leads to no address that messages may go to")]
struct Refused;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (networks, allowed) = (Arc::clone(&self.networks), self.allowed);
        Box::pin(async move {
            let found = lookup_host((name.as_str(), 0)).await;
            // One answer to both: else a workspace could find out which names there are on the inside.
            let found: Vec<SocketAddr> = found.map(Iterator::collect).map_err(|error| {
                tracing::info!(name = name.as_str(), %error, "the name of a webhook's receiver leads nowhere");
                Refused
            })?;
            let reached: Vec<_> = found.into_iter().filter(|found| allowed(&networks, found.ip())).collect();
            if reached.is_empty() {
                tracing::info!(name = name.as_str(), "the name of a webhook's receiver leads to the inside only");
                return Err(Refused.into());
            }
            Ok(Box::new(reached.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn reaches(http: &Http, url: &str, networks: &Networks) -> Sent {
        let target = Target::parse(url, networks).unwrap();
        http.send(&target, Signed::default(), String::new()).await
    }

    #[tokio::test]
    async fn a_name_is_judged_by_where_it_leads() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let second = Duration::from_secs(1);
        // By TLS to the inside, and unencrypted to what nobody has named.
        let public = Networks::default();
        let http = Http::new(second, &public).unwrap();
        // A name that there is not looks like one of the inside.
        assert_eq!(reaches(&http, "https://nobody.invalid/", &public).await, Sent::AddressRefused);
        assert_eq!(reaches(&http, &format!("https://localhost:{port}/"), &public).await, Sent::AddressRefused);
        let other = Networks::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let http = Http::new(second, &other).unwrap();
        assert_eq!(reaches(&http, &format!("http://localhost:{port}/"), &other).await, Sent::AddressRefused);
        let nobody = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
        assert!(nobody.is_err(), "nobody has knocked");
        let here = Networks::new(vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
        let http = Http::new(second, &here).unwrap();
        let url = format!("http://localhost:{port}/");
        let knock = async { listener.accept().await.map(drop) };
        let (sent, knocked) = tokio::join!(reaches(&http, &url, &here), knock);
        assert!(knocked.is_ok() && sent == Sent::Unreachable, "it hung up: {sent:?}");
    }
}
