//! WebM and Matroska (RFC 8794, RFC 9559) with one track of Opus or Vorbis.
//!
//! Clusters are counted wherever their mark stands: a reader that has lost its way looks for the next one. Descriptions
//! must be there once, for a reader may take any of several.

use memchr::memmem::{find, find_iter, rfind};

use super::Nanos;
use super::packet::{Codec, VORBIS_HEAD};

pub const MARK: &[u8] = b"\x1A\x45\xDF\xA3";
const INFO: &[u8] = b"\x15\x49\xA9\x66";
const TRACKS: &[u8] = b"\x16\x54\xAE\x6B";
const CLUSTER: &[u8] = b"\x1F\x43\xB6\x75";

const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
const DURATION: u32 = 0x4489;
const TRACK_ENTRY: u32 = 0xAE;
const CODEC_ID: u32 = 0x86;
const CODEC_PRIVATE: u32 = 0x63A2;
/// What else may describe a track: nothing that packs its packets again, or stretches its time.
const OF_TRACKS: [u32; 20] = [
    0xD7, 0x73C5, 0x83, 0xB9, 0x88, 0x55AA, 0x9C, 0x536E, 0x22_B59C, 0x22_B59D, 0x25_8688, 0x56AA, 0x56BB, 0xE1,
    0x23_E383, 0x6DE7, 0x6DF8, 0x55EE, VOID, CRC_32,
];
const VOID: u32 = 0xEC;
const CRC_32: u32 = 0xBF;

const TIMESTAMP: u32 = 0xE7;
const SIMPLE_BLOCK: u32 = 0xA3;
const BLOCK_GROUP: u32 = 0xA0;
const BLOCK: u32 = 0xA1;
const BLOCK_DURATION: u32 = 0x9B;
/// What else a cluster may have: its position, the size of the one before, and what tells nothing.
const OF_CLUSTERS: [u32; 4] = [0xA7, 0xAB, VOID, CRC_32];
/// Nanoseconds of a tick, if none are told.
const SCALE_DEFAULT: u64 = 1_000_000;
/// Bits that tell that a block holds several packets.
const LACING: u8 = 0x06;

/// How long such a file lasts at most.
pub fn lasts(file: &[u8]) -> Option<Nanos> {
    let codec = track(only(file, TRACKS)?)?;
    let (scale, duration) = info(only(file, INFO)?)?;
    let mut heard = Heard { codec, scale, packets: 0, end: 0, steps: file.len() };
    for at in find_iter(file, CLUSTER) {
        let (_, elements) = size(file.get(at + CLUSTER.len()..)?)?;
        heard.cluster(elements)?;
    }
    Some(heard.packets.max(heard.end).max(duration))
}

/// What an element is and has. The last one of a file may be cut off.
struct Element<'f> {
    id: u32,
    body: &'f [u8],
}

/// The next element, and what follows it. Its size must be told.
fn element(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let length = usize::try_from(bytes.first()?.leading_zeros()).ok()? + 1;
    let (id, rest) = bytes.split_at_checked(length).filter(|_| length <= 4)?;
    let id = id.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    let (told, rest) = size(rest)?;
    let length = usize::try_from(told?).ok()?;
    let (body, rest) = rest.split_at_checked(length).unwrap_or((rest, &[]));
    Some((Element { id, body }, rest))
}

/// A size, if it is told, and what follows it.
fn size(bytes: &[u8]) -> Option<(Option<u64>, &[u8])> {
    let first = *bytes.first()?;
    let length = usize::try_from(first.leading_zeros()).ok()? + 1;
    let (number, rest) = bytes.split_at_checked(length).filter(|_| length <= 8)?;
    let number = number.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    // The bit that tells the length, and all below it.
    let mark = 1_u64 << (7 * length);
    let value = number & (mark - 1);
    Some(((value != mark - 1).then_some(value), rest))
}

fn number(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// The elements of what describes a stream, none of them broken.
fn elements(mut bytes: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (element, rest) = element(bytes)?;
        found.push(element);
        bytes = rest;
    }
    Some(found)
}

/// What the element of that mark has, if it is there once.
fn only<'f>(file: &'f [u8], mark: &[u8]) -> Option<&'f [u8]> {
    let at = find(file, mark).filter(|at| rfind(file, mark) == Some(*at))?;
    let (told, rest) = size(file.get(at + mark.len()..)?)?;
    rest.get(..usize::try_from(told?).ok()?)
}

