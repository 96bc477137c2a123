//! What the tests share: plugins built on purpose, the workspace built once, and a way to say that
//! something is missing.
//!
//! Tests themselves are in the folders beside `src`, one target a topic. What is built here lands
//! in `target/fixtures`, never beside the host.

pub mod fixtures;
pub mod hub;
pub mod kit;
pub mod lasso;
pub mod ridge;
pub mod skip;
pub mod vectors_server;
pub mod workspace;
