//! Which shard a process is: from the command line, or from what the scheduler says to the tasks of
//! an array.

use std::collections::BTreeMap;

use crate::problem::Problem;

/// One of `count` shards; `index` from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    /// From 1 to `count`.
    pub index: u32,
    /// At least 1.
    pub count: u32,
}

impl Shard {
    /// "00003-of-00007", so that names sort as numbers do.
    #[must_use]
    pub fn name(self) -> String {
        format!("{:05}-of-{:05}", self.index, self.count)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// A shard as it is typed: `3/7`, or `3` of as many as were planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    index: u32,
    count: Option<u32>,
}

impl Asked {
    /// Which it is, if `planned` shards were planned.
    ///
    /// # Errors
    /// A [`Problem`] when there are not so many.
    pub fn of(self, planned: u32) -> Result<Shard, Problem> {
        let count = self.count.unwrap_or(planned).max(1);
        if self.index > count {
            let message = format!("there is no shard {} of {count}", self.index);
            return Err(Problem::new("--shard", message));
        }
        Ok(Shard {
            index: self.index,
            count,
        })
    }
}

impl std::str::FromStr for Asked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is not a shard; expected i/n with i from 1 to n, as in 3/7");
        let number = |text: &str| text.parse::<u32>().map_err(|_| wrong());
        let (index, count) = match text.split_once('/') {
            Some((index, count)) => (number(index)?, Some(number(count)?)),
            None => (number(text)?, None),
        };
        if index == 0 || count.is_some_and(|count| index > count) {
            return Err(wrong());
        }
        Ok(Self { index, count })
    }
}

/// The variables in which schedulers say which task of an array this is.
pub const VARIABLES: [&str; 11] = [
    "OCEAN_SHARDS",
    "SLURM_ARRAY_TASK_ID",
    "SLURM_ARRAY_TASK_COUNT",
    "SLURM_ARRAY_TASK_MIN",
    "SLURM_ARRAY_TASK_MAX",
    "SGE_TASK_ID",
    "SGE_TASK_FIRST",
    "SGE_TASK_LAST",
    "SGE_TASK_STEPSIZE",
    "PBS_ARRAY_INDEX",
    "JOB_COMPLETION_INDEX",
];

/// Those of [`VARIABLES`] that this process was given.
#[must_use]
pub fn environment() -> BTreeMap<String, String> {
    let value = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
    VARIABLES.iter().filter_map(|name| value(name)).collect()
}

/// The shard that the scheduler speaks of. `planned`: the plan's number of shards.
///
/// The number of shards is `OCEAN_SHARDS`, else that of an array that begins with 1 and leaves no
/// number out, else the plan's: an array of the few tasks that are computed again does not say of
/// how many they are. If it begins with 1, nobody can tell which of both it is, and it is refused.
///
/// # Errors
/// A [`Problem`] when no scheduler says anything, or what it says makes no sense.
pub fn from_scheduler(
    variables: &BTreeMap<String, String>,
    planned: u32,
) -> Result<Shard, Problem> {
    let number = |name: &str| -> Result<Option<u32>, Problem> {
        // SGE says "undefined" outside an array.
        let text = variables.get(name).filter(|text| *text != "undefined");
        text.map(|text| {
            let problem = || {
                Problem::new(
                    name,
                    format!("`{text}` is not a number of a task of an array"),
                )
            };
            text.trim().parse().map_err(|_| problem())
        })
        .transpose()
    };
    let told = number("OCEAN_SHARDS")?;
    let of_slurm = || -> Result<Option<u32>, Problem> {
        let whole = number("SLURM_ARRAY_TASK_MIN")? == Some(1)
            && number("SLURM_ARRAY_TASK_MAX")? == number("SLURM_ARRAY_TASK_COUNT")?;
        Ok(number("SLURM_ARRAY_TASK_COUNT")?.filter(|_| whole))
    };
    let (name, index, count) = if let Some(index) = number("SLURM_ARRAY_TASK_ID")? {
        ("SLURM_ARRAY_TASK_ID", index, of_slurm()?)
    } else if let Some(index) = number("SGE_TASK_ID")? {
        let whole = number("SGE_TASK_FIRST")? == Some(1) && number("SGE_TASK_STEPSIZE")? == Some(1);
        (
            "SGE_TASK_ID",
            index,
            number("SGE_TASK_LAST")?.filter(|_| whole),
        )
    } else if let Some(index) = number("PBS_ARRAY_INDEX")? {
        ("PBS_ARRAY_INDEX", index, None)
    } else if let Some(index) = number("JOB_COMPLETION_INDEX")? {
        // Kubernetes counts from 0.
        ("JOB_COMPLETION_INDEX", index.saturating_add(1), None)
    } else {
        return Err(Problem::new(
            "--shard",
            "which shard is this? No scheduler says so in SLURM_ARRAY_TASK_ID, SGE_TASK_ID, PBS_ARRAY_INDEX or JOB_COMPLETION_INDEX",
        )
        .with_try("--shard 1/4, with i from 1"));
    };
    if let (None, Some(count)) = (told, count.filter(|count| *count < planned)) {
        let message = format!(
            "this array has the tasks 1 to {count}, and {planned} shards are planned: the first of those, or {count} others?"
        );
        return Err(Problem::new(name, message).with_try(format!(
            "OCEAN_SHARDS={planned} for shards of the plan, OCEAN_SHARDS={count} for others"
        )));
    }
    let count = told.or(count).unwrap_or(planned).max(1);
    if index == 0 || index > count {
        let message = format!("is {index}, and shards are numbered from 1 to {count}");
        return Err(Problem::new(name, message).with_try(
            "an array from 1 to the number of shards; or OCEAN_SHARDS=N, or --shard i/n",
        ));
    }
    Ok(Shard { index, count })
}

