//! Speech, transcriptions and images: their usage objects, each a little different, and their streams.

use ownkey_domain::usage::{Measured, TokenClass, Unit, Usage};
use serde_json::Number;

use super::events::{Events, Kinds};
use super::usage::{counts, served};
use crate::answer::Served;
use crate::json::{Json, Wanted};
use crate::stream::Dialect;

/// What matters of these answers and of the events that end their streams.
pub(super) const WANTED: Wanted = Wanted { within: None, members: &["model", "usage"], kinds_of: &[] };

/// The same of text that was heard, which may say how long the sound was.
pub(super) const HEARD: Wanted = Wanted { within: None, members: &["model", "usage", "duration"], kinds_of: &[] };

/// Speech has some twenty tokens a second, and a character takes half a second at most: figures and what is read slowly,
/// three times as long as other letters do.
const TOKENS_PER_CHARACTER: u64 = 10;
/// Of the silence around it, and of what is very short.
const TOKENS_OF_SILENCE: u64 = 250;

/// How many tokens of sound so many characters are at most. A request can't bound them, and no model does.
pub(super) const fn spoken(characters: u64) -> u64 {
    characters.saturating_mul(TOKENS_PER_CHARACTER).saturating_add(TOKENS_OF_SILENCE)
}

/// How many tokens a picture is at most: the largest in the best quality is 6,240, and each of its previews a hundred.
pub(super) const IMAGE_TOKENS: u64 = 8_192;

/// What speech used: all of its output is sound.
pub(super) fn speech(answer: &Json<'_>) -> Served {
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

/// What a transcription or a translation used, told in tokens or in seconds of sound. Where neither is told, the length
/// of the sound may be, which is what is billed.
pub(super) fn heard(answer: &Json<'_>) -> Served {
    let usage = &answer["usage"];
    if usage["type"] == "duration" {
        return of_seconds(answer, &usage["seconds"], Measured::Measured);
    }
    let tokens = counts(&[
        (TokenClass::Input, &usage["input_tokens"]),
        (TokenClass::AudioInput, &usage["input_token_details"]["audio_tokens"]),
        (TokenClass::Output, &usage["output_tokens"]),
    ]);
    if tokens.is_empty() {
        of_seconds(answer, &answer["duration"], Measured::Estimated)
    } else {
        served(answer, tokens)
    }
}

fn of_seconds(answer: &Json<'_>, seconds: &Json<'_>, measured: Measured) -> Served {
    let Some((seconds, is_whole)) = seconds.as_number().and_then(whole_seconds) else {
        return served(answer, Usage::default());
    };
    let measured = if is_whole { measured } else { Measured::Estimated };
    Served { measured, ..served(answer, Usage::default().with_unit(Unit::InputSecond, seconds)) }
}

/// Seconds are counted in whole ones, begun ones too. Also tells whether none was only begun.
fn whole_seconds(seconds: &Number) -> Option<(u64, bool)> {
    let text = seconds.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let is_whole = fraction.bytes().all(|digit| digit == b'0');
    let whole: u64 = whole.parse().ok().filter(|_| fraction.bytes().all(|digit| digit.is_ascii_digit()))?;
    let seconds = whole.checked_add(u64::from(!is_whole))?;
    (seconds <= SECONDS_MAX).then_some((seconds, is_whole))
}

/// What images used.
pub(super) fn images(answer: &Json<'_>) -> Served {
    let usage = &answer["usage"];
    served(
        answer,
        counts(&[
            (TokenClass::Input, &usage["input_tokens"]),
            (TokenClass::ImageInput, &usage["input_tokens_details"]["image_tokens"]),
            (TokenClass::Output, &usage["output_tokens"]),
            (TokenClass::ImageOutput, &usage["output_tokens_details"]["image_tokens"]),
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
    Box::new(Events::new(Kinds { ends: &["transcript.text.done"], served: heard, ..SPEECH }, 1))
}

/// Reads a stream of images: each ends with an event and a usage of its own.
pub(super) fn image_reader(answers: u32) -> Dialect {
    let ends = &["image_generation.completed", "image_edit.completed"];
    Box::new(Events::new(Kinds { ends, served: images, ..SPEECH }, answers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_is_bounded_by_what_is_said() {
        assert_eq!([spoken(0), spoken(4_096), spoken(u64::MAX)], [250, 41_210, u64::MAX]);
    }
}
