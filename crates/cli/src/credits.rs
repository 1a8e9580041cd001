//! `ownkey credits`.

use serde_json::{Value, json};

use crate::Session;
use crate::failure::Failure;
use crate::table::{cell, rows, table};

pub(crate) async fn run(session: &Session) -> Result<(), Failure> {
    let credits = session.server.get("workspaces/current/credits", &[]).await?;
    session.show(&credits, text)
}

fn text(credits: &Value) -> String {
    let lines = [
        ("available", "/available"),
        ("held", "/held"),
        ("balance", "/balance"),
        ("lasts, days", "/runway_days"),
        ("next period", "/resets_at"),
    ];
    let sums = table(&["CREDITS", ""], lines.map(|(name, place)| vec![name.to_owned(), cell(credits, place)]));
    let grants = json!({"data": credits.get("grants")});
    let headings = ["GRANT", "KIND", "GRANTED", "LEFT", "EXPIRES", "REASON"];
    let places = ["/id", "/kind", "/credits", "/balance", "/expires_at", "/reason"];
    match rows(&grants, &places) {
        none if none.is_empty() => sums,
        grants => format!("{sums}\n\n{}", table(&headings, grants)),
    }
}
