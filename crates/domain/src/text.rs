//! Short texts, made on the stack and written in one go. A receipt has a dozen of them, ids, amounts and times, and each
//! call writes one.

/// A text of at most `N` bytes.
pub(crate) struct Short<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Short<N> {
    /// An empty one.
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    /// The text so far.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }

    /// Appends a text.
    pub(crate) fn push(&mut self, text: &str) {
        self.place(text.len()).copy_from_slice(text.as_bytes());
    }

    /// Appends a number in so many digits or more.
    pub(crate) fn push_number(&mut self, mut number: u64, digits: usize) {
        let needed = number.checked_ilog10().map_or(1, |log| log.saturating_add(1));
        for digit in self.place(digits.max(usize::try_from(needed).unwrap_or_default())).iter_mut().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
        }
    }

    /// Takes off its end what are zeros there.
    pub(crate) fn trim_zeros(&mut self) {
        let zeros = self.bytes[..self.len].iter().rev().take_while(|byte| **byte == b'0').count();
        self.len -= zeros;
    }

    /// Where the next bytes go.
    fn place(&mut self, len: usize) -> &mut [u8] {
        let start = self.len;
        self.len += len;
        &mut self.bytes[start..self.len]
    }
}
