//! The labels that the program gives itself: of the controls that it runs beside a study's
//! encoders.

/// Label of the control made of text length alone.
pub const LENGTH: &str = "length";
/// Label of the control of text-hashed noise.
pub const RANDOM: &str = "random";
/// Label of the control of group-hashed noise.
pub const RANDOM_GROUP: &str = "random_group";
/// Label, and plugin id, of the control of hashed n-grams.
pub const LEXICAL: &str = "lexical";
