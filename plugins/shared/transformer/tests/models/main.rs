//! The transformer on folders of models, in one binary.
//!
//! [`golden`]: vectors of tiny models against sentence-transformers. [`minilm`]: those of the real
//! all-MiniLM-L6-v2. [`invariance`]: what must change no bit. [`refused`]: folders that are not
//! what they should be. [`common`] is the tiny models and their edits.

#![allow(clippy::unwrap_used, reason = "tests: a panic is the report")]

mod chosen;
mod common;
mod golden;
mod invariance;
mod minilm;
mod refused;
