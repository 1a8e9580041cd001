//! MP4 and M4A (ISO 14496-12) with AAC or Opus, in one piece or in fragments.
//!
//! Everything outside of the sound itself is looked through for the boxes that tell of packets, wherever they stand: a
//! reader takes some in places where others do not look.

use memchr::memmem::{find, find_iter};

use super::packet::OPUS_LONGEST;
use super::{Nanos, lasting};

/// What stands behind the size of the first box.
pub const MARK: &[u8] = b"ftyp";
/// What AAC has in a packet: the samples of the stream without what is added above it.
const AAC_SAMPLES: Nanos = 1_024;
/// The lowest rate that the head of a packet can name (ADTS), which some readers mind though it has no place here.
const ADTS_RATE_MIN: u32 = 7_350;
/// AAC among the codings of MPEG-4; its plain kind, and those with a band or stereo on top of it.
const AAC: u8 = 0x40;
const LOW_COMPLEXITY: u32 = 2;
const WITH_BAND: u32 = 5;
const WITH_STEREO: u32 = 29;
/// By the code in a description of AAC.
const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
/// A description that is packed, and an index that tells a time of its own.
const REFUSED: [&[u8]; 2] = [b"cmov", b"sidx"];

/// How long such a file lasts at most.
pub fn lasts(file: &[u8]) -> Option<Nanos> {
    let heads = heads(file)?;
    let mut tally = Tally { steps: file.len(), ..Tally::default() };
    for head in heads {
        if REFUSED.iter().any(|name| find(head, name).is_some()) {
            return None;
        }
        for (name, read) in BOXES {
            find_iter(head, name).try_for_each(|at| read(&mut tally, head.get(at + name.len()..)?))?;
        }
    }
    tally.lasts()
}

/// What boxes have that hold no sound.
fn heads(file: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut heads, mut rest) = (Vec::new(), file);
    while !rest.is_empty() {
        let mut fields = Fields(rest);
        let (size, name) = (u64::from(fields.u32()?), fields.take(4)?);
        let length = match size {
            0 => rest.len(),
            1 => usize::try_from(fields.u64()?).ok()?,
            _ => usize::try_from(size).ok()?,
        };
        // No box ends within its own head.
        let (whole, behind) = rest.split_at_checked(length).filter(|_| length >= 8)?;
        if name != b"mdat" {
            heads.push(whole);
        }
        rest = behind;
    }
    Some(heads)
}

/// Reads what stands in a box of that name.
type Reader = fn(&mut Tally, &[u8]) -> Option<()>;

const BOXES: [(&[u8], Reader); 14] = [
    (b"mvhd", |tally, body| tally.movie.clock(body)),
    (b"mdhd", |tally, body| tally.media.clock(body)),
    (b"tkhd", Tally::track),
    (b"elst", Tally::edits),
    (b"mehd", Tally::fragments),
    (b"stsd", Tally::described),
    (b"esds", Tally::aac),
    (b"stsz", Tally::sizes),
    (b"stz2", Tally::sizes),
    (b"stts", Tally::times),
    (b"trex", Tally::track_default),
    (b"tfhd", Tally::fragment_default),
    (b"trun", Tally::run),
    (b"tfdt", Tally::begins),
];

/// What all boxes of a file come to.
#[derive(Default)]
struct Tally {
    movie: Clock,
    media: Clock,
    /// Packets by what tells their sizes, by what tells their times, and those of fragments.
    sized: Nanos,
    timed: Nanos,
    in_runs: Nanos,
    /// Those that are said to last as long as is usual.
    in_runs_untimed: Nanos,
    /// Ticks that packets are said to last.
    ticks: Nanos,
    ticks_of_runs: Nanos,
    /// Of a packet in a fragment that tells none.
    ticks_default: Nanos,
    /// When the last fragment begins.
    begins: Nanos,
    has_aac: bool,
    has_opus: bool,
    /// The fewest samples a second that a description of AAC tells.
    aac_rate: Option<u32>,
    /// How many entries of tables may still be read. Tables within others might be read again and again.
    steps: usize,
}

/// A time in ticks.
#[derive(Default)]
struct Clock {
    /// The fewest of them that make a second.
    ticks: Option<u32>,
    /// The longest that is told.
    says: Nanos,
}

