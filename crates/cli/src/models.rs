//! `ownkey models`.

use clap::Args;
use serde_json::{Value, json};

use crate::Session;
use crate::failure::Failure;
use crate::table::{rows, table};

/// Which models.
#[derive(Args)]
pub struct Question {
    /// Show only these, and end with 1 unless each can be called now.
    models: Vec<String>,
}

pub(crate) async fn run(session: &Session, question: &Question) -> Result<(), Failure> {
    let models = session.server.get("models", &[]).await?;
    let shown = if question.models.is_empty() { models } else { only(&models, &question.models)? };
    session.show(&shown, |models| {
        let places = ["/id", "/provider", "/mode", "/usable", "/payer", "/reason/code", "/reason/message"];
        table(&["MODEL", "PROVIDER", "KIND", "USABLE", "PAYER", "CODE", "WHY NOT"], rows(models, &places))
    })?;
    let usable = |model: &Value| model.get("usable") == Some(&Value::Bool(true));
    if question.models.is_empty() || all(&shown).iter().all(usable) {
        Ok(())
    } else {
        Err(Failure::NotGood("not every one of these models can be called now"))
    }
}

/// The models of these names.
fn only(models: &Value, names: &[String]) -> Result<Value, Failure> {
    let named = |name: &String| all(models).iter().find(|model| model.get("id").and_then(Value::as_str) == Some(name));
    let found: Option<Vec<&Value>> = names.iter().map(named).collect();
    let found = found.ok_or(Failure::NotGood("one of these models is not offered here: `ownkey models` shows all"))?;
    Ok(json!({"data": found}))
}

fn all(models: &Value) -> &[Value] {
    models.get("data").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
