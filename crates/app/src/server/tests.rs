use std::collections::HashMap;

use futures_util::future::BoxFuture;
use ownkey_domain::caller::PlatformKey;
use ownkey_domain::catalogue::Catalogue;
use ownkey_domain::id::WorkspaceId;
use ownkey_domain::platform_key::LookupId;
use ownkey_domain::receipt::Receipt;
use ownkey_gateway::client::client;
use ownkey_gateway::directory::{Directory, Source, SourceError, Workspace};
use ownkey_gateway::ledger::{JournalUnavailable, Ledger};
use ownkey_gateway::limits::Limits;
use ownkey_vault::{Keyring, PepperId, PlatformKeyHasher, Secret};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::clock;

/// A store of nothing.
struct Nothing;

impl Source for Nothing {
    fn platform_key(&self, _: LookupId) -> BoxFuture<'_, Result<Option<PlatformKey>, SourceError>> {
        Box::pin(async { Ok(None) })
    }

    fn workspace(&self, _: WorkspaceId) -> BoxFuture<'_, Result<Option<Workspace>, SourceError>> {
        Box::pin(async { Ok(None) })
    }
}

impl Ledger for Nothing {
    fn has_room(&self) -> bool {
        true
    }

    fn record(&self, _: &Receipt) -> Result<(), JournalUnavailable> {
        Ok(())
    }
}

/// Serves a data plane whose clock is broken and a control plane that greets, and answers one request's text.
async fn ask(head: &str) -> (String, Value) {
    let limits = Limits::default();
    let gateway = Gateway::new(ownkey_gateway::Parts {
        directory: Arc::new(Directory::new(Box::new(Nothing), 1)),
        keyring: Arc::new(Keyring::parse(&kek()).unwrap()),
        hasher: Arc::new(PlatformKeyHasher::new(PepperId(1), &Secret::random().unwrap())),
        catalogue: Arc::new(Catalogue::builtin().unwrap()),
        plans: Arc::new(HashMap::new()),
        upstreams: Vec::new(),
        client: client(&limits).unwrap(),
        ledger: Arc::new(Nothing),
        metrics: Arc::default(),
        limits: limits.clone(),
        clock: || panic!("the clock is broken"),
        new_id: clock::request_id,
    });
    let control = axum::Router::new().fallback(|| async { axum::Json("hello") });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Arc::new(Server { gateway, control });
    tokio::spawn(async move { edge::serve(listener, server, &limits, std::future::pending()).await });
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
    let (head, body) = ask("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n").await;
    assert!(head.starts_with("HTTP/1.1 500 ") && !body.to_string().contains("clock"), "{head}");
    assert_eq!(body["error"]["type"], "server_error");
}
