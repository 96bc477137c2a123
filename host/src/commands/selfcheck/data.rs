//! Data sets whose truth is known: noise of several kinds, groups, missing values, planted signals.
//!
//! All numbers come from the stream that is handed in, so that a data set is a pure function of its
//! name and number.

use nalgebra::DMatrix;
use ocean_engine::folds::Groups;
use ocean_engine::seed::Stream;

/// Standard normal numbers.
pub fn noise(n_rows: usize, n_columns: usize, stream: &mut Stream) -> DMatrix<f64> {
    DMatrix::from_fn(n_rows, n_columns, |_, _| stream.normal())
}

/// Student's t with 2 degrees of freedom: no variance, so a handful of rows decides every score.
pub fn heavy_tailed(n_rows: usize, n_columns: usize, stream: &mut Stream) -> DMatrix<f64> {
    // z/√(χ²₂/2), and χ²₂/2 is exponential.
    DMatrix::from_fn(n_rows, n_columns, |_, _| {
        stream.normal() / (-stream.uniform().ln()).sqrt()
    })
}

/// Ratings from 1 to 5, most of them 3: ties everywhere.
pub fn ratings(n_rows: usize, n_columns: usize, stream: &mut Stream) -> DMatrix<f64> {
    noise(n_rows, n_columns, stream).map(|value| (3.0 + value).round().clamp(1.0, 5.0))
}

/// `n_rows` rows in groups of `size`; rows of a group stand together.
pub fn groups_of(n_rows: usize, size: usize) -> Groups {
    Groups::from_labels((0..n_rows).map(|row| row / size))
}

/// `each` groups of every one of `sizes`.
pub fn groups_of_sizes(sizes: &[usize], each: usize) -> Groups {
    let all = sizes
        .iter()
        .flat_map(|&size| std::iter::repeat_n(size, each));
    Groups::from_labels(
        all.enumerate()
            .flat_map(|(group, size)| std::iter::repeat_n(group, size)),
    )
}

/// Noise of which all but `own_sd` is shared by the rows of a group: intraclass correlation 1/(1 +
/// own_sd²), variance 1 + own_sd².
pub fn by_group(
    groups: &Groups,
    n_columns: usize,
    own_sd: f64,
    stream: &mut Stream,
) -> DMatrix<f64> {
    let (shared, own) = (
        noise(groups.n_groups(), n_columns, stream),
        noise(groups.n_rows(), n_columns, stream),
    );
    DMatrix::from_fn(groups.n_rows(), n_columns, |row, column| {
        shared[(groups.of_row()[row], column)] + own_sd * own[(row, column)]
    })
}

/// One value a group that grows with the group's size and varies more in larger groups; the same in
/// all rows of a group.
pub fn value_by_size(groups: &Groups, stream: &mut Stream) -> DMatrix<f64> {
    let values: Vec<f64> = groups
        .members()
        .iter()
        .map(|rows| rows.len() as f64 * (0.2 + stream.normal()))
        .collect();
    DMatrix::from_fn(groups.n_rows(), 1, |row, _| values[groups.of_row()[row]])
}

/// `n_groups` groups of 1 to 60 rows, most of them small (lognormal).
pub fn groups_of_skewed_sizes(n_groups: usize, stream: &mut Stream) -> Groups {
    let sizes: Vec<usize> = (0..n_groups)
        .map(|_| (1.2 + 0.9 * stream.normal()).exp().round().clamp(1.0, 60.0) as usize)
        .collect();
    let labels = (0..n_groups).flat_map(|group| std::iter::repeat_n(group, sizes[group]));
    Groups::from_labels(labels)
}

/// One value a group, the mean of as many numbers as it has rows: its variance is 1/size.
pub fn means_by_size(groups: &Groups, stream: &mut Stream) -> DMatrix<f64> {
    let values: Vec<f64> = groups
        .members()
        .iter()
        .map(|rows| stream.normal() / (rows.len() as f64).sqrt())
        .collect();
    DMatrix::from_fn(groups.n_rows(), 1, |row, _| values[groups.of_row()[row]])
}

/// Targets that share half of their variance.
pub fn correlated_targets(n_rows: usize, n_targets: usize, stream: &mut Stream) -> DMatrix<f64> {
    let (shared, own) = (noise(n_rows, 1, stream), noise(n_rows, n_targets, stream));
    DMatrix::from_fn(n_rows, n_targets, |row, target| {
        shared[(row, 0)] + own[(row, target)]
    })
}

/// The same with each value missing with probability `share`.
pub fn with_missing(y: &DMatrix<f64>, share: f64, stream: &mut Stream) -> DMatrix<f64> {
    y.map(|y| {
        if stream.uniform() < share {
            f64::NAN
        } else {
            y
        }
    })
}

/// Two encoders that see the same four traits, each with noise of its own of sd `own`; y follows
/// from two of the traits.
pub fn two_views(
    n_rows: usize,
    own: [f64; 2],
    stream: &mut Stream,
) -> ([DMatrix<f64>; 2], DMatrix<f64>) {
    let traits = noise(n_rows, 4, stream);
    let x = own.map(|sd| &traits + sd * noise(n_rows, 4, stream));
    let y = DMatrix::from_fn(n_rows, 1, |row, _| {
        0.7 * traits[(row, 0)] - 0.5 * traits[(row, 1)] + stream.normal()
    });
    (x, y)
}
