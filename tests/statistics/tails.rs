//! How often held-out errors show heavy tails: seldom where intervals of r2 hold, nearly always
//! where rare large values decide.

use nalgebra::DMatrix;
use ocean_engine::doctor::tails::{HEAVY, kurtosis};
use ocean_engine::score::HeldOut;
use ocean_engine::seed::Stream;
use ocean_tests::ridge::PluginRidge;

use crate::uniformity::{ALARM, n_data_sets, simulate};
use ocean_host::commands::selfcheck::data::noise;
use ocean_host::commands::selfcheck::judge::Rate;
use ocean_host::commands::selfcheck::study::Study;

/// The doctor speaks of cells from this r2 on.
const LEAST_R2: f64 = 0.1;

/// In how many data sets the doctor would speak: 30 columns, true R² .4, `error` one error of
/// variance 1.
fn spoken_of(name: &str, n_rows: usize, error: fn(&mut Stream) -> f64) -> Rate {
    let found = simulate(name, n_data_sets(200), |stream, index| {
        let x = noise(n_rows, 30, stream);
        // All columns count alike: together 2/3, which is .4 of 2/3 + 1.
        let signal = x.column_sum() * (2.0 / 3.0 / 30.0f64).sqrt();
        let y = DMatrix::from_fn(n_rows, 1, |row, _| signal[row] + error(stream));
        let study = Study::new(x, y, 5, index).unwrap();
        let outcome = study.run(&PluginRidge, 0).unwrap();
        let answer = &outcome.answers[0][0];
        let held_out = HeldOut {
            y: study.y.as_slice(),
            y_hat: &answer.y_hat,
            y_bar: &answer.y_bar,
            fold_of: study.folds.of_row(0),
            is_empty: answer.is_empty,
        };
        outcome.r2(0) >= LEAST_R2 && kurtosis(&held_out).unwrap() > HEAVY
    });
    let rate = Rate::of(&found, |is_heavy| *is_heavy);
    println!(
        "{name}, n = {n_rows}: heavy tails in {:.3} of {} data sets",
        rate.share(),
        rate.n
    );
    rate
}

#[test]
fn errors_have_heavy_tails_in_five_of_a_hundred_sound_data_sets_at_most_and_in_eighty_lognormal() {
    for n_rows in [100, 200] {
        let normal = spoken_of("normal errors", n_rows, Stream::normal);
        assert!(normal.p_of_so_many(0.05) >= ALARM);
    }
    // exp(z) has variance (e − 1)·e.
    let lognormal = |stream: &mut Stream| {
        let e = std::f64::consts::E;
        stream.normal().exp() / ((e - 1.0) * e).sqrt()
    };
    let heavy = spoken_of("lognormal errors", 200, lognormal);
    assert!(heavy.p_of_so_few(0.8) >= ALARM);
}
