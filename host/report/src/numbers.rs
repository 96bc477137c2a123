//! How numbers are written: exactly for machines, shortly for people.
//!
//! Two audiences, two rules. Files that programs read get the shortest decimal that reads back to
//! the same f64. Tables and sentences follow APA: three decimals, no leading zero, a true minus
//! sign. A shortened p must never change sides of the level, and is never 0.

/// The shortest decimal that reads back to the same f64: `0.1`, `-0.25`, `1e-300`.
///
/// Plain digits for magnitudes from 1e-5 to below 1e16, an exponent outside, where plain digits
/// would be hundreds of zeros. `x` must be finite.
pub fn exact(x: f64) -> String {
    let magnitude = x.abs();
    if magnitude == 0.0 || (1e-5..1e16).contains(&magnitude) {
        x.to_string()
    } else {
        format!("{x:e}")
    }
}

/// A score such as r2, for reading: `.312`, `−.045`; from 1 on two decimals, `−12.35`, and from
/// 10,000 on an exponent, `−1.2e6`.
pub fn score(x: f64) -> String {
    let magnitude = x.abs();
    let digits = if magnitude < 0.9995 {
        without_leading_zero(&format!("{magnitude:.3}"))
    } else if magnitude < 1e4 {
        format!("{magnitude:.2}")
    } else {
        format!("{magnitude:.1e}")
    };
    let is_zero = digits.chars().all(|c| matches!(c, '.' | '0'));
    if x < 0.0 && !is_zero {
        format!("−{digits}")
    } else {
        digits
    }
}

/// An interval of scores: `[.210, .414]`.
pub fn interval((low, high): (f64, f64)) -> String {
    format!("[{}, {}]", score(low), score(high))
}

/// A p-value for reading, in (0, 1]: three decimals, more where they are needed to show that it is
/// not 0 or on which side of `level` it lies.
pub fn p_value(p: f64, level: f64) -> String {
    if p >= 0.9995 {
        return if p < 1.0 { "> .999" } else { "1.000" }.to_owned();
    }
    (3..=9)
        .map(|decimals| format!("{p:.decimals$}"))
        .find(|text| shows_truly(text, p, level))
        .map_or_else(|| format!("{p:.1e}"), |text| without_leading_zero(&text))
}

/// Whether rounded digits keep p above 0 and on its side of the level: .0504 must not be read as
/// ".050" where .05 is the level.
fn shows_truly(text: &str, p: f64, level: f64) -> bool {
    let shown: f64 = text.parse().unwrap_or(0.0);
    shown > 0.0 && (shown <= level) == (p <= level)
}

/// A p-value with its floor: `≤ .001` where no permuted score reached the observed one, so that
/// more permutations could only lower it.
pub fn p_with_floor(p: f64, floor: Option<f64>, level: f64) -> String {
    let text = p_value(p, level);
    // The two come from the same division; the slack is for a results.json edited or written by
    // other hands.
    if floor.is_some_and(|floor| p <= floor * (1.0 + 1e-9)) {
        format!("≤ {text}")
    } else {
        text
    }
}

/// A p-value after its sign, for sentences: `= .013`, `≤ .001`, `> .999`.
pub fn p_in_sentence(p: f64, floor: Option<f64>, level: f64) -> String {
    let text = p_with_floor(p, floor, level);
    if text.starts_with(['≤', '>']) {
        text
    } else {
        format!("= {text}")
    }
}

/// A level or probability for reading, with as many digits as it has: `.05`, `.001`.
pub fn level(x: f64) -> String {
    without_leading_zero(&x.to_string())
}

/// A count with thousands separated: `10,062`.
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share far below 1 with two significant digits, as 3.1e-7; 0.
pub fn tiny(share: f64) -> String {
    match share {
        0.0 => "0".to_owned(),
        share => format!("{share:.1e}"),
    }
}

/// A number in the units of the data: four significant digits, no trailing zeros; with an exponent
/// where plain digits would be hundreds of zeros.
pub fn in_units(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    if !(1e-8..1e15).contains(&x.abs()) {
        let sign = if x < 0.0 { "−" } else { "" };
        return format!("{sign}{:.3e}", x.abs());
    }
    let decimals = (3.0 - x.abs().log10().floor()).clamp(0.0, 9.0) as usize;
    let text = format!("{:.decimals$}", x.abs());
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    let sign = if x < 0.0 && text != "0" { "−" } else { "" };
    format!("{sign}{text}")
}

fn without_leading_zero(text: &str) -> String {
    text.strip_prefix('0')
        .filter(|rest| rest.starts_with('.'))
        .unwrap_or(text)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_numbers_read_back_to_the_same_bits() {
        let awkward = [
            0.0,
            -0.0,
            0.1,
            1.0 / 3.0,
            1e-300,
            -1e300,
            5e-324,
            1e-5,
            9.999_999e-6,
            1e16,
            123_456_789.123_456_78,
            f64::MIN_POSITIVE,
            f64::MAX,
        ];
        for x in awkward {
            let text = exact(x);
            assert_eq!(
                text.parse::<f64>().map(f64::to_bits),
                Ok(x.to_bits()),
                "{text}"
            );
            assert!(text.len() < 26, "{text} is longer than 17 digits need");
        }
        assert_eq!(exact(1e-300), "1e-300");
        assert_eq!(exact(12.0), "12");
    }

    #[test]
    fn scores_are_read_in_apa_style() {
        assert_eq!(score(0.3125), ".312"); // ties to even in binary: .3125 is exact
        assert_eq!(score(-0.0454), "−.045");
        assert_eq!(score(-0.0001), ".000"); // "−.000" would suggest a direction that three decimals do not show
        assert_eq!(score(0.9996), "1.00");
        assert_eq!(score(-12.345), "−12.35");
        assert_eq!(score(-1_234_567.0), "−1.2e6");
        assert_eq!(interval((-0.1, 0.25)), "[−.100, .250]");
    }

    #[test]
    fn a_rounded_p_never_changes_sides_of_the_level_and_is_never_zero() {
        assert_eq!(p_value(0.0504, 0.05), ".0504");
        assert_eq!(p_value(0.0496, 0.05), ".050"); // .050 ≤ .05 says the truth
        assert_eq!(p_value(0.05004, 0.05), ".05004");
        assert_eq!(p_value(0.0001, 0.05), ".0001");
        assert_eq!(p_value(0.000_04, 0.05), ".00004");
        assert_eq!(p_value(1e-12, 0.05), "1.0e-12");
        assert_eq!(p_value(1.0, 0.05), "1.000");
        assert_eq!(p_value(0.9999, 0.05), "> .999");
    }

    #[test]
    fn p_at_its_floor_says_so() {
        assert_eq!(p_with_floor(0.001, Some(0.001), 0.05), "≤ .001");
        assert_eq!(p_with_floor(0.002, Some(0.001), 0.05), ".002");
        assert_eq!(p_in_sentence(0.002, Some(0.001), 0.05), "= .002");
        assert_eq!(p_in_sentence(0.001, Some(0.001), 0.05), "≤ .001");
    }

    #[test]
    fn counts_and_units_are_readable() {
        assert_eq!(count(7), "7");
        assert_eq!(count(10_062), "10,062");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(in_units(0.5), "0.5");
        assert_eq!(in_units(-12.3456), "−12.35");
        assert_eq!(in_units(0.000_123_456), "0.0001235");
        assert_eq!(in_units(-1.234_56e-100), "−1.235e-100");
        assert_eq!(in_units(7.0e90), "7.000e90");
        assert_eq!(in_units(123_456.0), "123456");
        assert_eq!(level(0.05), ".05");
    }
}
