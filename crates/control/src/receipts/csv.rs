//! Receipts as CSV (RFC 4180), for spreadsheets.

use std::fmt::Display;

use ownkey_domain::receipt::Receipt;
use ownkey_domain::usage::TokenClass;

use crate::download::field;

/// What the columns are called.
pub(super) const HEADER: &str = "id,at,payer,provider,model,model_served,agent,api_key,user,client_request_id,route,\
    service,stream,status,error,outcome,measured,input,output,cache_read,cache_write,cache_write_5m,cache_write_1h,\
    reasoning,audio_input,audio_output,cost_usd,credits,included,total_ms,credits_paid\r\n";

const CLASSES: [TokenClass; 9] = [
    TokenClass::Input,
    TokenClass::Output,
    TokenClass::CacheRead,
    TokenClass::CacheWrite,
    TokenClass::CacheWrite5m,
    TokenClass::CacheWrite1h,
    TokenClass::Reasoning,
    TokenClass::AudioInput,
    TokenClass::AudioOutput,
];

/// Its line. What is unknown is empty, not 0.
pub(super) fn line(receipt: &Receipt) -> String {
    let text = |value: &Option<String>| field(value.as_deref().unwrap_or_default());
    let mut columns = vec![
        receipt.id.to_string(),
        receipt.at.to_string(),
        receipt.payer.map(|payer| payer.as_str().to_owned()).unwrap_or_default(),
        shown(receipt.provider),
        text(&receipt.model),
        text(&receipt.model_served),
        text(&receipt.agent),
        shown(receipt.api_key),
        text(&receipt.user),
        text(&receipt.client_request_id),
        field(&receipt.route),
        field(receipt.service.as_ref().map(|used| used.name.as_str()).unwrap_or_default()),
        receipt.stream.to_string(),
        receipt.status.to_string(),
        text(&receipt.error),
        receipt.outcome.as_str().to_owned(),
        receipt.measured.as_str().to_owned(),
    ];
    columns.extend(CLASSES.iter().map(|class| shown(receipt.usage.get(*class))));
    columns.extend([
        shown(receipt.cost_usd),
        receipt.credits.to_string(),
        receipt.included.to_string(),
        receipt.timing.total_ms.to_string(),
        receipt.credits_paid().to_string(),
    ]);
    format!("{}\r\n", columns.join(","))
}

fn shown(value: Option<impl Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
