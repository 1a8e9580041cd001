//! WAV files of plain samples.

/// Codings of plain samples: integers, floats, and the two of telephones.
const PLAIN: [u16; 4] = [1, 3, 6, 7];
/// The coding stands further behind.
const EXTENSIBLE: u16 = 0xFFFE;

/// The bytes of a second of a WAV file of plain samples. What describes them must stand before them, once.
pub fn bytes_per_second(file: &[u8]) -> Option<u64> {
    let mut chunks = file.strip_prefix(b"RIFF")?.get(4..)?.strip_prefix(b"WAVE")?;
    let mut rate = None;
    loop {
        let (id, rest) = chunks.split_first_chunk::<4>()?;
        if id == b"data" {
            return rate;
        }
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let body = rest.get(..length)?;
        if id == b"fmt " && rate.replace(rate_of(body)?).is_some() {
            return None;
        }
        // A chunk of odd length is filled up.
        chunks = rest.get(length.checked_add(length % 2)?..)?;
    }
}

fn rate_of(format: &[u8]) -> Option<u64> {
    let short = |at: usize| format.get(at..)?.first_chunk().copied().map(u16::from_le_bytes);
    let coding = short(0).and_then(|coding| if coding == EXTENSIBLE { short(24) } else { Some(coding) })?;
    let (channels, bytes, bits) = (short(2)?, short(12)?, short(14)?);
    let samples = u32::from_le_bytes(*format.get(4..)?.first_chunk()?);
    let is_plain = PLAIN.contains(&coding) && bits > 0 && channels.checked_mul(bits.div_ceil(8)) == Some(bytes);
    let rate = u64::from(samples).saturating_mul(u64::from(bytes));
    (is_plain && rate > 0).then_some(rate)
}
