//! A binary file, read from front to back and never past its end: what its lengths say is believed
//! only as far as there are bytes.

use encoding_rs::Encoding;

/// The bytes of a file, and how far they are read.
#[derive(Debug, Clone)]
pub(super) struct Bytes<'a> {
    bytes: &'a [u8],
    at: usize,
    is_big_endian: bool,
}

/// What is said of a file that is shorter than it says.
const CUT: &str = "it ends too early";

impl<'a> Bytes<'a> {
    /// Of little-endian numbers until told otherwise.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            is_big_endian: false,
        }
    }

    /// The order of the bytes of all numbers from here on.
    pub fn set_big_endian(&mut self, is_big_endian: bool) {
        self.is_big_endian = is_big_endian;
    }

    /// Bytes that are left.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Goes to a place in the file.
    pub fn seek(&mut self, at: u64) -> Result<(), String> {
        match usize::try_from(at) {
            Ok(at) if at <= self.bytes.len() => {
                self.at = at;
                Ok(())
            }
            _ => Err(CUT.to_owned()),
        }
    }

    /// The next so many bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], String> {
        let end = self
            .at
            .checked_add(n)
            .filter(|end| *end <= self.bytes.len());
        let Some(end) = end else {
            return Err(CUT.to_owned());
        };
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    /// The next bytes of `n` entries of so many bytes each.
    pub fn entries(
        &mut self,
        n: usize,
        size: usize,
    ) -> Result<std::slice::ChunksExact<'a, u8>, String> {
        let all = n.checked_mul(size).ok_or(CUT)?;
        Ok(self.take(all)?.chunks_exact(size.max(1)))
    }

    /// Leaves `n` entries of so many bytes each out.
    pub fn skip(&mut self, n: usize, size: usize) -> Result<(), String> {
        self.take(n.checked_mul(size).ok_or(CUT)?).map(|_| ())
    }

    /// The next bytes are these.
    pub fn expect(&mut self, expected: &[u8]) -> Result<(), String> {
        match self.take(expected.len())? == expected {
            true => Ok(()),
            false => Err(format!(
                "{} is not where it should be",
                String::from_utf8_lossy(expected)
            )),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        if self.is_big_endian {
            array.reverse();
        }
        Ok(array)
    }

    pub fn u8(&mut self) -> Result<u8, String> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub fn u16(&mut self) -> Result<u16, String> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub fn i32(&mut self) -> Result<i32, String> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    pub fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub fn u64(&mut self) -> Result<u64, String> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub fn f64(&mut self) -> Result<f64, String> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    /// A number of things, which takes four bytes and is not negative.
    pub fn count(&mut self) -> Result<usize, String> {
        usize::try_from(self.i32()?).map_err(|_| "a number of things is negative".to_owned())
    }

    /// Other bytes of this file.
    fn of<'b>(&self, bytes: &'b [u8]) -> Bytes<'b> {
        Bytes {
            bytes,
            at: 0,
            is_big_endian: self.is_big_endian,
        }
    }

    /// The number in eight bytes of this file.
    pub fn number(&self, field: &[u8]) -> Result<f64, String> {
        let mut field = self.of(field);
        field.f64()
    }

    /// The whole number in four bytes of this file.
    pub fn whole(&self, field: &[u8]) -> Result<i32, String> {
        let mut field = self.of(field);
        field.i32()
    }

    /// What `read` makes of the next so many bytes, past which it does not come.
    pub fn within<T>(
        &mut self,
        n: usize,
        read: impl FnOnce(&mut Bytes<'a>) -> Result<T, String>,
    ) -> Result<T, String> {
        let part = self.take(n)?;
        read(&mut self.of(part))
    }

    /// A text of so many bytes, for names and labels: what is not sound in its encoding is shown as
    /// `\u{fffd}`.
    pub fn name(&mut self, n: usize, encoding: &'static Encoding) -> Result<String, String> {
        Ok(name(self.take(n)?, encoding))
    }
}

/// A name or a label in a field: up to its first zero, without blanks at its end.
pub(super) fn name(field: &[u8], encoding: &'static Encoding) -> String {
    let (text, _) = encoding.decode_without_bom_handling(up_to_zero(field));
    text.trim_end().to_owned()
}

/// What stands before the first zero.
pub(super) fn up_to_zero(field: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, field).unwrap_or(field.len());
    &field[..end]
}

/// A text in its encoding; `None` where it is not sound. The last letter may be cut by the width of
/// its field, and is then left out.
pub(super) fn text(field: &[u8], encoding: &'static Encoding) -> Option<String> {
    if encoding == encoding_rs::UTF_8 {
        return match std::str::from_utf8(field) {
            Ok(text) => Some(text.to_owned()),
            Err(error) if error.error_len().is_none() => {
                let sound = &field[..error.valid_up_to()];
                std::str::from_utf8(sound).ok().map(str::to_owned)
            }
            Err(_) => None,
        };
    }
    let text = encoding.decode_without_bom_handling_and_without_replacement(field);
    text.map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_either_order_and_nothing_past_the_end() {
        let content = [1, 0, 0, 2, 0, 9];
        let mut bytes = Bytes::new(&content);
        assert_eq!(bytes.u16(), Ok(1));
        bytes.set_big_endian(true);
        assert_eq!(bytes.u16(), Ok(2));
        assert_eq!(bytes.left(), 2);
        assert!(bytes.u32().is_err() && bytes.entries(usize::MAX, 8).is_err());
        assert!(bytes.seek(7).is_err() && bytes.seek(u64::MAX).is_err());
        assert_eq!(bytes.take(2), Ok(&[0, 9][..]));
    }

    #[test]
    fn a_letter_that_the_width_of_its_field_cuts_is_left_out_and_any_other_fault_is_told() {
        let utf8 = encoding_rs::UTF_8;
        assert_eq!(text(b"caf\xc3", utf8).as_deref(), Some("caf"));
        assert_eq!(text(b"caf\xe9 noir", utf8), None);
        assert_eq!(
            text(b"caf\xe9", encoding_rs::WINDOWS_1252).as_deref(),
            Some("café")
        );
    }
}
