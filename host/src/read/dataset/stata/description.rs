//! What stands before and behind the rows: variables, their kinds, and the labels of values.
//!
//! From version 117 on every part stands between tags and a map says where it is; before, one
//! follows the other. The fields in them are the same, of other lengths.

use std::collections::BTreeMap;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::super::bytes::{Bytes, name};
use super::super::moments::Moment;
use super::super::value_labels::ValueLabels;

/// What a variable holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Byte,
    Int,
    Long,
    Float,
    Double,
    /// Bytes of a text.
    Text(usize),
    /// A reference to a text of any length.
    LongText,
}

/// One variable.
#[derive(Debug)]
pub(super) struct Described {
    pub name: String,
    pub kind: Kind,
    format: String,
    /// The name of the labels of its values; empty without.
    pub label_set: String,
}

/// Where the parts behind the description begin.
#[derive(Debug)]
pub(super) struct Places {
    pub data: u64,
    pub long_strings: u64,
    pub labels: u64,
}

/// Everything but the rows.
#[derive(Debug)]
pub(super) struct Description {
    pub version: u16,
    pub is_big_endian: bool,
    pub encoding: &'static Encoding,
    pub n_rows: usize,
    pub variables: Vec<Described>,
    /// From version 117 on.
    pub places: Option<Places>,
}

/// Versions with tags.
const TAGGED: u16 = 117;
/// The first words of such a file.
const START: &[u8] = b"<stata_dta><header><release>";
/// The largest value that is none of the missing ones, which may have labels too.
const LARGEST: i32 = 2_147_483_620;

impl Description {
    /// Reads up to the first row. `typed`: the encoding that the user says.
    pub fn read(source: &mut Bytes<'_>, typed: Option<&'static Encoding>) -> Result<Self, String> {
        let (mut description, n_variables) = match source.clone().expect(START) {
            Ok(()) => Self::tagged_header(source)?,
            Err(_) => Self::plain_header(source)?,
        };
        description.encoding = typed.unwrap_or(description.encoding);
        if description.version >= TAGGED {
            description.places = Some(places(source)?);
        }
        description.read_variables(source, n_variables)?;
        if description.version < TAGGED {
            skip_characteristics(source)?;
        }
        match description.row_bytes() {
            0 => Err("it has no variables".to_owned()),
            _ => Ok(description),
        }
    }

    fn of_version(version: u16, is_big_endian: bool, n_rows: u64) -> Result<Self, String> {
        Ok(Self {
            version,
            is_big_endian,
            encoding: if version >= 118 { UTF_8 } else { WINDOWS_1252 },
            n_rows: usize::try_from(n_rows).map_err(|error| error.to_string())?,
            variables: Vec::new(),
            places: None,
        })
    }

    fn tagged_header(source: &mut Bytes<'_>) -> Result<(Self, usize), String> {
        source.expect(START)?;
        let version = source.name(3, UTF_8)?;
        let version = match version.parse() {
            Ok(version @ TAGGED..=119) => version,
            _ => return Err(format!("its version, {version}, is not known")),
        };
        source.expect(b"</release><byteorder>")?;
        let is_big_endian = source.take(3)? == b"MSF";
        source.set_big_endian(is_big_endian);
        source.expect(b"</byteorder><K>")?;
        let n_variables = match version {
            119 => source.u32()? as usize,
            _ => usize::from(source.u16()?),
        };
        source.expect(b"</K><N>")?;
        let n_rows = match version {
            TAGGED => u64::from(source.u32()?),
            _ => source.u64()?,
        };
        source.expect(b"</N><label>")?;
        let length = match version {
            TAGGED => usize::from(source.u8()?),
            _ => usize::from(source.u16()?),
        };
        source.take(length)?;
        source.expect(b"</label><timestamp>")?;
        let length = usize::from(source.u8()?);
        source.take(length)?;
        source.expect(b"</timestamp></header>")?;
        Ok((
            Self::of_version(version, is_big_endian, n_rows)?,
            n_variables,
        ))
    }

    fn plain_header(source: &mut Bytes<'_>) -> Result<(Self, usize), String> {
        let version = match source.u8()? {
            version @ 113..=115 => u16::from(version),
            version @ 102..=112 => {
                return Err(format!("its version, {version}, is of a Stata before 8"));
            }
            _ => return Err("it does not begin as one".to_owned()),
        };
        let is_big_endian = source.u8()? == 1;
        source.set_big_endian(is_big_endian);
        source.take(2)?;
        let n_variables = usize::from(source.u16()?);
        let n_rows = u64::from(source.u32()?);
        source.take(81 + 18)?; // title and time
        Ok((
            Self::of_version(version, is_big_endian, n_rows)?,
            n_variables,
        ))
    }

    fn tag(&self, source: &mut Bytes<'_>, tag: &str) -> Result<(), String> {
        match self.version >= TAGGED {
            true => source.expect(tag.as_bytes()),
            false => Ok(()),
        }
    }

