//! Bytes cut into the pieces in which they could come.

/// Cuts into pieces of one, into pieces whose sizes the bytes themselves choose, and in two with nothing between.
pub fn cuts(bytes: &[u8]) -> Vec<Vec<&[u8]>> {
    let ones = bytes.chunks(1).collect();
    let chosen = |salt: usize| {
        let (mut rest, mut pieces) = (bytes, Vec::new());
        while let Some(first) = rest.first() {
            let (piece, after) = rest.split_at(rest.len().min(1 + (usize::from(*first) + salt) % 13));
            pieces.push(piece);
            rest = after;
        }
        pieces
    };
    let at = bytes.iter().fold(bytes.len() / 2, |sum, byte| sum * 31 % 10_007 + usize::from(*byte)) % (bytes.len() + 1);
    vec![ones, chosen(0), chosen(5), vec![&bytes[..at], b"", &bytes[at..]]]
}
