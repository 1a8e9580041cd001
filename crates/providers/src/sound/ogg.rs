//! Ogg (RFC 3533) with Opus, Vorbis or FLAC.
//!
//! Pages are counted wherever their mark stands, also within others: a reader that has lost its way goes on at any.

use memchr::memmem::find_iter;

use super::packet::{Codec, VORBIS_HEAD};
use super::{Nanos, flac, lasting};

pub const MARK: &[u8] = b"OggS";
/// What a page has before the lengths of its segments.
const HEAD_LEN: usize = 27;
/// What files have is one stream, or a few on end.
const STREAMS_MAX: usize = 64;
const GOES_ON: u8 = 1;
const BEGINS: u8 = 2;
/// The segment that a packet goes on behind.
const FULL: u8 = 255;

#[derive(Clone, Copy)]
enum Heard {
    Packets(Codec),
    /// Whose frames are found as in a file of its own.
    Flac,
}

struct Stream {
    serial: u32,
    heard: Heard,
    lasts: Nanos,
    position: u64,
}

impl Stream {
    fn take(&mut self, page: &Page<'_>) {
        // All ones: no packet ends here.
        if page.position != u64::MAX {
            self.position = self.position.max(page.position);
        }
        let Heard::Packets(codec) = self.heard else { return };
        // What goes on from the page before tells nothing of itself, and may be all that a reader has of it.
        let mut goes_on = page.kind & GOES_ON != 0;
        let (mut rest, mut is_new) = (page.body, true);
        for length in page.segments {
            if is_new {
                let lasts = if goes_on {
                    codec.longest()
                } else {
                    codec.lasts(rest.get(..usize::from(*length)).unwrap_or(rest))
                };
                self.lasts = self.lasts.saturating_add(lasts);
                goes_on = false;
            }
            is_new = *length < FULL;
            rest = rest.get(usize::from(*length)..).unwrap_or_default();
        }
    }

    /// What its packets make, or what it says of itself if that is more.
    fn at_most(&self, flac_rate: Option<u32>) -> Option<Nanos> {
        let rate = match self.heard {
            Heard::Packets(codec) => codec.rate(),
            Heard::Flac => flac_rate?,
        };
        lasting(Nanos::from(self.position), rate).map(|says| says.max(self.lasts))
    }
}

struct Page<'f> {
    kind: u8,
    position: u64,
    serial: u32,
    segments: &'f [u8],
    body: &'f [u8],
}

/// How long such a file lasts at most.
pub fn lasts(file: &[u8]) -> Option<Nanos> {
    let mut streams: Vec<Stream> = Vec::new();
    for at in find_iter(file, MARK) {
        // What has another version no reader takes for a page, and what is cut off has no packet.
        let Some(page) = file.get(at..).and_then(page) else { continue };
        // One serial number may begin anew.
        let begins = page.kind & BEGINS != 0 || !streams.iter().any(|stream| stream.serial == page.serial);
        if begins {
            let heard = heard(page.body).filter(|_| streams.len() < STREAMS_MAX)?;
            streams.push(Stream { serial: page.serial, heard, lasts: 0, position: 0 });
        }
        streams.iter_mut().rfind(|stream| stream.serial == page.serial)?.take(&page);
    }
    let has_flac = streams.iter().any(|stream| matches!(stream.heard, Heard::Flac));
    let flac = if has_flac { Some(flac::read(file)?) } else { None };
    let frames = flac.as_ref().map_or(0, |flac| flac.lasts);
    let rate = flac.map(|flac| flac.rate);
    streams.iter().try_fold(frames, |sum, stream| Some(sum.saturating_add(stream.at_most(rate)?)))
}

fn page(bytes: &[u8]) -> Option<Page<'_>> {
    let head = bytes.get(..HEAD_LEN)?;
    let [version, kind, ..] = *head.get(4..)?.first_chunk::<2>()?;
    let position = u64::from_le_bytes(*head.get(6..)?.first_chunk()?);
    let serial = u32::from_le_bytes(*head.get(14..)?.first_chunk()?);
    let count = usize::from(*head.last()?);
    let (segments, body) = bytes.get(HEAD_LEN..)?.split_at_checked(count)?;
    (version == 0).then_some(Page { kind, position, serial, segments, body })
}

/// What a stream is, by its first packet.
fn heard(packet: &[u8]) -> Option<Heard> {
    if packet.starts_with(b"OpusHead") {
        return Some(Heard::Packets(Codec::Opus));
    }
    if packet.starts_with(VORBIS_HEAD) {
        return Codec::vorbis(packet).map(Heard::Packets);
    }
    packet.starts_with(b"\x7FFLAC").then_some(Heard::Flac)
}
