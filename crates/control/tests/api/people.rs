//! People in front of browsers.

use axum::body::Body;
use http::Request;
use ownkey_control::operator::setup_link;
use ownkey_domain::id::WorkspaceId;
use ownkey_domain::person::Role;
use ownkey_domain::time::Timestamp;
use ownkey_store::{Actor, By};
use serde_json::{Value, json};

use crate::app::{App, NOW, OPERATOR, Reply, site, tokens};

pub const PASSWORD: &str = "a password of theirs";

/// A browser: it says where its requests come from, and keeps the cookie.
#[derive(Clone, Default)]
pub struct Browser {
    /// The value of the cookie.
    pub cookie: Option<String>,
    /// The id of whoever is signed in.
    pub user: String,
}

impl Browser {
    pub async fn send(&mut self, app: &App, method: &str, path: &str, body: Value) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("host", "keys.example.com");
        request = request.header("sec-fetch-site", "same-origin").header("user-agent", "Firefox");
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", format!("theme=dark; __Host-ownkey={cookie}"));
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let reply = app.send(request.header("content-type", "application/json").body(body).unwrap()).await;
        if let Some(set) = reply.headers.get("set-cookie") {
            let (pair, rest) = set.to_str().unwrap().split_once("; ").unwrap();
            assert!(
                rest.starts_with("Path=/; Max-Age=") && rest.ends_with("; Secure; HttpOnly; SameSite=Lax"),
                "{rest}"
            );
            let value = pair.strip_prefix("__Host-ownkey=").unwrap();
            self.cookie = Some(value.to_owned()).filter(|value| !value.is_empty());
        }
        if let Some(id) = reply.body["user"]["id"].as_str() {
            id.clone_into(&mut self.user);
        }
        reply
    }

    pub async fn get(&mut self, app: &App, path: &str) -> Reply {
        self.send(app, "GET", path, Value::Null).await
    }

    pub async fn login(app: &App, mail: &str, password: &str) -> (Self, Reply) {
        let mut browser = Self::default();
        let reply = browser.send(app, "POST", "/api/v1/session", json!({"mail": mail, "password": password})).await;
        (browser, reply)
    }
}

/// What stands behind the `#` of a link.
pub fn token_of(link: &Value) -> String {
    link.as_str().unwrap().split_once('#').unwrap().1.to_owned()
}

impl App {
    pub async fn setup_token(&self) -> Option<String> {
        let by = By::new(Actor::System, Timestamp::from_millis(NOW));
        let made = setup_link(&self.store, (&tokens(), &site()), by).await.unwrap()?;
        Some(token_of(&json!(made.link)))
    }

    /// The first person, who runs this installation.
    pub async fn founder(&self, mail: &str) -> Browser {
        let mut browser = Browser::default();
        let body = json!({"token": self.setup_token().await, "mail": mail, "name": "Dana", "password": PASSWORD});
        browser.send(self, "POST", "/api/v1/setup", body).await.is(201);
        browser
    }

    /// A link by which somebody becomes a member.
    pub async fn invite(&self, workspace: &str, mail: &str, role: Role) -> String {
        let path = format!("/api/v1/workspaces/{workspace}/members");
        let made = self.call("POST", &path, OPERATOR, json!({"mail": mail, "role": role})).await.is(201);
        token_of(&made.body["link"])
    }

    /// Somebody new, signed in as a member of that workspace.
    pub async fn member(&self, workspace: &str, mail: &str, role: Role) -> Browser {
        let token = self.invite(workspace, mail, role).await;
        let mut browser = Browser::default();
        let body = json!({"token": token, "name": mail, "password": PASSWORD});
        browser.send(self, "POST", "/api/v1/invites/accept", body).await.is(200);
        browser
    }

    /// What the audit log of a workspace says: who did what.
    pub async fn log(&self, workspace: &str) -> Vec<(String, String)> {
        let id: WorkspaceId = workspace.parse().unwrap();
        let events = self.store.audit(Some(id), None, 100).await.unwrap().items;
        events.into_iter().map(|event| (event.actor, event.action)).collect()
    }
}
