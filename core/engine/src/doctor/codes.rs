//! Codes of missing values that passed for numbers: −9, 8 and 9, 98 and 99, −999, 888888.
//!
//! A code is known by two things together: how it is written (nines, equal digits, a negative
//! number where none belongs) and where it stands (beyond a gap that the other values do not have).
//! Either alone blames sound data: a score may be 99, and a skewed one has a lonely maximum. Codes
//! of one column hide each other, so the values beyond the gap are taken together, one end of the
//! column after the other until nothing is left to take.

/// A value, and how often it occurs.
type Counted = (f64, usize);

/// A value that occurs as often as this is repeated: a lonely maximum is not.
const REPEATED: usize = 3;
/// Empty steps of the scale times rows beside them from which on the steps are not empty by chance.
const NOT_BY_CHANCE: f64 = 6.0;
/// So many different values make a negative one among none the odd one out.
const MANY_VALUES: usize = 6;
/// A repeated number that is written like no code has to lie this many ranges away.
const VERY_FAR: f64 = 10.0;
/// Errors of entry that may lie beyond a repeated code.
const MOST_STRAYS: usize = 2;
/// The ends of number types and of common file formats.
const LIMITS: [f64; 7] = [
    32_767.0,
    32_768.0,
    65_535.0,
    2_147_483_647.0,
    2_147_483_648.0,
    4_294_967_295.0,
    9_223_372_036_854_775_807.0,
];

/// Values that look like such codes, and how often each occurs, most frequent first. NaN is
/// ignored.
#[must_use]
pub fn missing_codes(values: &[f64]) -> Vec<(f64, usize)> {
    let mut left = counted(values);
    let mut found = take_all(&mut left);
    if let Some(mut without) = without_strays(&left) {
        let behind = take_all(&mut without);
        found.extend(behind.into_iter().filter(|(_, count)| *count >= REPEATED));
    }
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    found
}

/// The different values in rising order.
fn counted(values: &[f64]) -> Vec<Counted> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let runs = sorted.chunk_by(|a, b| a == b);
    runs.map(|run| (run[0], run.len())).collect()
}

/// Takes the codes out, the upper end first.
fn take_all(left: &mut Vec<Counted>) -> Vec<Counted> {
    let mut found = Vec::new();
    loop {
        if let Some(first) = End::upper(left).first_code() {
            found.extend(left.drain(first..));
            continue;
        }
        let lower = End::lower(left).first_code();
        let Some(first) = lower else { return found };
        found.extend(left.drain(..left.len() - first));
    }
}

/// The values without one or two single ones that lie far from the quartiles and are written like
/// no code; `None` when there are none, or more.
fn without_strays(values: &[Counted]) -> Option<Vec<Counted>> {
    let n: usize = values.iter().map(|(_, count)| count).sum();
    let quantile = |share: f64| {
        let mut before = 0.0;
        let found = values.iter().find(|(_, count)| {
            before += *count as f64;
            before >= share * n as f64
        });
        found.map_or(f64::NAN, |(value, _)| *value)
    };
    let (low, high) = (quantile(0.25), quantile(0.75));
    let fence = 5.0 * (high - low);
    let is_stray = |&&(value, count): &&Counted| {
        count == 1
            && Written::of(value) == Written::Plainly
            && fence > 0.0
            && (value < low - fence || value > high + fence)
    };
    let n_strays = values.iter().filter(is_stray).count();
    let rest = values.iter().filter(|value| !is_stray(value)).copied();
    (1..=MOST_STRAYS)
        .contains(&n_strays)
        .then(|| rest.collect())
}

/// How a number is written, as far as that tells codes from scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// 99, −77, 998, 8888, 99.99, the end of a number type.
    LikeACode,
    /// 66, 77, 96: a code beside others, or when repeated.
    Perhaps,
    /// 7 to 9, −1 to −9: a code beyond the steps of a scale.
    AsADigit,
    /// Anything else.
    Plainly,
}

impl Written {
    fn of(value: f64) -> Self {
        if LIMITS.contains(&value.abs()) {
            return Written::LikeACode;
        }
        let written = value.abs().to_string();
        let digits: Vec<u8> = written.bytes().filter(u8::is_ascii_digit).collect();
        let (is_negative, is_whole) = (value < 0.0, value.fract() == 0.0);
        let is_equal = digits.iter().all(|digit| *digit == digits[0]);
        let (first, last) = (digits[0], digits[digits.len() - 1]);
        match digits.len() {
            _ if !is_whole => match is_equal && first == b'9' && digits.len() > 2 {
                true => Written::LikeACode,
                false => Written::Plainly,
            },
            1 if (is_negative && first > b'0') || first >= b'7' => Written::AsADigit,
            1 => Written::Plainly,
            n if is_equal && (first == b'9' || (first >= b'7' && n > 2)) => Written::LikeACode,
            _ if is_equal && is_negative && first >= b'5' => Written::LikeACode,
            _ if is_equal && first >= b'6' => Written::Perhaps,
            n if digits[..n - 1].iter().all(|digit| *digit == b'9') && last >= b'5' => {
                match last >= b'7' && (n > 2 || is_negative) {
                    true => Written::LikeACode,
                    false => Written::Perhaps,
                }
            }
            _ => Written::Plainly,
        }
    }
}

