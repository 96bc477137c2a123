//! The number of an n-gram: the same on every machine and for ever, so it is written out here.

/// Kinds of n-grams, hashed first: the word `the` and the characters `the` are two features.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Words, joined by a blank.
    Words = b'w' as isize,
    /// Characters of one word, with a blank before and after it.
    Characters = b'c' as isize,
}

/// FNV-1a with 64 bits over the kind and the UTF-8 bytes, then the finaliser of splitmix64.
///
/// FNV-1a alone leaves the last byte's influence in the low bits; the finaliser spreads it over all
/// of them. Fowler, Noll & Vo (1991), draft-eastlake-fnv; Steele, Lea & Flood (2014).
pub(crate) fn ngram(kind: Kind, text: &str) -> u64 {
    mixed(fnv1a([kind as u8].into_iter().chain(text.bytes())))
}

pub(crate) fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

pub(crate) fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
