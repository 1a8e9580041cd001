//! POST /v1/responses/compact: a long conversation made short.

use serde_json::json;

use super::{MODES, previous, prompt};
use crate::bill::Bill;
use crate::call::Call;
use crate::clock::now_secs;
use crate::log::{Mark, Recorder};
use crate::oddity;
use crate::openai::{dressed, plain, request};
use crate::reply::Reply;
use crate::sim::Sim;
use crate::text;

/// Answers a request to compact.
pub fn answer(sim: &Sim, call: &Call, recorder: &mut Recorder) -> Reply {
    let accepted = request::json(sim, call, "CompactResponseMethodPublicBody").and_then(|body| {
        let model = request::model(call, &body, &MODES)?;
        previous(sim, call, &body)?;
        Ok((body, model))
    });
    let (body, model) = match accepted {
        Ok(accepted) => accepted,
        Err(reply) => return *reply,
    };
    let (asked, words) = prompt::directives(call, &body);
    if let Some(reply) = oddity::replaced(sim, call, &asked) {
        return oddity::shaped(reply, &asked);
    }
    let whole = prompt::whole(sim, call, &body);
    let input = sim.cache.automatic((call.owner(), &model.id), &whole, model.charges_cache_writes());
    let secret = format!("gAAAAAB{}", crate::digest::sha256_hex(words.as_bytes()));
    let output = text::count(&secret);
    let usage = json!({
        "input_tokens": input.total(),
        "input_tokens_details": {"cached_tokens": input.read, "cache_write_tokens": input.write},
        "output_tokens": output, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": input.total() + output,
    });
    recorder.bill(Bill::new(model, "default", input));
    let item = json!({"type": "compaction", "id": call.unique("cmp_"), "encrypted_content": secret});
    let mut answer = json!({
        "id": call.unique("resp_"), "object": "response.compaction", "created_at": now_secs(), "output": [item],
    });
    let usage = (!asked.has("no_usage")).then_some(usage);
    if let Some(usage) = &usage {
        answer["usage"] = usage.clone();
    }
    let reply = Reply::json(200, &answer).marked(Mark { output: Some(output), usage });
    dressed(call, &asked, plain(call, &asked, reply))
}