/// One end of a column, looked at as if it were the upper one.
struct End {
    /// Rising towards the end.
    values: Vec<Counted>,
    /// The end is the lower one: the values are negated.
    is_lower: bool,
}

/// What lies before a gap.
struct Bulk {
    range: f64,
    /// The largest gap between neighbours.
    widest: f64,
    /// All gaps are equal.
    is_even: bool,
    /// Whole numbers.
    is_whole: bool,
    n_distinct: usize,
    /// Rows of the value next to the gap, or of the one before it.
    n_beside: usize,
    has_negative: bool,
}

impl End {
    fn upper(values: &[Counted]) -> Self {
        Self {
            values: values.to_vec(),
            is_lower: false,
        }
    }

    fn lower(values: &[Counted]) -> Self {
        Self {
            values: values.iter().rev().map(|(v, count)| (-v, *count)).collect(),
            is_lower: true,
        }
    }

    fn written(&self, value: f64) -> Written {
        Written::of(if self.is_lower { -value } else { value })
    }

    /// Where the codes at this end begin.
    fn first_code(&self) -> Option<usize> {
        let n = self.values.len();
        let is_code = |value: &Counted| self.written(value.0) != Written::Plainly;
        let run = self.values.iter().rev().take_while(|v| is_code(v)).count();
        (n - run..n)
            .find(|&first| first > 0 && self.are_codes(first))
            .or_else(|| (n > 1 && self.is_far_and_repeated(n - 1)).then(|| n - 1))
    }

    /// The values before `first`, without codes of more than one digit at the other end: they would
    /// hide the gap.
    fn bulk(&self, first: usize) -> Option<Bulk> {
        let hides = |value: &&Counted| {
            let written = self.written(value.0);
            written == Written::LikeACode || written == Written::Perhaps
        };
        let n_hiding = self.values[..first].iter().take_while(hides).count();
        let values = &self.values[n_hiding..first];
        let (low, high) = (values.first()?.0, values.last()?.0);
        let gaps: Vec<f64> = values
            .windows(2)
            .map(|pair| pair[1].0 - pair[0].0)
            .collect();
        let widest = gaps.iter().copied().fold(0.0, f64::max);
        let is_negative = |value: &Counted| match self.is_lower {
            true => value.0 > 0.0,
            false => value.0 < 0.0,
        };
        let beside = values.iter().rev().take(2).map(|(_, count)| *count);
        Some(Bulk {
            range: high - low,
            widest,
            is_even: gaps.iter().all(|gap| *gap == widest),
            is_whole: values.iter().all(|(value, _)| value.fract() == 0.0),
            n_distinct: values.len(),
            n_beside: beside.max().unwrap_or(0),
            has_negative: values.iter().any(is_negative),
        })
    }

    fn are_codes(&self, first: usize) -> bool {
        let Some(bulk) = self.bulk(first).filter(|bulk| bulk.n_distinct > 1) else {
            return false;
        };
        let tail = &self.values[first..];
        let gap = tail[0].0 - self.values[first - 1].0;
        let is_repeated = tail.iter().any(|(_, count)| *count >= REPEATED);
        let is_clear = |value: &Counted| match self.written(value.0) {
            Written::LikeACode => true,
            // No count, rating or time is negative.
            Written::AsADigit => self.is_lower && !bulk.has_negative && value.0 >= 7.0,
            _ => false,
        };
        let are_digits = tail
            .iter()
            .all(|value| self.written(value.0) == Written::AsADigit);
        let n = tail.iter().map(|(_, count)| *count).sum();
        if are_digits && !tail.iter().all(is_clear) {
            return is_repeated && bulk.ends_before(gap, n, self.is_lower, tail.len());
        }
        let is_far = gap > bulk.range && (tail.iter().any(is_clear) || is_repeated);
        is_far || (is_repeated && bulk.has_hole(gap, n))
    }

    /// A whole number of any digits that stands many rows away from an even scale: 100 beside 1 to
    /// 5.
    fn is_far_and_repeated(&self, last: usize) -> bool {
        let (value, count) = self.values[last];
        let gap = value - self.values[last - 1].0;
        let is_odd = |bulk: &Bulk| {
            bulk.is_even && bulk.is_whole && bulk.n_distinct > 2 && gap > VERY_FAR * bulk.range
        };
        count >= REPEATED && value.fract() == 0.0 && self.bulk(last).as_ref().is_some_and(is_odd)
    }
}

