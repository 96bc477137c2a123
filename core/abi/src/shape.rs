//! Size and offset of every field, as data: the golden test compares it with a checked-in table, and writes the header's static asserts from it.

/// One field of a struct of the ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldShape {
    /// Its name, the same in C and in Rust.
    pub name: &'static str,
    /// Bytes from the start of the struct.
    pub offset: usize,
    /// Bytes.
    pub size: usize,
}

/// One struct of the ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StructShape {
    /// Its name in the header.
    pub c_name: &'static str,
    /// Bytes, padding included.
    pub size: usize,
    /// Alignment in bytes.
    pub align: usize,
    /// Its fields, in order.
    pub fields: &'static [FieldShape],
}

/// Every struct that crosses the boundary, in the order of the header.
#[must_use]
pub fn all_shapes() -> Vec<StructShape> {
    vec![
        crate::Str::SHAPE,
        crate::Mat::SHAPE,
        crate::MatMut::SHAPE,
        crate::FitInfo::SHAPE,
        crate::TextInfo::SHAPE,
        crate::EncoderShape::SHAPE,
        crate::Call::SHAPE,
        crate::Descriptor::SHAPE,
        crate::Entry::SHAPE,
        crate::RegressorV1::SHAPE,
        crate::LinearV1::SHAPE,
        crate::BatchV1::SHAPE,
        crate::PathV1::SHAPE,
        crate::MomentsV1::SHAPE,
        crate::ErrorsV1::SHAPE,
        crate::StateV1::SHAPE,
        crate::EncoderV1::SHAPE,
        crate::EncoderInfoV1::SHAPE,
    ]
}