/// The codec of the only track.
fn track(tracks: &[u8]) -> Option<Codec> {
    let is_filling = |element: &Element<'_>| matches!(element.id, VOID | CRC_32);
    let tracks: Vec<_> = elements(tracks)?.into_iter().filter(|element| !is_filling(element)).collect();
    let [Element { id: TRACK_ENTRY, body }] = tracks.as_slice() else { return None };
    let (mut codec, mut private) = (None, None);
    for element in elements(body)? {
        let twice = match element.id {
            CODEC_ID => codec.replace(element.body).is_some(),
            CODEC_PRIVATE => private.replace(element.body).is_some(),
            id => !OF_TRACKS.contains(&id),
        };
        if twice {
            return None;
        }
    }
    match codec? {
        b"A_OPUS" => Some(Codec::Opus),
        b"A_VORBIS" => {
            // The first of three packets that stand on end, behind their lengths.
            let private = private?;
            let at = find(private, VORBIS_HEAD).filter(|at| rfind(private, VORBIS_HEAD) == Some(*at))?;
            Codec::vorbis(private.get(at..)?)
        }
        _ => None,
    }
}

/// Nanoseconds of a tick, and how long it says that it lasts.
fn info(info: &[u8]) -> Option<(u64, Nanos)> {
    let (mut scale, mut duration) = (None, None);
    for element in elements(info)? {
        let twice = match element.id {
            TIMESTAMP_SCALE => scale.replace(number(element.body)?).is_some(),
            DURATION => duration.replace(float(element.body)?).is_some(),
            _ => false,
        };
        if twice {
            return None;
        }
    }
    let scale = scale.unwrap_or(SCALE_DEFAULT);
    Some((scale, Nanos::from(duration.unwrap_or(0)).saturating_mul(scale.into())))
}

/// A number with a fraction, rounded up to a whole one.
fn float(bytes: &[u8]) -> Option<u64> {
    let value = match bytes.len() {
        4 => f64::from(f32::from_be_bytes(*bytes.first_chunk()?)),
        8 => f64::from_be_bytes(*bytes.first_chunk()?),
        _ => return None,
    };
    // What has no such number is not written as one.
    format!("{:.0}", value.ceil()).parse().ok()
}

struct Heard {
    codec: Codec,
    scale: u64,
    /// How long all packets last together.
    packets: Nanos,
    /// When the last of them ends.
    end: Nanos,
    /// How many elements may still be read. Those that stand within others might be read again and again.
    steps: usize,
}

impl Heard {
    /// All that may stand in a cluster, up to what may not.
    fn cluster(&mut self, mut bytes: &[u8]) -> Option<()> {
        let mut begins = 0;
        while let Some((element, rest)) = element(bytes) {
            self.steps = self.steps.checked_sub(1)?;
            match element.id {
                TIMESTAMP => begins = number(element.body)?,
                SIMPLE_BLOCK => self.block(begins, element.body, 0),
                BLOCK_GROUP => self.group(begins, element.body)?,
                id if OF_CLUSTERS.contains(&id) => {}
                _ => break,
            }
            bytes = rest;
        }
        Some(())
    }

    fn group(&mut self, begins: u64, mut bytes: &[u8]) -> Option<()> {
        let (mut blocks, mut says) = (Vec::new(), 0);
        while let Some((element, rest)) = element(bytes) {
            self.steps = self.steps.checked_sub(1)?;
            match element.id {
                BLOCK => blocks.push(element.body),
                BLOCK_DURATION => says = says.max(number(element.body)?),
                _ => {}
            }
            bytes = rest;
        }
        blocks.into_iter().for_each(|block| self.block(begins, block, says));
        Some(())
    }

    /// A block: the number of its track, when it is due, how it is laced, and its packets.
    fn block(&mut self, begins: u64, block: &[u8], says: u64) {
        let parts = size(block).and_then(|(_, rest)| rest.split_first_chunk::<3>());
        let (due, lasts) = match parts {
            Some(([high, low, flags], packets)) => {
                let lasts = match packets {
                    [others, ..] if flags & LACING != 0 => {
                        self.codec.longest().saturating_mul(Nanos::from(*others) + 1)
                    }
                    packet => self.codec.lasts(packet),
                };
                (i16::from_be_bytes([*high, *low]), lasts)
            }
            None => (0, self.codec.longest()),
        };
        let ticks = |ticks: u64| Nanos::from(ticks).saturating_mul(self.scale.into());
        let lasts = lasts.max(ticks(says));
        self.packets = self.packets.saturating_add(lasts);
        self.end = self.end.max(ticks(begins.saturating_add_signed(due.into())).saturating_add(lasts));
    }
}
