//! `ownkey usage`.

use clap::Args;

use crate::Session;
use crate::failure::Failure;
use crate::table::{rows, table};

/// Which usage.
#[derive(Args)]
pub struct Question {
    /// From the hour that holds this time: RFC 3339, or a day (2026-11-01, UTC). 30 days before --to if absent.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this time; now if absent.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// What to add up by.
    #[arg(long, default_value = "day", value_parser = ["hour", "day", "model", "provider", "payer", "agent", "api_key", "service"])]
    by: String,
}

pub(crate) async fn run(session: &Session, question: &Question) -> Result<(), Failure> {
    let mut query = vec![("group_by", question.by.clone())];
    query.extend(question.from.as_deref().map(|from| ("from", moment(from))));
    query.extend(question.to.as_deref().map(|to| ("to", moment(to))));
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
fn moment(text: &str) -> String {
    let is_day = text.len() == "2026-11-01".len() && !text.contains('T');
    if is_day { format!("{text}T00:00:00Z") } else { text.to_owned() }
}
