//! What version 2026-10-21 refuses that 2023-06-01 takes.

use serde_json::Value;

/// The version that today's clients send by themselves.
pub const LATEST: &str = "2026-10-21";

/// Says what of a body, which fits the schema of the older version, is gone.
pub fn check(body: &Value) -> Result<(), String> {
    // Removed as parameters: refused at whatever value.
    for name in ["temperature", "top_p", "top_k"] {
        if body.get(name).is_some() {
            return Err(format!("{name}: Extra inputs are not permitted"));
        }
    }
    let messages = body.get("messages").and_then(Value::as_array).into_iter().flatten();
    for (at, message) in messages.enumerate() {
        let place = format!("messages.{at}.content");
        let blocks = message.get("content").and_then(Value::as_array);
        match message.get("role").and_then(Value::as_str) {
            Some("assistant") => no_documents(blocks, &place)?,
            Some("user") => no_citations(blocks, &place)?,
            _ => {}
        }
    }
    Ok(())
}

fn is(block: &Value, kind: &str) -> bool {
    block.get("type").and_then(Value::as_str) == Some(kind)
}

fn no_documents(blocks: Option<&Vec<Value>>, place: &str) -> Result<(), String> {
    let found = blocks.into_iter().flatten().position(|block| is(block, "document"));
    found.map_or(Ok(()), |at| Err(format!("{place}.{at}: document blocks are not permitted in assistant messages")))
}

/// Texts of the user, and those of the user's search results, cite nothing.
fn no_citations(blocks: Option<&Vec<Value>>, place: &str) -> Result<(), String> {
    for (at, block) in blocks.into_iter().flatten().enumerate() {
        let place = format!("{place}.{at}");
        let cited = block.get("citations").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
        if is(block, "text") && cited {
            return Err(format!("{place}.citations: citations are not permitted in user messages"));
        }
        if is(block, "search_result") {
            no_citations(block.get("content").and_then(Value::as_array), &format!("{place}.content"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;
    use serde_json::{Value, json};

    fn said(role: &str, block: Value) -> Result<(), String> {
        check(&json!({"messages": [{"role": role, "content": [block]}]}))
    }

    #[test]
    fn what_the_version_took_away_is_refused() {
        for name in ["temperature", "top_p", "top_k"] {
            let refused = check(&json!({"messages": [], name: 1})).expect_err("refused");
            assert_eq!(refused, format!("{name}: Extra inputs are not permitted"));
        }
        let document = json!({"type": "document"});
        assert!(said("assistant", document.clone()).is_err() && said("user", document).is_ok());
        let text = json!({"type": "text", "text": "x", "citations": [{"type": "char_location"}]});
        assert!(said("user", text.clone()).is_err() && said("assistant", text.clone()).is_ok());
        assert!(said("user", json!({"type": "search_result", "content": [text]})).is_err());
        assert!(said("user", json!({"type": "text", "text": "x", "citations": []})).is_ok());
    }
}
