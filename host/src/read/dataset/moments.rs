//! Dates and times of SPSS and Stata, numbers in their files, as ISO 8601 writes them.

use chrono::DateTime;

/// What a number of seconds is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// `2024-05-01`.
    Date,
    /// `2024-05-01 10:30:00`.
    DateAndTime,
    /// `10:30:00`, or 25 hours: `25:00:00`.
    Duration,
}

impl Moment {
    /// In words. `seconds`: since the beginning of 1970, or the duration; what lies beyond the years
    /// that can be written stays a number.
    pub fn written(self, seconds: f64) -> String {
        let whole = seconds.floor();
        if self == Moment::Duration && seconds.abs() < 1e15 {
            let (sign, whole) = if seconds < 0.0 {
                ("-", (-seconds).floor() as u64)
            } else {
                ("", whole as u64)
            };
            return format!(
                "{sign}{}:{:02}:{:02}",
                whole / 3600,
                whole / 60 % 60,
                whole % 60
            );
        }
        // Whatever is no whole number of seconds, i64 can hold: the cast saturates.
        let moment = DateTime::from_timestamp(whole as i64, 0).map(|moment| moment.naive_utc());
        match (self, moment) {
            (Moment::Date, Some(moment)) => moment.format("%Y-%m-%d").to_string(),
            (Moment::DateAndTime, Some(moment)) => moment.format("%Y-%m-%d %H:%M:%S").to_string(),
            _ => seconds.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_iso_8601_does() {
        for (moment, seconds, written) in [
            (Moment::Date, 0.0, "1970-01-01"),
            (Moment::Date, -86_400.0, "1969-12-31"),
            (Moment::DateAndTime, 951_827_696.5, "2000-02-29 12:34:56"),
            (Moment::Duration, 90_061.0, "25:01:01"),
            (Moment::Duration, -61.0, "-0:01:01"),
            (Moment::Date, 1e300, &1e300.to_string()),
        ] {
            assert_eq!(moment.written(seconds), written);
        }
    }
}
