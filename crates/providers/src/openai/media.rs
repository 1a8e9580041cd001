//! Speech, transcriptions and images: their usage objects, each a little different, and their streams.

use ownkey_domain::price::Unit;
use ownkey_domain::usage::{Measured, TokenClass};
use serde_json::Value;

use super::events::{Events, Kinds};
use super::usage::{counts, served};
use crate::answer::Served;
use crate::json::Wanted;
use crate::stream::Dialect;

/// What matters of these answers and of the events that end their streams.
pub(super) const WANTED: Wanted = Wanted { within: None, members: &["model", "usage"], kinds_of: &[] };

/// What speech used: all of its output is sound.
pub(super) fn speech(answer: &Value) -> Served {
    let usage = &answer["usage"];
    served(
        answer,
        counts(&[
            (TokenClass::Input, &usage["input_tokens"]),
            (TokenClass::Output, &usage["output_tokens"]),
            (TokenClass::AudioOutput, &usage["output_tokens"]),
        ]),
    )
}

/// Longer than any recording.
const SECONDS_MAX: u64 = 1_000_000;

/// What a transcription used, told in tokens or in seconds of sound.
pub(super) fn transcription(answer: &Value) -> Served {
    let usage = &answer["usage"];
    let tokens = counts(&[
        (TokenClass::Input, &usage["input_tokens"]),
        (TokenClass::AudioInput, &usage["input_token_details"]["audio_tokens"]),
        (TokenClass::Output, &usage["output_tokens"]),
    ]);
    let seconds = usage["seconds"].as_u64().filter(|seconds| usage["type"] == "duration" && *seconds <= SECONDS_MAX);
    match seconds {
        Some(seconds) => {
            let units = Some((Unit::InputSecond, seconds));
            Served { units, measured: Measured::Measured, ..served(answer, tokens) }
        }
        None => served(answer, tokens),
    }
}

/// What images used.
pub(super) fn images(answer: &Value) -> Served {
    let usage = &answer["usage"];
    served(
        answer,
        counts(&[
            (TokenClass::Input, &usage["input_tokens"]),
            (TokenClass::ImageInput, &usage["input_tokens_details"]["image_tokens"]),
            (TokenClass::Output, &usage["output_tokens"]),
        ]),
    )
}

const SPEECH: Kinds = Kinds { begins: &[], ends: &["speech.audio.done"], fails: &[], wanted: WANTED, served: speech };

/// Reads a stream of sound.
pub(super) fn speech_reader(_: u32) -> Dialect {
    Box::new(Events::new(SPEECH, 1))
}

/// Reads a stream of transcribed text.
pub(super) fn transcription_reader(_: u32) -> Dialect {
    Box::new(Events::new(Kinds { ends: &["transcript.text.done"], served: transcription, ..SPEECH }, 1))
}

/// Reads a stream of images: each ends with an event and a usage of its own.
pub(super) fn image_reader(answers: u32) -> Dialect {
    let ends = &["image_generation.completed", "image_edit.completed"];
    Box::new(Events::new(Kinds { ends, served: images, ..SPEECH }, answers))
}
