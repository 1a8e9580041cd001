use std::collections::BTreeMap;
use std::time::Instant;

use futures_util::future::BoxFuture;
use ownkey_domain::caller::PlatformKey;
use ownkey_domain::catalogue::Catalogue;
use ownkey_domain::health::KeySeen;
use ownkey_domain::id::{ConnectionId, CredentialId, RequestId, WorkspaceId};
use ownkey_domain::ledger::{Charge, HoldCall};
use ownkey_domain::platform_key::LookupId;
use ownkey_domain::provider::Provider;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::response::{ChainTokens, ResponseId};
use ownkey_domain::time::Timestamp;
use ownkey_gateway::client::client;
use ownkey_gateway::connections::{self, Grant, NotGranted, Tokens};
use ownkey_gateway::cors::Cors;
use ownkey_gateway::directory::{Directory, Source, SourceError, Workspace};
use ownkey_gateway::edge::Entrance;
use ownkey_gateway::ledger::{HoldRefused, JournalUnavailable, Ledger};
use ownkey_gateway::limits::Limits;
use ownkey_gateway::rates::Rates;
use ownkey_gateway::{BodyRoom, Plane, Rest, services};
use ownkey_vault::{Keyring, PepperId, PlatformKeyHasher, Secret};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::*;
use crate::clock;

/// A store of nothing.
struct Nothing;

impl Source for Nothing {
    fn platform_key(&self, _: LookupId) -> BoxFuture<'_, Result<Option<PlatformKey>, SourceError>> {
        Box::pin(async { Ok(None) })
    }

    fn workspace_named<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<WorkspaceId>, SourceError>> {
        Box::pin(async { Ok(None) })
    }

    fn workspace(&self, _: WorkspaceId) -> BoxFuture<'_, Result<Option<Workspace>, SourceError>> {
        Box::pin(async { Ok(None) })
    }

    fn chain<'a>(
        &'a self,
        _: WorkspaceId,
        _: Provider,
        _: &'a ResponseId,
    ) -> BoxFuture<'a, Result<Option<ChainTokens>, SourceError>> {
        Box::pin(async { Ok(None) })
    }
}

impl Tokens for Nothing {
    fn grant<'a>(&'a self, _: WorkspaceId, _: ConnectionId, _: &'a str) -> BoxFuture<'a, Result<Grant, NotGranted>> {
        Box::pin(async { Err(NotGranted::NotFound) })
    }

    fn renewed<'a>(
        &'a self,
        of: WorkspaceId,
        connection: ConnectionId,
        host: &'a str,
        _: u32,
    ) -> BoxFuture<'a, Result<Grant, NotGranted>> {
        self.grant(of, connection, host)
    }
}

impl Ledger for Nothing {
    fn has_room(&self) -> bool {
        true
    }

    fn moves_money(&self) -> bool {
        true
    }

    fn hold(&self, _: HoldCall) -> BoxFuture<'_, Result<(), HoldRefused>> {
        Box::pin(async { Err(HoldRefused::Away) })
    }

    fn hold_again(&self, _: HoldCall) -> BoxFuture<'_, Result<(), HoldRefused>> {
        Box::pin(async { Err(HoldRefused::Away) })
    }

    fn extend(&self, _: HoldCall) -> BoxFuture<'_, Result<(), HoldRefused>> {
        Box::pin(async { Err(HoldRefused::Away) })
    }

    fn evidence(&self, _: RequestId, _: Charge) -> Result<(), JournalUnavailable> {
        Ok(())
    }

    fn record(&self, _: Box<Receipt>) -> Result<(), JournalUnavailable> {
        Ok(())
    }

    fn key_seen(&self, _: (WorkspaceId, CredentialId), _: KeySeen, _: Timestamp) {}
}

/// A web page that may call models.
const PAGE: &str = "https://app.example.com";

