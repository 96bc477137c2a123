//! What the user said and has: plugins.toml, the tables, and the rows in the order in which they
//! are analysed.

pub mod arrangement;
pub mod config;
pub mod dataset;
pub mod test_rows;