impl Clock {
    fn clock(&mut self, body: &[u8]) -> Option<()> {
        let mut fields = Fields(body);
        let version = fields.u32()? >> 24;
        fields.take(if version == 1 { 16 } else { 8 })?;
        let ticks = fields.u32()?;
        self.ticks = Some(self.ticks.map_or(ticks, |fewest| fewest.min(ticks)));
        let says = fields.duration(version)?;
        self.say(says);
        Some(())
    }

    fn say(&mut self, ticks: Nanos) {
        self.says = self.says.max(ticks);
    }

    /// So many ticks; nothing if it was never told how long one is.
    fn lasting(&self, ticks: Nanos) -> Option<Nanos> {
        lasting(ticks, self.ticks?)
    }
}

impl Tally {
    fn track(&mut self, body: &[u8]) -> Option<()> {
        let mut fields = Fields(body);
        let version = fields.u32()? >> 24;
        fields.take(if version == 1 { 24 } else { 16 })?;
        self.movie.say(fields.duration(version)?);
        Some(())
    }

    fn fragments(&mut self, body: &[u8]) -> Option<()> {
        let mut fields = Fields(body);
        let version = fields.u32()? >> 24;
        self.movie.say(fields.duration(version)?);
        Some(())
    }

    fn edits(&mut self, body: &[u8]) -> Option<()> {
        let mut fields = Fields(body);
        let (version, count) = (fields.u32()? >> 24, fields.u32()?);
        let mut sum = 0;
        for _ in 0..count {
            self.steps = self.steps.checked_sub(1)?;
            sum += fields.duration(version)?;
            fields.take(if version == 1 { 12 } else { 8 })?;
        }
        self.movie.say(sum);
        Some(())
    }

    /// What a track has: one kind of sound.
    fn described(&mut self, body: &[u8]) -> Option<()> {
        let mut fields = Fields(body);
        fields.take(4)?;
        let (count, _, kind) = (fields.u32()?, fields.u32()?, fields.take(4)?);
        match kind {
            b"mp4a" => self.has_aac = true,
            b"Opus" => self.has_opus = true,
            _ => return None,
        }
        (count == 1).then_some(())
    }

    /// Descriptors within each other (ISO 14496-1): of the stream, of its coding, and what its decoder is told.
    fn aac(&mut self, body: &[u8]) -> Option<()> {
        let mut fields = Fields(body);
        fields.take(4)?;
        let mut stream = fields.descriptor(3)?;
        // Nothing stands between its number and what follows.
        let [_, _, flags] = *stream.take(3)?.first_chunk::<3>()?;
        let mut coding = stream.descriptor(4)?;
        let kind = *coding.take(13)?.first()?;
        let rate = aac_rate(coding.descriptor(5)?.0).filter(|_| flags & 0xE0 == 0 && kind == AAC)?;
        self.aac_rate = Some(self.aac_rate.map_or(rate, |slowest| slowest.min(rate)));
        Some(())
    }

    fn sizes(&mut self, body: &[u8]) -> Option<()> {
        let mut fields = Fields(body);
        fields.take(8)?;
        self.sized += Nanos::from(fields.u32()?);
        Some(())
    }

    fn times(&mut self, body: &[u8]) -> Option<()> {
        let mut fields = Fields(body);
        fields.take(4)?;
        let entries = fields.u32()?;
        for _ in 0..entries {
            self.steps = self.steps.checked_sub(1)?;
            let (count, ticks) = (Nanos::from(fields.u32()?), Nanos::from(fields.u32()?));
            // Samples by themselves, which are no packets.
            if entries == 1 && ticks == 1 {
                return None;
            }
            self.timed += count;
            self.ticks += count * ticks;
        }
        Some(())
    }

    fn track_default(&mut self, body: &[u8]) -> Option<()> {
        let mut fields = Fields(body);
        fields.take(12)?;
        self.ticks_default = self.ticks_default.max(fields.u32()?.into());
        Some(())
    }

    fn fragment_default(&mut self, body: &[u8]) -> Option<()> {
        let mut fields = Fields(body);
        let flags = fields.u32()?;
        let before = if flags & 0x1 == 0 { 4 } else { 12 } + if flags & 0x2 == 0 { 0 } else { 4 };
        fields.take(before)?;
        if flags & 0x8 != 0 {
            self.ticks_default = self.ticks_default.max(fields.u32()?.into());
        }
        Some(())
    }

