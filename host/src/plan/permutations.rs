//! How many permutations are enough.

/// Fewer permutations judge the largest of many cells coarsely.
pub const FOR_MANY_CELLS: usize = 999;

/// So many permutations do: ten times as many as the level needs at least, 999 where there are many
/// cells.
pub fn permutations(level: f64, n_cells: usize) -> usize {
    let for_level = (1.0 / level * (1.0 - 1e-12)).ceil() as usize * 10 - 1;
    match n_cells {
        0 | 1 => for_level,
        _ => for_level.max(FOR_MANY_CELLS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_times_what_the_level_needs_and_more_for_many_cells() {
        assert_eq!(permutations(0.05, 1), 199);
        assert_eq!(permutations(0.05, 2), FOR_MANY_CELLS);
        assert_eq!(permutations(0.001, 2), 9999);
    }
}
