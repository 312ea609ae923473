//! `embag::quant::calibration`: ranges on known distributions, and what is made of weights.

use approx::{abs_diff_eq, assert_abs_diff_eq};
use embag::quant::ActivationRange;
use embag::quant::calibration::{
    Calibration, FollowedBy, Observer, Outliers, column_means, correct_bias, equalize, outlier_channels,
};
use embag::{Context, Matrix, Result};

use crate::random::{generator, normal};

const SEARCHES: [Calibration; 3] = [Calibration::L2, Calibration::L2Approx, Calibration::Kl];

fn normals(count: usize, seed: u64) -> Vec<f32> {
    let mut rng = generator(seed, 0);
    #[expect(clippy::cast_possible_truncation, reason = "values are f32")]
    let values = (0..count).map(|_| normal(&mut rng) as f32).collect();
    values
}

fn range_of(calibration: Calibration, levels: u16, values: &[f32]) -> Result<ActivationRange> {
    let mut observer = Observer::new(calibration)?.levels(levels)?;
    values.chunks(1000).try_for_each(|batch| observer.observe(batch))?;
    observer.range(FollowedBy::Nothing)
}

/// The mean squared error of values rounded to `levels` codes of a range.
fn error(values: &[f32], range: ActivationRange, levels: u16) -> f64 {
    let [min, max] = [range.min, range.max].map(f64::from);
    let step = (max - min) / f64::from(levels - 1);
    let of = |&value: &f32| {
        let value = f64::from(value);
        let code = ((value - min) / step).round().clamp(0.0, f64::from(levels - 1));
        (min + code * step - value).powi(2)
    };
    values.iter().map(of).sum::<f64>() / values.len() as f64
}

#[test]
fn normal_values_get_the_uniform_quantiser_that_is_known_to_be_best() -> Result<()> {
    let values = normals(300_000, 1);
    // the best steps by Max, "Quantizing for minimum distortion" (1960), table II; the last by the same
    // calculation
    for (levels, step) in [(8, 0.5860), (16, 0.3352), (32, 0.1881), (256, 0.03076)] {
        let half = step * f64::from(levels - 1) / 2.0;
        let range = range_of(Calibration::L2, levels, &values)?;
        for end in [f64::from(-range.min), f64::from(range.max)] {
            // the more codes, the flatter the optimum
            let within = if levels == 256 { 0.06 } else { 0.03 };
            assert!(abs_diff_eq!(end / half, 1.0, epsilon = within), "{levels}: {range:?}, {half}");
        }
        let walked = range_of(Calibration::L2Approx, levels, &values)?;
        let share = error(&values, walked, levels) / error(&values, range, levels);
        // of few codes the walk makes less
        assert!(share < if levels == 8 { 1.6 } else { 1.3 }, "{levels}: {walked:?}, {share}");
    }
    Ok(())
}

#[test]
fn no_other_range_has_a_much_smaller_error() -> Result<()> {
    // skewed: squares of normal numbers, and some below 0
    let values: Vec<f32> = normals(50_000, 2).iter().map(|x| x * x - 0.1).collect();
    for levels in [16, 256] {
        let found = error(&values, range_of(Calibration::L2, levels, &values)?, levels);
        let walked = error(&values, range_of(Calibration::L2Approx, levels, &values)?, levels);
        assert!(walked < 1.3 * found, "{walked} {found}");
        for min in [-0.1, -0.08, -0.05, 0.0] {
            for max in 1..80 {
                let other = ActivationRange { min, max: max as f32 / 4.0 };
                assert!(error(&values, other, levels) > 0.97 * found, "{levels}, {other:?}");
            }
        }
    }
    Ok(())
}

#[test]
fn outliers_are_given_up_for_finer_steps() -> Result<()> {
    let mut values = normals(100_000, 3);
    values[777] = 300.0;
    values[778] = -90.0;
    assert_eq!(range_of(Calibration::MinMax, 256, &values)?, ActivationRange { min: -90.0, max: 300.0 });
    // squared, an outlier weighs much: among 100,000 values it is worth 256 codes, but not 16
    for (calibration, levels) in [(Calibration::L2, 16), (Calibration::L2Approx, 16), (Calibration::Kl, 256)]
    {
        let range = range_of(calibration, levels, &values)?;
        assert!(range.max - range.min < 75.0, "{calibration:?}: {range:?}");
        // the error of all that are not outliers
        let whole = ActivationRange { min: -90.0, max: 300.0 };
        let share = error(&values[1000..], range, levels) / error(&values[1000..], whole, levels);
        assert!(share < 0.05, "{calibration:?}: {range:?}, {share}");
    }
    Ok(())
}