/// A data plane whose clock is broken, and a control plane that greets.
fn server(cut_off: &watch::Sender<bool>) -> Server {
    let limits = Limits::default();
    let plane = Plane {
        directory: Arc::new(Directory::new(Box::new(Nothing), 1)),
        hasher: Arc::new(PlatformKeyHasher::new(PepperId(1), &Secret::random().unwrap())),
        client: client(&limits).unwrap(),
        ledger: Arc::new(Nothing),
        rates: Arc::new(Rates::new(Instant::now())),
        metrics: Arc::default(),
        cut_off: cut_off.clone(),
        body_room: BodyRoom::new(&limits),
        limits,
        clock: || panic!("the clock is broken"),
        new_id: clock::request_id,
    };
    let gateway = Gateway::new(ownkey_gateway::Parts {
        plane: plane.clone(),
        keyring: Arc::new(Keyring::parse(&kek()).unwrap()),
        catalogue: Arc::new(Catalogue::builtin().unwrap()),
        plans: Arc::new(BTreeMap::new()),
        credits: None,
        managed: Arc::default(),
        managed_paths: Vec::new(),
        unlisted: ownkey_gateway::target::Unlisted::Refuse,
        ask_usage: true,
        upstreams: Vec::new(),
        rest: Rest::default(),
        over_tls: false,
    });
    let services =
        Services::new(services::Parts { plane: plane.clone(), plans: Arc::default(), services: Arc::default() });
    let connections =
        Connections::new(connections::Parts { plane: Plane { clock: clock::now, ..plane }, tokens: Arc::new(Nothing) });
    let cors = Cors::new(vec![PAGE.parse().unwrap()]);
    Server {
        gateway,
        services,
        connections,
        cors,
        proxies: Vec::new(),
        dashboard: dashboard::Page::new("Ownkey"),
        control: axum::Router::new().fallback(|| async { axum::Json("hello") }),
    }
}

/// Serves that, and answers one request's text.
async fn ask(head: &str) -> (String, Value) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let entrance = Entrance::plain(listener);
    let server = Arc::new(Current::new(server(&watch::Sender::new(false))));
    tokio::spawn(async move { edge::serve(entrance, server, &Limits::default(), std::future::pending()).await });
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), serde_json::from_str(body).unwrap())
}

fn kek() -> String {
    String::from_utf8(Keyring::generate_kek_text().unwrap().expose().to_vec()).unwrap()
}

#[tokio::test]
async fn an_ambiguous_request_reaches_no_handler_of_the_management_api() {
    let (_, body) = ask("GET /api/v1/plans HTTP/1.1\r\nhost: a\r\n").await;
    assert_eq!(body, "hello");
    let (head, body) = ask("GET /api/v1/plans HTTP/1.1\r\nhost: a\r\nhost: b\r\n").await;
    assert!(head.starts_with("HTTP/1.1 400 ") && head.contains(ownkey_control::MEDIA_TYPE), "{head}");
    assert_eq!((&body["status"], &body["code"]), (&400.into(), &"bad_request".into()));
}

#[tokio::test]
async fn a_panic_of_the_data_plane_is_told_in_the_protocol_called() {
    let (head, body) = ask("POST /v1/messages HTTP/1.1\r\nhost: a\r\n").await;
    assert!(head.starts_with("HTTP/1.1 500 ") && head.contains("application/json"), "{head}");
    assert_eq!((&body["type"], &body["error"]["type"]), (&"error".into(), &"api_error".into()));
    let (head, body) = ask("POST /services/tool/run HTTP/1.1\r\nhost: a\r\n").await;
    assert!(head.starts_with("HTTP/1.1 500 ") && head.contains("application/problem+json"), "{head}");
    assert_eq!(body["status"], 500);
    let (head, body) = ask("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n").await;
    assert!(head.starts_with("HTTP/1.1 500 ") && !body.to_string().contains("clock"), "{head}");
    assert_eq!(body["error"]["type"], "server_error");
}

#[test]
fn what_is_contained_has_room_once() {
    let large = [0_u8; 4 << 10];
    let answering = async move {
        std::future::ready(()).await;
        plain(StatusCode::OK, &String::from_utf8_lossy(&large))
    };
    let room = size_of_val(&answering);
    assert!(size_of_val(&contained(answering, || plain(StatusCode::OK, ""))) < room + room / 2);
}

#[tokio::test]
async fn a_web_page_may_read_even_that_and_nothing_of_the_management_api() {
    let from = format!("HTTP/1.1\r\nhost: a\r\norigin: {PAGE}\r\n");
    let allowed = format!("access-control-allow-origin: {PAGE}");
    let (head, _) = ask(&format!("POST /v1/messages {from}")).await;
    assert!(head.starts_with("HTTP/1.1 500 ") && head.contains(&allowed), "{head}");
    let (head, _) = ask(&format!("GET /api/v1/plans {from}")).await;
    assert!(head.starts_with("HTTP/1.1 200 ") && !head.contains("access-control-"), "{head}");
}

#[tokio::test]
async fn a_stop_reaches_the_streams_of_servers_that_were_replaced() {
    let cut_off = watch::Sender::new(false);
    let streams = cut_off.subscribe();
    let current = Current::new(server(&cut_off));
    current.replace(server(&cut_off));
    assert!(!*streams.borrow());
    current.cut_off();
    assert!(*streams.borrow());
}
