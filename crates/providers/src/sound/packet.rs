//! How long a packet of a codec can last, whatever container it is in.

use super::Nanos;

/// An Opus packet lasts no longer than 120 ms, however many frames it has (RFC 6716, section 3.2).
pub const OPUS_LONGEST: Nanos = 120_000_000;
/// A Vorbis stream begins with a packet of this form (Vorbis I, section 4.2).
pub const VORBIS_HEAD: &[u8] = b"\x01vorbis";

/// What is heard of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// Its packets tell for themselves.
    Opus,
    /// All packets are taken for the longest.
    Vorbis {
        /// What a packet makes at most.
        samples: u32,
        /// Samples a second.
        rate: u32,
    },
}

impl Codec {
    /// By the packet that a Vorbis stream begins with.
    pub fn vorbis(head: &[u8]) -> Option<Self> {
        let head = head.strip_prefix(VORBIS_HEAD)?;
        let rate = u32::from_le_bytes(*head.get(5..)?.first_chunk()?);
        // A packet ends half of its own block and half of the one before.
        let exponent = u32::from(head.get(21)? >> 4);
        let samples = 1_u32.checked_shl(exponent)? / 2;
        (rate > 0 && samples > 0).then_some(Self::Vorbis { samples, rate })
    }

    /// How long that packet lasts at most.
    pub fn lasts(self, packet: &[u8]) -> Nanos {
        match (self, packet) {
            (Self::Opus, [toc, ..]) => opus(*toc, packet.get(1).copied()).min(OPUS_LONGEST),
            _ => self.longest(),
        }
    }

    /// How long any packet lasts at most.
    pub fn longest(self) -> Nanos {
        match self {
            Self::Opus => OPUS_LONGEST,
            Self::Vorbis { samples, rate } => super::lasting(Nanos::from(samples), rate).unwrap_or(Nanos::MAX),
        }
    }

    /// Positions a second, where a container counts them.
    pub const fn rate(self) -> u32 {
        match self {
            Self::Opus => 48_000,
            Self::Vorbis { rate, .. } => rate,
        }
    }
}

/// By its first byte, and how many frames the second one counts (RFC 6716, section 3.1).
fn opus(toc: u8, count: Option<u8>) -> Nanos {
    let frame = match (toc >> 3, toc >> 3 & 3) {
        (0..=11, size) => [10_000_000, 20_000_000, 40_000_000, 60_000_000][usize::from(size)],
        (12..=15, size) => [10_000_000, 20_000_000][usize::from(size & 1)],
        (_, size) => [2_500_000, 5_000_000, 10_000_000, 20_000_000][usize::from(size)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        // Without a count the packet is broken; it may still be played as if it were lost.
        _ => count.map_or(64, |count| Nanos::from(count & 0x3F)).max(1),
    };
    frames * frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opus_packet_tells_how_long_it_is() {
        let millis = |packet: &[u8]| Codec::Opus.lasts(packet) / 100_000;
        // One frame of 60 ms (SILK), of 10 ms (hybrid), of 2.5 ms and 20 ms (CELT).
        assert_eq!([&[0x18_u8][..], &[0x60], &[0x80], &[0x98]].map(millis), [600, 100, 25, 200]);
        // Two frames; six as the second byte says; more than there may be; none told.
        assert_eq!([&[0x99_u8][..], &[0x9B, 0xC6], &[0x9B, 0x3F], &[0x9B]].map(millis), [400, 1_200, 1_200, 1_200]);
        assert_eq!(millis(&[]), 1_200, "a packet that is lost");
    }

    #[test]
    fn a_vorbis_packet_is_half_its_largest_block() {
        let mut head = [VORBIS_HEAD, &[0, 0, 0, 0, 1, 0x80, 0xBB, 0, 0], &[0; 12], &[0xB8, 1]].concat();
        assert_eq!(Codec::vorbis(&head), Some(Codec::Vorbis { samples: 1_024, rate: 48_000 }));
        head[12..16].fill(0);
        assert_eq!(Codec::vorbis(&head), None);
        assert_eq!(Codec::vorbis(b"\x01vorbis"), None);
    }
}