#[test]
fn bounds_are_the_extremes_or_follow_them_slowly() -> Result<()> {
    let mut extremes = Observer::new(Calibration::MinMax)?;
    let mut moving = Observer::new(Calibration::MovingAverage { share: 0.25 })?;
    for batch in [&[1.0, 2.0, -1.0][..], &[], &[-5.0, 4.0], &[0.5, 1.0]] {
        extremes.observe(batch)?;
        moving.observe(batch)?;
    }
    assert_eq!(extremes.range(FollowedBy::Nothing)?, ActivationRange { min: -5.0, max: 4.0 });
    // -1, -2, -1.375; 2, 2.5, 2.125
    assert_eq!(moving.range(FollowedBy::Nothing)?, ActivationRange { min: -1.375, max: 2.125 });
    // 0 is always inside
    let mut above = Observer::new(Calibration::MinMax)?;
    above.observe(&[3.0, 4.0])?;
    assert_eq!(above.range(FollowedBy::Nothing)?, ActivationRange { min: 0.0, max: 4.0 });
    Ok(())
}

#[test]
fn what_follows_takes_away_what_does_not_matter() -> Result<()> {
    let ctx = Context::cpu();
    // rows of three values in rows of four
    let matrix = Matrix::padded(&ctx, 100, 3)?;
    let values: Vec<f32> = normals(300, 4).iter().map(|x| 9.0 * x).collect();
    matrix.write(&ctx, &values)?;
    for calibration in
        [&SEARCHES[..], &[Calibration::MinMax, Calibration::MovingAverage { share: 1.0 }]].concat()
    {
        let mut observer = Observer::new(calibration)?;
        observer.observe_matrix(&ctx, &matrix)?;
        let [all, relu, sigmoid, tanh] =
            [FollowedBy::Nothing, FollowedBy::Relu, FollowedBy::Sigmoid, FollowedBy::Tanh]
                .map(|followed_by| observer.range(followed_by));
        let (all, relu, sigmoid, tanh) = (all?, relu?, sigmoid?, tanh?);
        assert!(all.min < -10.0 && all.max > 10.0, "{calibration:?}: {all:?}");
        assert!(relu.min == 0.0 && relu.max > 10.0, "{calibration:?}: {relu:?}");
        let limit = 509f32.ln();
        for (range, limit) in [(sigmoid, limit), (tanh, limit / 2.0)] {
            assert_abs_diff_eq!(range.max, limit, epsilon = 1e-5);
            assert_abs_diff_eq!(range.min, -limit, epsilon = 1e-5);
        }
    }
    Ok(())
}

#[test]
fn bad_input_is_refused_and_counts_for_nothing() -> Result<()> {
    for calibration in [Calibration::MinMax, Calibration::Kl] {
        let mut observer = Observer::new(calibration)?;
        let error = observer.range(FollowedBy::Nothing).expect_err("nothing was seen");
        assert_eq!(error.to_string(), "values: expected at least one seen, got 0");
        let error = observer.observe(&[1.0, f32::NAN]).expect_err("it is no number");
        assert_eq!(error.to_string(), "values: expected finite ones, got NaN at 1");
        assert_eq!(observer, Observer::new(calibration)?);
        // all values alike, even if that is 0
        observer.observe(&[0.0; 3])?;
        assert_eq!(observer.range(FollowedBy::Relu)?, ActivationRange { min: 0.0, max: 0.0 });
        observer.observe(&[f32::MAX, f32::MIN])?;
        assert!(observer.range(FollowedBy::Nothing)?.max.is_finite());
    }
    assert!(Observer::new(Calibration::MovingAverage { share: 0.0 }).is_err());
    assert!(Observer::new(Calibration::L2)?.levels(1).is_err());
    Ok(())
}

const INPUTS: usize = 24;
const HIDDEN: usize = 17;
const OUTPUTS: usize = 5;

/// `x W^T + bias`, each sum in its order.
fn linear(x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let inputs = weight.len() / bias.len();
    let row = |x| {
        let dot =
            move |(w, b): (&[f32], &f32)| w.iter().zip(x).fold(*b, |sum, (w, x): (_, &f32)| sum + w * x);
        weight.chunks(inputs).zip(bias).map(dot)
    };
    x.chunks(inputs).flat_map(row).collect()
}

fn relu(mut x: Vec<f32>) -> Vec<f32> {
    x.iter_mut().for_each(|x| *x = x.max(0.0));
    x
}

/// Weights as 8 signed bits with one scale for all have them.
fn rounded(weight: &[f32], bits: i32) -> Vec<f32> {
    let levels = 2f32.powi(bits - 1) - 1.0;
    let scale = weight.iter().fold(0.0, |most: f32, w| most.max(w.abs())) / levels;
    weight.iter().map(|w| (w / scale).round() * scale).collect()
}