    fn run(&mut self, body: &[u8]) -> Option<()> {
        let mut fields = Fields(body);
        let (flags, count) = (fields.u32()?, fields.u32()?);
        self.in_runs += Nanos::from(count);
        if flags & 0x100 == 0 {
            self.in_runs_untimed += Nanos::from(count);
            return Some(());
        }
        fields.take(if flags & 0x1 == 0 { 0 } else { 4 } + if flags & 0x4 == 0 { 0 } else { 4 })?;
        let others = [0x200, 0x400, 0x800].iter().filter(|flag| flags & **flag != 0).count() * 4;
        for _ in 0..count {
            self.steps = self.steps.checked_sub(1)?;
            self.ticks_of_runs += Nanos::from(fields.u32()?);
            fields.take(others)?;
        }
        Some(())
    }

    fn begins(&mut self, body: &[u8]) -> Option<()> {
        let mut fields = Fields(body);
        let version = fields.u32()? >> 24;
        self.begins = self.begins.max(fields.duration(version)?);
        Some(())
    }

    /// What the packets make, or what is said of them if that is more.
    fn lasts(&self) -> Option<Nanos> {
        let longest = match (self.has_aac, self.aac_rate) {
            (true, Some(rate)) => lasting(AAC_SAMPLES, rate.min(ADTS_RATE_MIN))?,
            (false, None) if self.has_opus => OPUS_LONGEST,
            _ => return None,
        };
        let packets = self.sized.max(self.timed).saturating_add(self.in_runs);
        let in_runs = self.ticks_of_runs.saturating_add(self.in_runs_untimed.saturating_mul(self.ticks_default));
        let ticks = self.ticks.saturating_add(in_runs).saturating_add(self.begins).max(self.media.says);
        let says = self.movie.lasting(self.movie.says)?.max(self.media.lasting(ticks)?);
        Some(packets.saturating_mul(longest).max(says))
    }
}

/// The samples a second of the stream that such a description (ISO 14496-3) tells of, if its packets are of a known length:
/// with or without what makes it richer above.
fn aac_rate(description: &[u8]) -> Option<u32> {
    let mut bits = Bits::of(description);
    let kind = bits.take(5)?;
    let rate = bits.rate()?;
    let base = if kind == WITH_BAND || kind == WITH_STEREO {
        bits.take(4)?;
        bits.rate()?;
        bits.take(5)?
    } else {
        kind
    };
    (base == LOW_COMPLEXITY && rate > 0).then_some(rate)
}

/// The bits of a short text, first things first.
struct Bits {
    all: u128,
    left: u32,
}

impl Bits {
    fn of(bytes: &[u8]) -> Self {
        let bytes = bytes.get(..16).unwrap_or(bytes);
        let all = bytes.iter().fold(0, |sum, byte| sum << 8 | u128::from(*byte));
        Self { all, left: bytes.iter().map(|_| 8).sum() }
    }

    fn take(&mut self, count: u32) -> Option<u32> {
        self.left = self.left.checked_sub(count)?;
        u32::try_from(self.all >> self.left & ((1 << count) - 1)).ok()
    }

    /// A rate by its code, or in full.
    fn rate(&mut self) -> Option<u32> {
        match self.take(4)? {
            15 => self.take(24),
            code => RATES.get(usize::try_from(code).ok()?).copied(),
        }
    }
}

/// What is yet to be read of a box.
struct Fields<'f>(&'f [u8]);

impl<'f> Fields<'f> {
    fn take(&mut self, length: usize) -> Option<&'f [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.first_chunk().copied().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take(8)?.first_chunk().copied().map(u64::from_be_bytes)
    }

    /// As wide as that version of a box has it. All ones tell nothing.
    fn duration(&mut self, version: u32) -> Option<Nanos> {
        Some(match version {
            1 => Some(self.u64()?).filter(|ticks| *ticks != u64::MAX).unwrap_or(0).into(),
            _ => Some(self.u32()?).filter(|ticks| *ticks != u32::MAX).unwrap_or(0).into(),
        })
    }

    /// What a descriptor of that kind has.
    fn descriptor(&mut self, kind: u8) -> Option<Self> {
        let found = *self.take(1)?.first()?;
        let mut length = 0;
        for _ in 0..4 {
            let byte = *self.take(1)?.first()?;
            length = length << 7 | usize::from(byte & 0x7F);
            if byte & 0x80 == 0 {
                break;
            }
        }
        (found == kind).then_some(Self(self.take(length)?))
    }
}
