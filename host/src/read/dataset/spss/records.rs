//! The records of a dictionary as they come, and how they fit together.

use std::collections::BTreeMap;

use encoding_rs::Encoding;

use super::super::bytes::{Bytes, name, up_to_zero};
use super::dictionary::{Kind, SLOT, Variable, n_segments, short};
use super::missing_values::MissingValues;

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Records<'a> {
    pub variables: Vec<RawVariable<'a>>,
    pub n_slots: usize,
    labels: Vec<LabelSet<'a>>,
    pub extensions: Extensions<'a>,
}

/// A variable as the first versions of SPSS knew it.
#[derive(Debug)]
pub(super) struct RawVariable<'a> {
    name: &'a [u8],
    /// 0: a number; else bytes.
    width: usize,
    pub slot: usize,
    pub format: u8,
    pub missing: MissingValues,
}

/// Labels, and the slots, from 1, of the variables that have them.
#[derive(Debug)]
struct LabelSet<'a> {
    /// The value as it is stored, the number in it, the label.
    labels: Vec<(&'a [u8], f64, &'a [u8])>,
    slots: Vec<usize>,
}

/// What later versions added.
#[derive(Debug, Default)]
pub(super) struct Extensions<'a> {
    pub encoding: Option<String>,
    pub code_page: Option<i32>,
    pub system_missing: Option<f64>,
    /// Short and long names, `SHORT=Long`, with tabs between.
    long_names: &'a [u8],
    /// Short names and widths of long strings.
    widths: BTreeMap<String, usize>,
    /// How the values of each variable are to be understood.
    measures: Vec<i32>,
    long_labels: Vec<LongLabel<'a>>,
    long_missing: Vec<LongMissing<'a>>,
}

/// A long text's variable, and its values that are called missing.
type LongMissing<'a> = (&'a [u8], Vec<&'a [u8]>);

/// A label of a text that is longer than eight bytes.
#[derive(Debug)]
struct LongLabel<'a> {
    variable: &'a [u8],
    value: &'a [u8],
    label: &'a [u8],
}

impl<'a> Records<'a> {
    /// Reads up to the end of the dictionary.
    pub fn read(source: &mut Bytes<'a>) -> Result<Self, String> {
        let mut records = Records::default();
        loop {
            match source.i32()? {
                2 => records.variable(source)?,
                3 => {
                    let set = label_set(source)?;
                    records.labels.push(set);
                }
                6 => {
                    let n_lines = source.count()?;
                    source.skip(n_lines, 80)?;
                }
                7 => records.extensions.read(source)?,
                999 => {
                    source.i32()?;
                    return Ok(records);
                }
                other => {
                    return Err(format!(
                        "its dictionary has a record of the unknown kind {other}"
                    ));
                }
            }
        }
    }

    fn variable(&mut self, source: &mut Bytes<'a>) -> Result<(), String> {
        let width = source.i32()?;
        let has_label = source.i32()? != 0;
        let n_missing = source.i32()?;
        let format = (source.i32()? >> 16) as u8;
        source.i32()?; // the format of writing
        let name = source.take(8)?;
        if has_label {
            let length = source.count()?;
            source.take(length)?;
            source.take(length.next_multiple_of(4) - length)?;
        }
        let slot = self.n_slots;
        let values = source.entries(n_missing.unsigned_abs() as usize, SLOT)?;
        self.n_slots += 1;
        let Ok(width) = usize::try_from(width) else {
            return Ok(()); // the next eight bytes of the text before
        };
        let missing = match width {
            0 => {
                let mut numbers = Vec::new();
                for value in values {
                    numbers.push(source.number(value)?);
                }
                MissingValues::of_numbers(n_missing < 0, &numbers)
            }
            _ => MissingValues {
                texts: values
                    .map(|value| value.trim_ascii_end().to_vec())
                    .collect(),
                ..MissingValues::default()
            },
        };
        self.variables.push(RawVariable {
            name,
            width,
            slot,
            format,
            missing,
        });
        Ok(())
    }

    /// The variables as the user knows them: long strings in one piece, under long names.
    pub fn user_variables(&self, encoding: &'static Encoding) -> Result<Vec<Variable>, String> {
        let long_names = self.extensions.long_names(encoding);
        let mut variables = Vec::new();
        let mut at = 0;
        while let Some(raw) = self.variables.get(at) {
            let short_name = short(raw.name);
            let long_width = self
                .extensions
                .widths
                .get(&short_name)
                .filter(|_| raw.width > 0);
            let width = long_width.copied().unwrap_or(raw.width);
            let kind = match width {
                0 => Kind::Number,
                width => Kind::Text { width },
            };
            let last = at.saturating_add(n_segments(width) - 1);
            let end = self
                .variables
                .get(last + 1)
                .map_or(self.n_slots, |next| next.slot);
            let n_slots = (end - raw.slot).saturating_mul(SLOT);
            if last >= self.variables.len() || width > n_slots {
                return Err(format!(
                    "the variable {short_name} is longer than its place"
                ));
            }
            let name = match long_names.get(&short_name) {
                Some(long) => long.clone(),
                None => name(raw.name, encoding),
            };
            variables.push(Variable::new(
                raw,
                name,
                kind,
                self.extensions.measure(at, self.variables.len()),
            ));
            at = last + 1;
        }
        Ok(variables)
    }

