//! The bytes of a value, from front to back.
//!
//! Invariant: reads nothing that is not there.

/// The bytes end too early, or are not what they must be.
pub(super) struct Malformed;

type Read<T> = Result<T, Malformed>;

pub(super) struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes have not been read.
    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(super) fn byte(&mut self) -> Read<u8> {
        let byte = *self.bytes.get(self.at).ok_or(Malformed)?;
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn take(&mut self, len: u64) -> Read<&'a [u8]> {
        let end = usize::try_from(len).ok().and_then(|len| self.at.checked_add(len));
        let taken = end.and_then(|end| self.bytes.get(self.at..end)).ok_or(Malformed)?;
        self.at += taken.len();
        Ok(taken)
    }

    pub(super) fn varint(&mut self) -> Read<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    /// An array's length.
    pub(super) fn length(&mut self) -> Read<u32> {
        u32::try_from(self.varint()?).map_err(|_| Malformed)
    }

    pub(super) fn zigzag(&mut self) -> Read<i32> {
        let raw = self.varint()? as u32;
        Ok((raw >> 1) as i32 ^ -((raw & 1) as i32))
    }

    pub(super) fn double(&mut self) -> Read<f64> {
        let mut raw = [0; 8];
        raw.copy_from_slice(self.take(8)?);
        Ok(f64::from_le_bytes(raw))
    }

    /// The tag that comes next, after padding.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while self.bytes.get(self.at) == Some(&0) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    /// Reads the tag that comes next, after padding and counts.
    pub(super) fn tag(&mut self) -> Read<u8> {
        loop {
            self.peek();
            match self.byte()? {
                // The number of objects before this one, written by old versions to check themselves.
                b'?' => {
                    self.varint()?;
                }
                tag => return Ok(tag),
            }
        }
    }
}
