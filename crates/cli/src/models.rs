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
    let (shown, missing) =
        if question.models.is_empty() { (models, Vec::new()) } else { only(&models, &question.models) };
    session.show(&shown, |models| {
        let places = ["/id", "/provider", "/mode", "/usable", "/payer", "/reason/code", "/reason/message"];
        table(&["MODEL", "PROVIDER", "KIND", "USABLE", "PAYER", "CODE", "WHY NOT"], rows(models, &places))
    })?;
    if !missing.is_empty() {
        return Err(Failure::not_good(not_offered(&missing)));
    }
    let usable = |model: &Value| model.get("usable") == Some(&Value::Bool(true));
    if question.models.is_empty() || all(&shown).iter().all(usable) {
        Ok(())
    } else {
        Err(Failure::not_good("not every one of these models can be called now"))
    }
}

/// The models of these names, and the places of the names that no model has.
fn only(models: &Value, names: &[String]) -> (Value, Vec<usize>) {
    let named = |name: &String| all(models).iter().find(|model| model.get("id").and_then(Value::as_str) == Some(name));
    let found: Vec<Option<&Value>> = names.iter().map(named).collect();
    let missing = (1..).zip(&found).filter(|(_, found)| found.is_none()).map(|(place, _)| place).collect();
    (json!({"data": found.into_iter().flatten().collect::<Vec<_>>()}), missing)
}

/// By its place: a name may be a key that somebody took for one.
fn not_offered(missing: &[usize]) -> String {
    let places: Vec<String> = missing.iter().map(|place| format!("no. {place}")).collect();
    format!("not offered here: {} of the models that you named; `ownkey models` shows all", places.join(", "))
}

fn all(models: &Value) -> &[Value] {
    models.get("data").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
