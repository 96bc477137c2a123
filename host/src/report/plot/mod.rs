//! The pictures: r2 of every cell against chance, and each cell's null with the observed r2 in it.
//!
//! One visual language: a grey band or bar is what chance does, a filled diamond in colour is significant over the family, a hollow circle is not,
//! a cross is an empty model, a small square a control. Shape carries the meaning, colour only repeats it.

mod axis;
mod forest;
mod null;
mod sign;

pub use forest::forest;
pub use null::nulls;

use super::svg::Svg;

/// A picture with its name for files, its title and a description for those who cannot see it.
pub struct Picture {
    /// File name without folder and suffix.
    pub name: String,
    /// What it is.
    pub title: String,
    /// What is to be seen.
    pub description: String,
    /// The drawing.
    pub svg: Svg,
}

impl Picture {
    /// For the report's page.
    pub fn inline(&self) -> String {
        self.svg.inline(&self.name, &self.title, &self.description)
    }

    /// For `plots/`.
    pub fn file(&self) -> String {
        self.svg.file(&self.title, &self.description)
    }
}
