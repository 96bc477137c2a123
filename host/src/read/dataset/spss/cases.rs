//! The cases: each as many slots of eight bytes as the dictionary has, plain or in byte codes.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::ZlibDecoder;

use super::super::bytes::Bytes;
use super::dictionary::{Compression, Dictionary, SLOT};

/// The slots of one file, case by case.
pub(super) struct Cases<'a> {
    bytes: Cow<'a, [u8]>,
    at: usize,
    /// Codes of slots that have not come yet; none in a plain file.
    codes: Option<[u8; SLOT]>,
    code: usize,
    bias: f64,
    case: Vec<u8>,
    /// Cases that the file says it has.
    expected: Option<usize>,
    n_read: usize,
    is_big_endian: bool,
    system_missing: [u8; SLOT],
}

/// What becomes of one code.
enum Slot {
    Value([u8; SLOT]),
    End,
}

const CUT: &str = "it ends in the middle of a row";

impl<'a> Cases<'a> {
    /// `most`: bytes that the cases may take when they are unpacked.
    pub fn open(
        dictionary: &Dictionary,
        mut source: Bytes<'a>,
        most: usize,
    ) -> Result<Self, String> {
        let bytes = match dictionary.compression {
            Compression::Blocks => inflated(&mut source, most)?.into(),
            Compression::None | Compression::Codes => source.take(source.left())?.into(),
        };
        let is_coded = dictionary.compression != Compression::None;
        Ok(Self {
            bytes,
            at: 0,
            codes: is_coded.then_some([0; SLOT]),
            code: SLOT,
            bias: dictionary.bias,
            case: vec![0; dictionary.n_slots * SLOT],
            expected: dictionary.n_cases,
            n_read: 0,
            is_big_endian: dictionary.is_big_endian,
            system_missing: dictionary.bytes_of(dictionary.system_missing),
        })
    }

    /// The next case; `None` at the end.
    pub fn next(&mut self) -> Result<Option<&[u8]>, String> {
        if self.expected == Some(self.n_read) {
            return Ok(None);
        }
        let mut case = std::mem::take(&mut self.case);
        let mut n_slots = 0;
        for slot in case.chunks_exact_mut(SLOT) {
            match self.slot()? {
                Slot::Value(value) => slot.copy_from_slice(&value),
                Slot::End => break,
            }
            n_slots += 1;
        }
        let is_whole = n_slots * SLOT == case.len();
        self.case = case;
        match (is_whole, n_slots, self.expected) {
            (true, ..) => {
                self.n_read += 1;
                Ok(Some(&self.case))
            }
            (false, 0, None) => Ok(None),
            (false, 0, Some(expected)) => Err(format!(
                "it says that it has {expected} rows and has {}",
                self.n_read
            )),
            _ => Err(CUT.to_owned()),
        }
    }

    fn eight(&mut self) -> Result<Option<[u8; SLOT]>, String> {
        let left = &self.bytes[self.at..];
        match left.first_chunk() {
            Some(eight) => {
                self.at += SLOT;
                Ok(Some(*eight))
            }
            None if left.is_empty() => Ok(None),
            None => Err(CUT.to_owned()),
        }
    }

    fn slot(&mut self) -> Result<Slot, String> {
        let Some(codes) = self.codes else {
            return Ok(self.eight()?.map_or(Slot::End, Slot::Value));
        };
        let mut codes = codes;
        loop {
            if self.code == SLOT {
                let Some(next) = self.eight()? else {
                    return Ok(Slot::End);
                };
                (codes, self.code) = (next, 0);
                self.codes = Some(next);
            }
            let code = codes[self.code];
            self.code += 1;
            return Ok(match code {
                0 => continue,
                252 => {
                    self.code -= 1; // and so is whatever comes behind it
                    Slot::End
                }
                253 => Slot::Value(self.eight()?.ok_or(CUT)?),
                254 => Slot::Value(*b"        "),
                255 => Slot::Value(self.system_missing),
                code => {
                    let number = f64::from(code) - self.bias;
                    Slot::Value(match self.is_big_endian {
                        true => number.to_be_bytes(),
                        false => number.to_le_bytes(),
                    })
                }
            });
        }
    }
}

/// The blocks of a .zsav file, one behind the other. A header says where their list is, which says
/// where they are and how long.
fn inflated(source: &mut Bytes<'_>, most: usize) -> Result<Vec<u8>, String> {
    let (_, trailer) = (source.u64()?, source.u64()?);
    source.u64()?;
    source.seek(trailer)?;
    source.take(20)?; // bias, zero, size of a block
    let n_blocks = source.count()?;
    let mut inflated = Vec::new();
    let mut list = source.clone();
    for _ in 0..n_blocks {
        let (_, at) = (list.u64()?, list.u64()?);
        let (_, packed) = (list.u32()?, list.u32()?);
        source.seek(at)?;
        let block = source.take(packed as usize)?;
        let left = most.saturating_sub(inflated.len()) as u64;
        let unpacked = ZlibDecoder::new(block)
            .take(left.saturating_add(1))
            .read_to_end(&mut inflated);
        unpacked.map_err(|error| format!("a block cannot be unpacked: {error}"))?;
        if inflated.len() > most {
            return Err("it unpacks to more than a file of its size may".to_owned());
        }
    }
    Ok(inflated)
}