    /// Gives the variables the labels of their values, and long strings what they call missing.
    pub fn add_labels(&self, variables: &mut [Variable], encoding: &'static Encoding) {
        let at_slot: BTreeMap<usize, usize> = variables
            .iter()
            .enumerate()
            .map(|(at, variable)| (variable.slot, at))
            .collect();
        for set in &self.labels {
            let of = set
                .slots
                .iter()
                .filter_map(|slot| at_slot.get(&slot.checked_sub(1)?));
            for &at in of {
                for (value, number, label) in &set.labels {
                    let label = name(label, encoding);
                    let labels = &mut variables[at].labels;
                    match variables[at].kind {
                        Kind::Number => labels.label_number(*number, label),
                        Kind::Text { .. } => labels.label_text(name(value, encoding), label),
                    }
                }
            }
        }
        let of_long = |variables: &[Variable], field: &[u8]| {
            let wanted = name(field, encoding);
            variables
                .iter()
                .position(|variable| variable.name.eq_ignore_ascii_case(&wanted))
        };
        for long in &self.extensions.long_labels {
            if let Some(at) = of_long(variables, long.variable) {
                let labels = &mut variables[at].labels;
                labels.label_text(name(long.value, encoding), name(long.label, encoding));
            }
        }
        for (field, values) in &self.extensions.long_missing {
            if let Some(at) = of_long(variables, field) {
                let texts = values.iter().map(|value| value.trim_ascii_end().to_vec());
                variables[at].missing.texts.extend(texts);
            }
        }
    }
}

fn label_set<'a>(source: &mut Bytes<'a>) -> Result<LabelSet<'a>, String> {
    let n_labels = source.count()?;
    let mut labels = Vec::new();
    for _ in 0..n_labels {
        let value = source.take(SLOT)?;
        let length = usize::from(source.u8()?);
        let label = source.take(length)?;
        source.take((length + 1).next_multiple_of(8) - length - 1)?;
        labels.push((value, source.number(value)?, label));
    }
    if source.i32()? != 4 {
        return Err("labels of values belong to no variable".to_owned());
    }
    let n_variables = source.count()?;
    let mut slots = Vec::new();
    for _ in 0..n_variables {
        slots.push(source.count()?);
    }
    Ok(LabelSet { labels, slots })
}

impl<'a> Extensions<'a> {
    fn read(&mut self, source: &mut Bytes<'a>) -> Result<(), String> {
        let kind = source.i32()?;
        let (size, n) = (source.count()?, source.count()?);
        let mut content = source.clone();
        let bytes = source.take(size.checked_mul(n).ok_or("a record is too long")?)?;
        match kind {
            3 if n >= 8 => {
                content.take(7 * 4)?;
                self.code_page = Some(content.i32()?);
            }
            4 => self.system_missing = Some(content.f64()?),
            11 => {
                for _ in 0..n {
                    self.measures.push(content.i32()?);
                }
            }
            13 => self.long_names = bytes,
            14 => self.widths = widths(bytes),
            20 => self.encoding = Some(String::from_utf8_lossy(bytes).into_owned()),
            21 => self.long_labels = content.within(bytes.len(), long_labels)?,
            22 => self.long_missing = content.within(bytes.len(), long_missing)?,
            _ => {}
        }
        Ok(())
    }

    fn long_names(&self, encoding: &'static Encoding) -> BTreeMap<String, String> {
        let pairs = self.long_names.split(|byte| *byte == b'\t');
        let pairs = pairs.filter_map(|pair| {
            let middle = memchr::memchr(b'=', pair)?;
            Some((short(&pair[..middle]), name(&pair[middle + 1..], encoding)))
        });
        pairs.collect()
    }

    /// 1 nominal, 2 ordinal, 3 scale: of variable `at` of `n`, segments counted. Two or three numbers
    /// of each are in the file, that one first.
    pub fn measure(&self, at: usize, n: usize) -> Option<i32> {
        let of_each = match self.measures.len() {
            all if all == 3 * n => 3,
            all if all == 2 * n => 2,
            _ => return None,
        };
        self.measures.get(at * of_each).copied()
    }
}

/// `SHORT=300`, each with a zero and a tab behind it.
fn widths(bytes: &[u8]) -> BTreeMap<String, usize> {
    let pairs = bytes.split(|byte| *byte == b'\t');
    let pairs = pairs.filter_map(|pair| {
        let middle = memchr::memchr(b'=', pair)?;
        let width = std::str::from_utf8(up_to_zero(&pair[middle + 1..])).ok()?;
        Some((short(&pair[..middle]), width.trim().parse().ok()?))
    });
    pairs.collect()
}

/// A text and its length before it.
fn counted<'a>(source: &mut Bytes<'a>) -> Result<&'a [u8], String> {
    let length = source.count()?;
    source.take(length)
}

fn long_labels<'a>(source: &mut Bytes<'a>) -> Result<Vec<LongLabel<'a>>, String> {
    let mut all = Vec::new();
    while source.left() > 0 {
        let variable = counted(source)?;
        source.i32()?; // its width
        for _ in 0..source.count()? {
            all.push(LongLabel {
                variable,
                value: counted(source)?,
                label: counted(source)?,
            });
        }
    }
    Ok(all)
}

fn long_missing<'a>(source: &mut Bytes<'a>) -> Result<Vec<LongMissing<'a>>, String> {
    let mut all = Vec::new();
    while source.left() > 0 {
        let variable = counted(source)?;
        let n_values = usize::from(source.u8()?);
        let size = source.count()?;
        all.push((variable, source.entries(n_values, size)?.collect()));
    }
    Ok(all)
}