impl Bulk {
    /// `n` rows stand behind a gap that is too wide, given the rows beside it, to be empty by
    /// chance.
    fn has_hole(&self, gap: f64, n: usize) -> bool {
        let n_empty = gap / self.widest - 1.0;
        let is_plain = n_empty >= 2.0 || (self.is_even && self.n_distinct > 3);
        let beside = self.n_beside.min(n) as f64;
        self.n_distinct > 2 && n_empty >= 1.0 && is_plain && n_empty * beside >= NOT_BY_CHANCE
    }

    /// `n` rows of `n_codes` single digits stand behind the end of a scale of whole steps, or of
    /// finer values; or are negative where nothing else is.
    fn ends_before(&self, gap: f64, n: usize, is_lower: bool, n_codes: usize) -> bool {
        let has_steps_of_1 = self.is_even && self.widest == 1.0;
        let is_beyond = match self.is_whole {
            true => {
                let is_beyond_two = self.n_distinct == 2 && gap > 4.0 * self.range;
                has_steps_of_1 && (is_beyond_two || self.has_hole(gap, n))
            }
            false => self.has_hole(gap, n) && gap > 2.0 * self.widest,
        };
        let is_odd = is_lower && !self.has_negative && self.n_distinct >= MANY_VALUES;
        let is_enough = match self.is_whole {
            // Beside 0 it may be the tail of the others: that would go on, about as n²/n₀ rows do.
            true => {
                n_codes == 1
                    && (gap > 1.0 || (n * n) as f64 >= NOT_BY_CHANCE * self.n_beside as f64)
            }
            false => true,
        };
        is_beyond || (is_odd && is_enough)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    /// Each value as often as it says.
    fn column(counts: &[(f64, usize)]) -> Vec<f64> {
        let repeated = counts
            .iter()
            .flat_map(|(value, count)| std::iter::repeat_n(*value, *count));
        repeated.collect()
    }

    /// A scale of five steps with some more values.
    fn ratings(more: &[(f64, usize)]) -> Vec<f64> {
        let scale = [(1.0, 37), (2.0, 33), (3.0, 36), (4.0, 38), (5.0, 40)];
        column(&[&scale[..], more].concat())
    }

    #[test]
    fn codes_far_from_the_scale_are_found_and_scores_are_not() {
        let nan = f64::NAN;
        assert_eq!(
            missing_codes(&[1.0, 5.0, -999.0, 3.0, 99.0, -999.0, nan]),
            [(-999.0, 2), (99.0, 1)]
        );
        // A score out of 100 may well be 99, and a weight 88.
        assert_eq!(missing_codes(&[60.0, 99.0, 88.0, 12.0]), []);
        assert_eq!(missing_codes(&[nan]), []);
    }

    #[test]
    fn several_codes_of_one_column_do_not_hide_each_other() {
        for codes in [
            &[(888_888.0, 16)][..],
            &[(97.0, 6), (98.0, 5), (99.0, 4)],
            &[(-9.0, 16)],
            &[(-9.0, 1)],
            &[(9.0, 16)],
            &[(9.0, 6), (8.0, 5)],
            &[(-8.0, 9), (-9.0, 8)],
            &[(-66.0, 5), (-77.0, 4)],
            &[(-1.0, 16)],
            &[(99.0, 1), (9.0, 12)],
            &[(99.0, 9), (-99.0, 8)],
            &[(999.0, 8), (99.0, 7), (-9.0, 6), (9.0, 5), (8.0, 4)],
            &[(66.0, 4), (77.0, 3)],
            &[(99.99, 2)],
            &[(-32_768.0, 2)],
            &[(100.0, 7)],
        ] {
            let mut expected = codes.to_vec();
            expected.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            assert_eq!(missing_codes(&ratings(codes)), expected, "{codes:?}");
        }
        // An error of entry beyond a code hides it no more.
        assert_eq!(
            missing_codes(&ratings(&[(99.0, 6), (5555.5, 1)])),
            [(99.0, 6)]
        );
    }

    #[test]
    fn codes_are_found_on_other_scales() {
        let mut stream = Seed(3).stream("scales", 0);
        let mut of = |draw: &dyn Fn(f64, f64) -> f64, code: f64, count: usize| {
            let mut values: Vec<f64> = (0..150)
                .map(|_| draw(stream.uniform(), stream.normal()))
                .collect();
            values.extend(std::iter::repeat_n(code, count));
            missing_codes(&values)
        };
        let age = |u: f64, _| (18.0 + 52.0 * u).floor();
        let t_score = |_, z: f64| (50.0 + 10.0 * z).round();
        let z_score = |_, z: f64| z;
        let share = |u: f64, _| u;
        let time = |u: f64, _| (300.0 + 500.0 * u).round();
        assert_eq!(of(&age, 999.0, 14), [(999.0, 14)]);
        assert_eq!(of(&age, 99.0, 8), [(99.0, 8)]);
        assert_eq!(of(&t_score, -9.0, 5), [(-9.0, 5)]);
        assert_eq!(of(&z_score, 9.0, 5), [(9.0, 5)]);
        assert_eq!(of(&z_score, -99.0, 1), [(-99.0, 1)]);
        assert_eq!(of(&share, -1.0, 5), [(-1.0, 5)]);
        assert_eq!(of(&time, -1.0, 5), [(-1.0, 5)]);
        assert_eq!(of(&|u, _| (7.0 * u).floor() + 1.0, 9.0, 12), [(9.0, 12)]);
        assert_eq!(of(&|u, _| (11.0 * u).floor(), -1.0, 12), [(-1.0, 12)]);
        assert_eq!(of(&|u, _| f64::from(u < 0.5), 9.0, 5), [(9.0, 5)]);
    }

    /// Columns of 40 to 600 rows, 200 of each kind. One in a hundred may be blamed: a lonely
    /// maximum that happens to be 99.
    #[test]
    fn sound_columns_are_not_blamed() {
        type Draw = fn(f64, f64) -> f64;
        let kinds: [(&str, Draw); 19] = [
            ("z scores", |_, z| z),
            ("z scores of two digits", |_, z| (10.0 * z).round() / 10.0),
            ("whole z scores", |_, z| (1.5 * z).round()),
            ("T scores", |_, z| (50.0 + 10.0 * z).round()),
            ("IQ", |_, z| (100.0 + 15.0 * z).round()),
            ("skewed", |_, z| (1.2 * z).exp()),
            ("skewed, whole", |_, z| (20.0 * z.exp()).round()),
            ("incomes", |_, z| (30.0 * (0.9 * z).exp()).round() * 1000.0),
            ("incomes to the unit", |_, z| (30_000.0 * z.exp()).round()),
            ("counts", |u, _| (-4.0 * u.ln()).floor()),
            ("few counts", |u, _| (-0.7 * u.ln()).floor()),
            ("counts with a long tail", |u, _| u.powf(-0.8).floor()),
            ("five steps", |u, _| (5.0 * u).floor() + 1.0),
            ("nine steps, skewed", |u, _| (9.0 * u * u).floor() + 1.0),
            ("ten steps from 0", |_, z| {
                (5.0 + 2.5 * z).round().clamp(0.0, 10.0)
            }),
            ("percent", |u, _| (101.0 * u).floor()),
            ("ages to 90", |u, _| (18.0 + 73.0 * u).floor()),
            ("ages of students", |u, _| (18.0 - 4.0 * u.ln()).floor()),
            ("improvement", |_, z| (3.0 + 2.0 * z).round()),
        ];
        for (kind, draw) in kinds {
            let mut n_blamed = 0;
            for round in 0..200u64 {
                let mut stream = Seed(round).stream(kind, 0);
                let n = [40, 100, 300, 600][round as usize % 4];
                let values: Vec<f64> = (0..n)
                    .map(|_| draw(stream.uniform().max(1e-12), stream.normal()))
                    .collect();
                n_blamed += usize::from(!missing_codes(&values).is_empty());
            }
            assert!(n_blamed <= 2, "{kind}: {n_blamed} of 200");
        }
    }

    #[test]
    fn sound_scales_of_uneven_steps_are_not_blamed() {
        for scale in [
            &[-1.0, 0.0, 1.0][..],
            &[-2.0, -1.0, 0.0, 1.0, 2.0],
            &[1.0, 3.0, 5.0, 7.0, 9.0],
            &[1.0, 2.0, 4.0, 8.0],
            &[1.0, 2.0, 3.0, 5.0, 8.0],
            &[0.0, 1.0, 4.0, 9.0],
            &[0.0, 2.0, 4.0, 8.0],
            &[0.0, 1.0, 3.0, 9.0],
            &[0.0, 25.0, 50.0, 75.0, 99.0],
            &[1.0, 9.0],
            &[0.0, 99.0],
            &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
        ] {
            let counts: Vec<(f64, usize)> = scale.iter().map(|value| (*value, 20)).collect();
            assert_eq!(missing_codes(&column(&counts)), [], "{scale:?}");
        }
        // One student of 66, one family with nine children, one real 99 out of 100.
        for (scale, lonely) in [(18..31, 66.0), (0..5, 9.0), (40..96, 99.0)] {
            let mut values: Vec<f64> = (0..200)
                .map(|row| f64::from(scale.start + row % (scale.end - scale.start)))
                .collect();
            values.push(lonely);
            assert_eq!(missing_codes(&values), [], "{lonely}");
        }
    }
}
