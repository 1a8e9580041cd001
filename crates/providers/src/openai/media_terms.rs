//! What managed calls for sound and images may carry. Only answers that tell their tokens can be billed.

use serde_json::Value;

use super::managed::PLAIN;
use crate::managed::{Terms, not_priced, reference};

/// `POST /v1/audio/speech`, as events only.
pub(super) static SPEECH: Terms = Terms {
    members: &["model", "input", "instructions", "voice", "response_format", "speed", "stream_format"],
    needs: &[("stream_format", "sse")],
    look: |member, value| match member {
        "voice" if value.is_object() => Err(reference("the member", "voice")),
        _ => Ok(()),
    },
    ..PLAIN
};

/// `POST /v1/audio/transcriptions`, as JSON only.
pub(super) static TRANSCRIPTIONS: Terms = Terms {
    members: &[
        "model",
        "file",
        "language",
        "languages",
        "languages[]",
        "prompt",
        "response_format",
        "temperature",
        "include",
        "include[]",
        "stream",
        "chunking_strategy",
    ],
    look: |member, value| match member {
        "response_format" if value != "json" => Err(not_priced("the response format", text(value))),
        _ => Ok(()),
    },
    ..PLAIN
};

/// `POST /v1/images/generations`.
pub(super) static IMAGES: Terms = Terms {
    members: &[
        "model",
        "prompt",
        "background",
        "moderation",
        "n",
        "output_compression",
        "output_format",
        "partial_images",
        "quality",
        "response_format",
        "size",
        "stream",
        "style",
        "user",
    ],
    ..PLAIN
};

/// `POST /v1/images/edits`.
pub(super) static IMAGE_EDITS: Terms = Terms {
    members: &[
        "model",
        "prompt",
        "image",
        "image[]",
        "mask",
        "background",
        "input_fidelity",
        "n",
        "output_compression",
        "output_format",
        "partial_images",
        "quality",
        "response_format",
        "size",
        "stream",
        "user",
    ],
    ..PLAIN
};

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