    /// Kinds, names, formats and the names of labels, each a list of all variables.
    fn read_variables(&mut self, source: &mut Bytes<'_>, n: usize) -> Result<(), String> {
        let (of_name, of_sorting, of_format, of_title) = match self.version {
            113 => (33, 2, 12, 81),
            ..118 => (33, 2, 49, 81),
            118 => (129, 2, 57, 321),
            _ => (129, 4, 57, 321),
        };
        self.tag(source, "<variable_types>")?;
        let mut kinds = Vec::new();
        for _ in 0..n {
            kinds.push(self.kind(source)?);
        }
        self.tag(source, "</variable_types><varnames>")?;
        let names = source.entries(n, of_name)?;
        self.tag(source, "</varnames><sortlist>")?;
        source.skip(n + 1, of_sorting)?;
        self.tag(source, "</sortlist><formats>")?;
        let formats = source.entries(n, of_format)?;
        self.tag(source, "</formats><value_label_names>")?;
        let label_sets = source.entries(n, of_name)?;
        self.tag(source, "</value_label_names><variable_labels>")?;
        source.skip(n, of_title)?;
        self.tag(source, "</variable_labels>")?;
        let fields = kinds.into_iter().zip(names).zip(formats).zip(label_sets);
        let described = fields.map(|(((kind, name_of), format), label_set)| Described {
            name: name(name_of, self.encoding),
            kind,
            format: name(format, self.encoding),
            label_set: name(label_set, self.encoding),
        });
        self.variables = described.collect();
        Ok(())
    }

    fn kind(&self, source: &mut Bytes<'_>) -> Result<Kind, String> {
        let code = match self.version >= TAGGED {
            true => source.u16()?,
            // As the later versions number them.
            false => match source.u8()? {
                code @ 251..=255 => 65_530 - (u16::from(code) - 251),
                code => u16::from(code),
            },
        };
        Ok(match code {
            65_526 => Kind::Double,
            65_527 => Kind::Float,
            65_528 => Kind::Long,
            65_529 => Kind::Int,
            65_530 => Kind::Byte,
            32_768 => Kind::LongText,
            width @ 1..=2045 => Kind::Text(usize::from(width)),
            other => return Err(format!("a variable is of the unknown kind {other}")),
        })
    }

    /// Bytes of a row.
    pub fn row_bytes(&self) -> usize {
        let bytes = |variable: &Described| match variable.kind {
            Kind::Byte => 1,
            Kind::Int => 2,
            Kind::Long | Kind::Float => 4,
            Kind::Double | Kind::LongText => 8,
            Kind::Text(width) => width,
        };
        self.variables.iter().map(bytes).sum()
    }

    /// A variable holds texts.
    pub fn has_texts(&self) -> bool {
        let is_text =
            |variable: &Described| matches!(variable.kind, Kind::Text(_) | Kind::LongText);
        self.variables.iter().any(is_text)
    }

    /// The labels of values by the names of their sets.
    pub fn labels(&self, source: &mut Bytes<'_>) -> Result<BTreeMap<String, ValueLabels>, String> {
        let mut sets = BTreeMap::new();
        loop {
            let is_next = match self.version >= TAGGED {
                true => source.clone().expect(b"<lbl>").is_ok(),
                false => source.left() > 0,
            };
            if !is_next {
                return Ok(sets);
            }
            self.tag(source, "<lbl>")?;
            source.count()?; // bytes of the set
            let of_name = if self.version >= 118 { 129 } else { 33 };
            let set = source.name(of_name, self.encoding)?;
            source.take(3)?;
            sets.insert(set, self.label_set(source)?);
            self.tag(source, "</lbl>")?;
        }
    }

    /// Values, and where the label of each begins among all labels.
    fn label_set(&self, source: &mut Bytes<'_>) -> Result<ValueLabels, String> {
        let (n, length) = (source.count()?, source.count()?);
        let starts = source.entries(n, 4)?;
        let values = source.entries(n, 4)?;
        let texts = source.take(length)?;
        let mut labels = ValueLabels::default();
        for (start, value) in starts.zip(values) {
            let (start, value) = (source.whole(start)?, source.whole(value)?);
            let label = usize::try_from(start)
                .ok()
                .and_then(|start| texts.get(start..));
            let label = label.ok_or("a label of values begins behind its end")?;
            if value <= LARGEST {
                labels.label_number(f64::from(value), name(label, self.encoding));
            }
        }
        Ok(labels)
    }
}

/// The map: fourteen places.
fn places(source: &mut Bytes<'_>) -> Result<Places, String> {
    source.expect(b"<map>")?;
    let mut all = [0; 14];
    for place in &mut all {
        *place = source.u64()?;
    }
    source.expect(b"</map>")?;
    Ok(Places {
        data: all[9],
        long_strings: all[10],
        labels: all[11],
    })
}

/// Notes that Stata keeps with a file, up to one of no kind and no length.
fn skip_characteristics(source: &mut Bytes<'_>) -> Result<(), String> {
    loop {
        let (kind, length) = (source.u8()?, source.count()?);
        if (kind, length) == (0, 0) {
            return Ok(());
        }
        source.take(length)?;
    }
}

impl Described {
    /// Numbers that are dates, by the format in which they are shown.
    pub fn moment(&self) -> Option<Moment> {
        let format = self.format.trim_start_matches('%').trim_start_matches('-');
        match self.kind {
            Kind::Text(_) | Kind::LongText => None,
            _ if format.starts_with("td") || format.starts_with('d') => Some(Moment::Date),
            _ if format.to_ascii_lowercase().starts_with("tc") => Some(Moment::DateAndTime),
            _ => None,
        }
    }
}
