//! A fitted model as bytes: what it is and which version, sizes, gamma, one number a row, the rows;
//! and a checksum, as bytes may come from anywhere.

use nalgebra::{DMatrix, DVector};
use ocean_plugin::prelude::*;

use crate::{KernelRidge, Model};

const NAME: &[u8] = b"ocean-plugin-kernel-ridge 1\n";

impl SaveRegressor for KernelRidge {
    fn save(&self, model: &Model, _: &Call<'_>) -> Result<Vec<u8>> {
        let mut bytes = NAME.to_vec();
        for size in [model.x.nrows(), model.x.ncols()] {
            bytes.extend((size as u64).to_le_bytes());
        }
        let numbers = [model.gamma].into_iter();
        let numbers = numbers.chain(model.dual_coef.iter().copied());
        let numbers = numbers.chain(model.x.iter().copied());
        bytes.extend(numbers.flat_map(f64::to_le_bytes));
        bytes.extend(checksum(&bytes).to_le_bytes());
        Ok(bytes)
    }

    fn load(&self, bytes: &[u8], _: &Call<'_>) -> Result<Model> {
        parse(bytes).ok_or_else(|| Error::param("these bytes are no model of kernel-ridge 1"))
    }
}

/// `None`: not what `save` wrote. The checksum is looked at first, and nothing is made larger than
/// the bytes.
fn parse(bytes: &[u8]) -> Option<Model> {
    let (content, sum) = bytes.split_last_chunk::<8>()?;
    if checksum(content) != u64::from_le_bytes(*sum) {
        return None;
    }
    let (words, []) = content.strip_prefix(NAME)?.as_chunks::<8>() else {
        return None;
    };
    let (&[n, p, gamma], numbers) = words.split_first_chunk::<3>()?;
    let n = usize::try_from(u64::from_le_bytes(n)).ok()?;
    let p = usize::try_from(u64::from_le_bytes(p)).ok()?;
    if n.checked_mul(p)?.checked_add(n)? != numbers.len() {
        return None;
    }
    let mut numbers = numbers.iter().map(|word| f64::from_le_bytes(*word));
    Some(Model {
        gamma: f64::from_le_bytes(gamma),
        dual_coef: DVector::from_iterator(n, numbers.by_ref().take(n)),
        x: DMatrix::from_iterator(n, p, numbers),
    })
}

/// FNV-1a, 64 bits.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