fn relative_error(reference: &[f32], other: &[f32]) -> f64 {
    let squares = |pairs: &dyn Fn(usize) -> f32| -> f64 {
        (0..reference.len()).map(|i| f64::from(pairs(i)).powi(2)).sum()
    };
    (squares(&|i| other[i] - reference[i]) / squares(&|i| reference[i])).sqrt()
}

#[test]
fn equalised_layers_are_the_same_function_and_lose_less() -> Result<()> {
    let x = normals(64 * INPUTS, 10);
    let (mut first, mut bias) = (normals(HIDDEN * INPUTS, 11), normals(HIDDEN, 12));
    let (mut second, last_bias) = (normals(OUTPUTS * HIDDEN, 13), normals(OUTPUTS, 14));
    // channels of very different ranges, and two that are dead on one side
    for channel in 0..HIDDEN {
        let scale = 1.7f32.powi(i32::try_from(channel).unwrap_or(0) - 8);
        first[channel * INPUTS..][..INPUTS].iter_mut().for_each(|w| *w *= scale);
        second.iter_mut().skip(channel).step_by(HIDDEN).for_each(|w| *w /= scale);
    }
    first[8 * INPUTS..][..INPUTS].fill(0.0);
    second.iter_mut().skip(9).step_by(HIDDEN).for_each(|w| *w = 0.0);
    let model = |first: &[f32], bias: &[f32], second: &[f32]| {
        linear(&relu(linear(&x, first, bias)), second, &last_bias)
    };
    let wanted = model(&first, &bias, &second);
    let coarse = relative_error(&wanted, &model(&rounded(&first, 8), &bias, &rounded(&second, 8)));
    let scales = equalize(&mut first, &mut bias, &mut second)?;
    assert_eq!(model(&first, &bias, &second), wanted, "to the bit");
    let fine = relative_error(&wanted, &model(&rounded(&first, 8), &bias, &rounded(&second, 8)));
    assert!(fine < 0.1 * coarse, "{fine} of {coarse}");
    assert_eq!(scales[8..10], [1.0, 1.0]);
    for channel in (0..8).chain(10..HIDDEN) {
        let most =
            |weights: &mut dyn Iterator<Item = &f32>| weights.fold(0.0, |most: f32, w| most.max(w.abs()));
        let r1 = most(&mut first[channel * INPUTS..][..INPUTS].iter());
        let r2 = most(&mut second.iter().skip(channel).step_by(HIDDEN));
        assert!((0.49..2.05).contains(&(r1 / r2)), "{channel}: {r1}, {r2}");
    }
    // what is done is done
    assert_eq!(equalize(&mut first, &mut bias, &mut second)?, vec![1.0; HIDDEN]);
    Ok(())
}

#[test]
fn what_would_not_be_finite_is_refused_and_changes_nothing() {
    let message = |error: embag::Error| error.to_string();
    let (mut first, mut bias, mut second) = ([1e-30f32, 1.0], [1e20f32, 1.0], [1e30f32, 1.0]);
    let error = equalize(&mut first, &mut bias, &mut second).unwrap_err();
    let expected = "bias: expected one that is finite when channel 0 is divided by 7.888609e-31, got 1e20";
    assert_eq!(message(error), expected.replace("1e20", "100000000000000000000"));
    assert_eq!((first, bias, second), ([1e-30, 1.0], [1e20, 1.0], [1e30, 1.0]));
    let mut bias = [1.0, 3e38];
    let error = correct_bias(&[1.0, 3e38], &[0.0, 0.0], &[1.0], &mut bias).unwrap_err();
    assert_eq!(message(error), "corrected bias: expected finite ones, got inf at 1");
    assert_eq!(bias, [1.0, 3e38]);
    let error = Outliers::split_weights(&mut [1.0], 1, f32::NAN).unwrap_err();
    assert_eq!(message(error), "threshold: expected a number, got NaN");
    let error = outlier_channels(&[1.0], f32::NAN).unwrap_err();
    assert_eq!(message(error), "factor: expected a number, got NaN");
}