/// Numbers as `sbatch --array` takes them: `1-3,7`.
#[must_use]
pub fn as_array(numbers: &[u32]) -> String {
    let mut parts: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => parts.push((number, number)),
        }
    }
    let part = |(first, last): &(u32, u32)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    parts.iter().map(part).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(variables: &[(&str, &str)]) -> Result<Shard, String> {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        from_scheduler(&variables.collect(), 7).map_err(|problem| problem.to_string())
    }

    fn is(index: u32, count: u32) -> Result<Shard, String> {
        Ok(Shard { index, count })
    }

    #[test]
    fn every_scheduler_is_understood() {
        let slurm = |id, count, min, max| {
            shard(&[
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_COUNT", count),
                ("SLURM_ARRAY_TASK_MIN", min),
                ("SLURM_ARRAY_TASK_MAX", max),
            ])
        };
        assert_eq!(slurm("3", "7", "1", "7"), is(3, 7));
        // `--array=3,7`: two tasks, of the plan's seven.
        assert_eq!(slurm("7", "2", "3", "7"), is(7, 7));
        // `--array=1,7`: two tasks, and one of them is number 1.
        assert_eq!(slurm("1", "2", "1", "7"), is(1, 7));
        // More than were planned can only be another cut.
        assert_eq!(slurm("9", "12", "1", "12"), is(9, 12));
        let sge = |first| {
            shard(&[
                ("SGE_TASK_ID", "4"),
                ("SGE_TASK_FIRST", first),
                ("SGE_TASK_LAST", "5"),
                ("SGE_TASK_STEPSIZE", "1"),
            ])
        };
        assert_eq!(sge("4"), is(4, 7));
        assert!(
            sge("1")
                .unwrap_err()
                .contains("the first of those, or 5 others?")
        );
        assert_eq!(shard(&[("PBS_ARRAY_INDEX", "7")]), is(7, 7));
        assert_eq!(shard(&[("JOB_COMPLETION_INDEX", "0")]), is(1, 7));
        assert_eq!(
            shard(&[("JOB_COMPLETION_INDEX", "8"), ("OCEAN_SHARDS", "9")]),
            is(9, 9)
        );
        // A job outside an array, with a scheduler that names its variables all the same.
        assert_eq!(
            shard(&[("SGE_TASK_ID", "undefined"), ("PBS_ARRAY_INDEX", "1")]),
            is(1, 7)
        );
    }

    #[test]
    fn the_first_shards_of_a_plan_are_not_taken_for_all_of_another() {
        // What `status` lists as `--array=1-3 of 7`, or somebody's own cut into three.
        let array = |told: Option<&str>| {
            let mut variables = vec![
                ("SLURM_ARRAY_TASK_ID", "2"),
                ("SLURM_ARRAY_TASK_COUNT", "3"),
                ("SLURM_ARRAY_TASK_MIN", "1"),
                ("SLURM_ARRAY_TASK_MAX", "3"),
            ];
            variables.extend(told.map(|told| ("OCEAN_SHARDS", told)));
            shard(&variables)
        };
        let refused = array(None).unwrap_err();
        assert!(
            refused.contains("OCEAN_SHARDS=7 for shards of the plan"),
            "{refused}"
        );
        assert_eq!(array(Some("7")), is(2, 7));
        assert_eq!(array(Some("3")), is(2, 3));
    }

    #[test]
    fn numbers_that_make_no_sense_are_refused() {
        for (variables, words) in [
            (&[][..], "which shard is this?"),
            (&[("PBS_ARRAY_INDEX", "0")], "is 0, and shards are numbered"),
            (&[("PBS_ARRAY_INDEX", "8")], "is 8, and shards are numbered"),
            (&[("PBS_ARRAY_INDEX", "x")], "`x` is not a number"),
        ] {
            let refused = shard(variables).unwrap_err();
            assert!(refused.contains(words), "{refused}");
        }
        for text in ["", "0", "0/7", "8/7", "a/b", "3/7/9", "-1/2"] {
            assert!(text.parse::<Asked>().is_err(), "{text}");
        }
        let typed = |text: &str| text.parse::<Asked>().unwrap().of(5);
        let number = |shard: Result<Shard, Problem>| shard.map_err(|problem| problem.to_string());
        assert_eq!(number(typed("3/7")), is(3, 7));
        assert_eq!(number(typed("3")), is(3, 5));
        assert!(number(typed("6")).unwrap_err().contains("no shard 6 of 5"));
    }

    #[test]
    fn numbers_are_listed_as_an_array() {
        assert_eq!(as_array(&[1, 2, 3, 5, 7, 8]), "1-3,5,7-8");
        assert_eq!(as_array(&[]), "");
    }
}
