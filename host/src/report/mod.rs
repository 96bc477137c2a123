//! The report: tables, pictures and sentences, all rendered from [`model::StudyResults`] alone.

pub mod model;
