//! The plugin ABI from outside: its layout, its header, and libraries made by other compilers and
//! by careless or hostile authors.
//!
//! Libraries are opened here with libloading and the mirror alone, as any host might; what
//! ocean-host itself makes of them is in `loading`.

#![allow(
    clippy::unwrap_used,
    reason = "a test target: a panic here is the report"
)]

mod c_plugin;
mod conformance;
mod docs;
mod door;
mod edges;
mod examples;
mod faults;
mod golden;
mod header;
mod hostile;
mod kit;
mod loading;
mod matrix;
mod moments;
mod opened;
mod python;
mod rust_plugin;
