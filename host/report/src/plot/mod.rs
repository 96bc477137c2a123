//! The pictures: r2 of every cell against chance, side by side and fold by fold, each cell's null,
//! differences, and a closer look at one recipe a target.
//!
//! One visual language: a grey band or bar is what chance does, a filled diamond in colour is
//! significant over the family, a hollow circle is not, a cross is an empty model, a small square a
//! control. Shape carries the meaning, colour only repeats it.

mod axis;
mod calibration;
mod differences;
mod folds;
mod forest;
mod heatmap;
mod length;
mod null;
mod panel;
mod path;
mod power;
mod sign;
mod sites;
mod words;

pub use calibration::calibrations;
pub use differences::differences;
pub use folds::folds;
pub use forest::{forest, narrow_forest};
pub use heatmap::heatmap;
pub use length::lengths;
pub use null::nulls;
pub use path::paths;
pub use power::{PowerCurve, power};
pub use sites::sites;
pub use words::words;

use crate::close_up::CloseUp;
use crate::escape::file_name;
use crate::model::StudyResults;
use crate::svg::Svg;

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

/// Every picture of the report, for `plots/`.
pub fn all(results: &StudyResults) -> Vec<Picture> {
    let mut pictures = vec![forest(results)];
    pictures.extend(heatmap(results));
    pictures.extend(folds(results));
    pictures.extend(differences(results));
    pictures.extend(nulls(results).into_iter().map(|(_, picture)| picture));
    pictures.extend(calibrations(results));
    pictures.extend(paths(results));
    pictures.extend(lengths(results));
    pictures.extend(sites(results));
    pictures.extend(words(results));
    pictures
}

/// A picture of each close-up that has what it takes: drawing, title, description. Their names
/// number the targets: `path-03-openness`.
fn of_close_ups(
    kind: &str,
    results: &StudyResults,
    draw: impl Fn(&CloseUp) -> Option<(Svg, &'static str, String)>,
) -> Vec<Picture> {
    let digits = results.close_ups.len().to_string().len().max(2);
    let numbered = results.close_ups.iter().enumerate();
    numbered
        .filter_map(|(at, close_up)| {
            let (svg, title, description) = draw(close_up)?;
            let target = file_name(&close_up.target);
            let name = format!("{kind}-{:0digits$}-{target}", at + 1);
            let recipe = panel::recipe(&close_up.encoder, &close_up.regressor, results);
            Some(Picture {
                name: name.trim_end_matches('-').to_owned(),
                title: format!("{title}: {}, {recipe}", close_up.target),
                description,
                svg,
            })
        })
        .collect()
}
