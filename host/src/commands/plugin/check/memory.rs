//! Checks of whose memory is read and written: inputs and outputs lie against pages that kill, or
//! cannot be written to.

use ocean_loader::{Edge, Guarded, Kind};

use super::encoders::{TEXTS, encode};
use super::regressors::predicts;
use super::result::{Outcome, Verdict, failed};
use super::subject::{Subject, of_plugin, same_bits};

/// How the memory of inputs tells.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Inputs {
    Guarded(Edge),
    ReadOnly,
}

impl Inputs {
    fn place<T: Copy>(self, values: &[T]) -> Result<Guarded<T>, Outcome> {
        match self {
            Inputs::Guarded(edge) => Guarded::of(values, edge),
            Inputs::ReadOnly => Guarded::read_only(values),
        }
        .map_err(no_memory)
    }

    /// Outputs touch the page that inputs touch.
    fn edge(self) -> Edge {
        match self {
            Inputs::Guarded(edge) => edge,
            Inputs::ReadOnly => Edge::Behind,
        }
    }
}

fn no_memory(error: std::io::Error) -> Outcome {
    Outcome::Skipped(format!("no memory: {error}"))
}

pub fn stays_inside_its_buffers(subject: &Subject) -> Verdict {
    works_on(subject, Inputs::Guarded(Edge::Behind))?;
    works_on(subject, Inputs::Guarded(Edge::Before))
}

pub fn reads_its_inputs_only(subject: &Subject) -> Verdict {
    works_on(subject, Inputs::ReadOnly)
}

fn works_on(subject: &Subject, inputs: Inputs) -> Verdict {
    match subject.plugin.descriptor.kind {
        Kind::Regressor => fits_on(subject, inputs),
        Kind::Encoder => encodes_on(subject, inputs),
    }
}

fn fits_on(subject: &Subject, inputs: Inputs) -> Verdict {
    let (x, y) = subject.data("pages", 24, 7);
    let (x_at, y_at) = (inputs.place(x.as_slice())?, inputs.place(&y)?);
    let mut y_hat = Guarded::of(&[f64::NAN; 24], inputs.edge()).map_err(no_memory)?;
    let regressor = subject.regressor()?;
    regressor
        .fit_predict_guarded(&x_at, &y_at, subject.alpha(), &mut y_hat)
        .map_err(of_plugin)?;
    let expected = predicts(&regressor, &x, &y, subject.alpha(), "on the heap")?;
    if !same_bits(&expected, &y_hat.values()) {
        return failed("predictions depend on where the numbers lie");
    }
    if x_at.values() != x.as_slice() || y_at.values() != y {
        return failed("fit or predict changes X or y");
    }
    Ok(Outcome::Success)
}

fn encodes_on(subject: &Subject, inputs: Inputs) -> Verdict {
    let encoder = subject.encoder()?;
    let expected: Vec<f32> = encode(&encoder, &TEXTS)?.concat();
    // Each text on pages of its own: no zero follows it.
    let pages = TEXTS.iter().map(|text| inputs.place(text.as_bytes()));
    let pages = pages.collect::<Result<Vec<_>, _>>()?;
    let room = vec![f32::NAN; expected.len()];
    let mut out = Guarded::of(&room, inputs.edge()).map_err(no_memory)?;
    encoder
        .encode_guarded(&pages, &mut out)
        .map_err(of_plugin)?;
    let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    if bits(&expected) != bits(&out.values()) {
        return failed("vectors depend on where the texts lie");
    }
    let is_changed = |(page, text): (&Guarded<u8>, &&str)| page.values() != text.as_bytes();
    if pages.iter().zip(&TEXTS).any(is_changed) {
        return failed("encode changes a text");
    }
    Ok(Outcome::Success)
}
