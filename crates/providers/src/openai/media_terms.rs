//! What managed calls for sound and images may carry. Only answers that tell what they used can be billed, and those to
//! requests that tell it.

use ownkey_domain::usage::Unit;

use super::managed::{FILE, PLAIN, VOICE};
use crate::managed::{Look, Objection, Terms, Words};

/// How a call for speech says that its answer is to tell what it used.
const AS_EVENTS: &str = "`stream_format: \"sse\"`";

/// `POST /v1/audio/speech`, as events only.
pub(super) static SPEECH: Terms = Terms {
    members: &["model", "input", "instructions", "voice", "response_format", "speed", "stream_format"],
    needs: &[("stream_format", AS_EVENTS)],
    look: &[("voice", &VOICE)],
    tells: &[("stream_format", &Look::Only(&["sse"], || Objection::Untold(AS_EVENTS)))],
    by_unit: &[(Unit::InputCharacter, &SPEECH_BY_CHARACTER)],
    ..PLAIN
};

/// The same of models that are sold by the character, which the request tells.
static SPEECH_BY_CHARACTER: Terms = Terms {
    members: &["model", "input", "voice", "response_format", "speed", "stream_format"],
    needs: &[("input", "`input`")],
    look: &[("voice", &VOICE)],
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
    tells: &[("response_format", &Look::Word(Words { what: "the `response_format`", known: &["json"] }))],
    by_unit: &[(Unit::InputSecond, &TRANSCRIPTIONS_BY_SECOND)],
    ..PLAIN
};

/// The same of models that are sold by the second, which all JSON tells.
static TRANSCRIPTIONS_BY_SECOND: Terms = Terms {
    members: &[
        "model",
        "file",
        "language",
        "prompt",
        "response_format",
        "temperature",
        "timestamp_granularities",
        "timestamp_granularities[]",
        "stream",
    ],
    tells: &[(
        "response_format",
        &Look::Word(Words { what: "the `response_format`", known: &["json", "verbose_json"] }),
    )],
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
    // In JSON they may name files of the account.
    look: &[("image", &Look::Each(&FILE)), ("mask", &FILE)],
    ..PLAIN
};