#[test]
fn a_corrected_bias_takes_the_mean_error_away() -> Result<()> {
    // the means are far from 0
    let x: Vec<f32> = normals(2000 * INPUTS, 20).iter().map(|x| 1.0 + 0.3 * x).collect();
    let (weight, bias) = (normals(OUTPUTS * INPUTS, 21), normals(OUTPUTS, 22));
    let quantized = rounded(&weight, 3);
    let mut corrected = bias.clone();
    correct_bias(&weight, &quantized, &column_means(&x, INPUTS)?, &mut corrected)?;
    let wanted = linear(&x, &weight, &bias);
    let mean_error = |bias: &[f32]| {
        let means = |y: &[f32]| column_means(y, OUTPUTS);
        let (found, wanted) = (means(&linear(&x, &quantized, bias))?, means(&wanted)?);
        Ok::<_, embag::Error>(found.iter().zip(wanted).fold(0.0, |most: f32, (a, b)| most.max((a - b).abs())))
    };
    let (before, after) = (mean_error(&bias)?, mean_error(&corrected)?);
    assert!(before > 0.1 && after < 1e-4, "{before}, {after}");
    let [before, after] =
        [&bias, &corrected].map(|bias| relative_error(&wanted, &linear(&x, &quantized, bias)));
    assert!(after < 0.5 * before, "{after} of {before}");
    Ok(())
}

#[test]
fn outliers_are_split_off_and_their_part_is_added_again() -> Result<()> {
    let (x, weight, bias) = (normals(50 * INPUTS, 30), normals(OUTPUTS * INPUTS, 31), vec![0.0; OUTPUTS]);
    let mut large = weight.clone();
    // one channel and one weight a hundred times as large
    large.iter_mut().skip(3).step_by(INPUTS).for_each(|w| *w *= 100.0);
    large[INPUTS + 7] = 250.0;
    let wanted = linear(&x, &large, &bias);
    let coarse = relative_error(&wanted, &linear(&x, &rounded(&large, 8), &bias));
    let mut columns = vec![0.0f32; INPUTS];
    for row in large.chunks(INPUTS) {
        columns.iter_mut().zip(row).for_each(|(most, w)| *most = most.max(w.abs()));
    }
    assert_eq!(outlier_channels(&columns, 20.0)?, [3, 7]);
    for (by_channel, counts) in [(true, 2 * OUTPUTS..=2 * OUTPUTS), (false, 2..=OUTPUTS + 1)] {
        let mut main = large.clone();
        let outliers = match by_channel {
            true => Outliers::split_channels(&mut main, INPUTS, &[7, 3])?,
            false => Outliers::split_weights(&mut main, INPUTS, 4.0)?,
        };
        assert!(counts.contains(&outliers.count()), "{}", outliers.count());
        assert_eq!(main.iter().zip(&large).filter(|(m, w)| m != w).count(), outliers.count());
        // whole again
        let mut y = linear(&x, &main, &bias);
        outliers.add_product(&x, &mut y)?;
        assert!(relative_error(&wanted, &y) < 1e-6);
        let mut y = linear(&x, &rounded(&main, 8), &bias);
        outliers.add_product(&x, &mut y)?;
        let fine = relative_error(&wanted, &y);
        assert!(fine < 0.1 * coarse, "{fine} of {coarse}");
    }
    Ok(())
}

#[test]
fn weights_of_the_wrong_shape_are_refused() -> Result<()> {
    let message = |error: Option<embag::Error>| error.map(|error| error.to_string()).unwrap_or_default();
    let (mut w, mut b) = ([1.0, 2.0, 3.0], [0.5, f32::NAN]);
    assert_eq!(
        message(equalize(&mut w, &mut b, &mut [1.0; 2]).err()),
        "first: expected a multiple of 2 hidden channels, got 3 values"
    );
    assert_eq!(
        message(equalize(&mut w[..2], &mut b, &mut [1.0; 2]).err()),
        "bias: expected finite ones, got NaN at 1"
    );
    assert!(equalize(&mut [], &mut [], &mut []).is_err());
    assert_eq!(
        message(correct_bias(&w, &w[..2], &[1.0], &mut [0.0; 3]).err()),
        "quantized: expected 3 outputs x 1 inputs, got 2 values"
    );
    assert_eq!(message(column_means(&w, 2).err()), "x: expected at least one row of 2 values, got 3 values");
    assert_eq!(message(Outliers::split_channels(&mut w, 3, &[3]).err()), "channels: expected below 3, got 3");
    assert_eq!(
        message(Outliers::split_weights(&mut w, 2, 1.0).err()),
        "weight: expected rows of 2 inputs, got 3 values"
    );
    assert_eq!(w, [1.0, 2.0, 3.0]);
    let outliers = Outliers::split_weights(&mut w, 3, 2.5)?;
    assert_eq!(
        message(outliers.add_product(&[1.0; 4], &mut [0.0]).err()),
        "x, y: expected 3 and 1 values for each example, got 4 and 1 in all"
    );
    assert!(outlier_channels(&[f32::INFINITY], 2.0).is_err() && outlier_channels(&[], 2.0)?.is_empty());
    Ok(())
}
