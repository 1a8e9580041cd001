//! `ownkey usage`.

use clap::Args;
use ownkey_domain::time::Timestamp;

use crate::Session;
use crate::failure::Failure;
use crate::table::{rows, table};

/// Which usage.
#[derive(Args)]
pub struct Question {
    /// From the hour that holds this time: RFC 3339, or a day (2026-11-01, UTC). 30 days before --to if absent.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<Timestamp>,
    /// Before this time; now if absent.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    to: Option<Timestamp>,
    /// What to add up by.
    #[arg(long, default_value = "day", value_parser = ["hour", "day", "model", "provider", "payer", "agent", "api_key", "service"])]
    by: String,
}

pub(crate) async fn run(session: &Session, question: &Question) -> Result<(), Failure> {
    let mut query = vec![("group_by", question.by.clone())];
    query.extend(question.from.map(|from| ("from", from.to_string())));
    query.extend(question.to.map(|to| ("to", to.to_string())));
    let usage = session.server.get("workspaces/current/usage", &query).await?;
    session.show(&usage, |usage| {
        let heading = question.by.to_uppercase();
        let headings = [&heading, "CALLS", "ERRORS", "INPUT", "OUTPUT", "COST USD", "UNPRICED", "CREDITS"];
        let places =
            ["/key", "/calls", "/errors", "/usage/input", "/usage/output", "/cost_usd", "/unpriced", "/credits_paid"];
        table(&headings, rows(usage, &places))
    })
}

/// A day is its first moment.
fn moment(text: &str) -> Result<Timestamp, &'static str> {
    let is_day = text.len() == "2026-11-01".len() && !text.contains('T');
    let time =
        if is_day { Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z")) } else { Timestamp::parse_rfc3339(text) };
    time.ok_or("a time is a day such as 2026-11-01, or RFC 3339 such as 2026-11-01T08:00:00Z")
}
