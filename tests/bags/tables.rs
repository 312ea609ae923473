//! First values of tables, and their content from and to the host.

use approx::assert_abs_diff_eq;
use embag::optim::{Adagrad, RowwiseAdagrad};
use embag::{Context, EmbeddingBags, Init, Pooling, Table};

use crate::common;

fn devices() -> impl Iterator<Item = Context> {
    std::iter::once(Context::cpu()).chain(common::gpu_shapes().iter().cloned())
}

/// Two tables of one shape; the first one's values.
fn first_values(ctx: &Context, dim: usize, init: Init, seed: u64) -> [Vec<f32>; 2] {
    let bags = EmbeddingBags::builder(ctx)
        .table("a", Table::rows(999).dim(dim).init(init))
        .table("b", Table::rows(999).dim(dim).init(init))
        .feature("f", "a", Pooling::Sum)
        .seed(seed)
        .build()
        .unwrap();
    ["a", "b"].map(|table| bags.download(table).unwrap())
}

/// Mean and variance.
fn moments(values: &[f32]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    (mean, values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n)
}

#[test]
fn first_values_have_the_same_bits_on_every_device() {
    for init in [Init::Uniform(0.25), Init::Normal { mean: -1.0, std: 0.5 }, Init::Constant(0.1), Init::Zero]
    {
        for dim in [1, 4, 7, 33] {
            let cpu = first_values(&Context::cpu(), dim, init, 5);
            for gpu in common::gpu_shapes() {
                for (found, expected) in first_values(gpu, dim, init, 5).iter().zip(&cpu) {
                    common::assert_bits(&format!("{init:?}"), found, expected);
                }
            }
        }
    }
}

#[test]
fn uniform_values() {
    for seed in [0, 1, u64::MAX] {
        let [a, b] = first_values(&Context::cpu(), 64, Init::Uniform(0.5), seed);
        assert!(a.iter().all(|value| (-0.5..0.5).contains(value)));
        let (mean, variance) = moments(&a);
        assert_abs_diff_eq!(mean, 0.0, epsilon = 0.005);
        assert_abs_diff_eq!(variance, 1.0 / 12.0, epsilon = 0.001);
        assert_ne!(a, b, "tables must not be alike");
    }
    let a = first_values(&Context::cpu(), 64, Init::Uniform(0.5), 1);
    assert_ne!(a, first_values(&Context::cpu(), 64, Init::Uniform(0.5), 2), "seeds must count");
    assert_ne!(a, first_values(&Context::cpu(), 64, Init::Uniform(0.5), 1 << 32), "the high half too");
    assert_eq!(a, first_values(&Context::cpu(), 64, Init::Uniform(0.5), 1));
    // rows and columns are not alike either
    let mut values = a[0].clone();
    values.sort_by(f32::total_cmp);
    values.dedup();
    assert!(values.len() > 63_000, "only {} values are different", values.len());
}

#[test]
fn normal_constant_and_zero_values() {
    let [a, b] = first_values(&Context::cpu(), 64, Init::Normal { mean: 3.0, std: 0.2 }, 1);
    let (mean, variance) = moments(&a);
    assert_abs_diff_eq!(mean, 3.0, epsilon = 0.004);
    assert_abs_diff_eq!(variance, 0.04, epsilon = 0.001);
    assert_ne!(a, b);
    for ctx in devices() {
        assert!(first_values(&ctx, 5, Init::Constant(0.7), 1).concat().iter().all(|&value| value == 0.7));
        assert!(first_values(&ctx, 5, Init::Zero, 1).concat().iter().all(|value| value.to_bits() == 0));
    }
}

#[test]
fn content_goes_in_and_out() {
    for ctx in devices() {
        let mut bags = EmbeddingBags::builder(&ctx)
            .table("odd", Table::rows(11).dim(7))
            .table("even", Table::rows(13).dim(8))
            .feature("f", "odd", Pooling::Sum)
            .optimizer(RowwiseAdagrad::default())
            .build()
            .unwrap();
        assert_eq!(bags.tables(), ["odd", "even"]);
        assert_eq!(bags.table_shape("even").unwrap(), (13, 8));
        assert_eq!(bags.bytes(), (77 + 104) * 4);
        let untouched = bags.download("odd").unwrap();
        let values: Vec<f32> = (0..104u8).map(f32::from).collect();
        bags.upload("even", &values).unwrap();
        bags.upload_state("even", "sum", &values[..13]).unwrap();
        assert_eq!(bags.download("even").unwrap(), values);
        assert_eq!(bags.download_state("even", "sum").unwrap(), values[..13]);
        assert_eq!(bags.download_state("odd", "sum").unwrap(), [0.0; 11]);
        bags.write_row("even", 12, &[-1.0; 8]).unwrap();
        assert_eq!(bags.read_row("even", 12).unwrap(), [-1.0; 8]);
        assert_eq!(bags.read_row("even", 11).unwrap(), values[88..96]);
        bags.write_row("odd", 0, &[5.0; 7]).unwrap();
        assert_eq!(bags.read_row("odd", 0).unwrap(), [5.0; 7]);
        assert_eq!(bags.download("odd").unwrap()[7..], untouched[7..]);
    }
}

#[test]
fn state_is_as_large_as_the_optimizer_needs() {
    for ctx in devices() {
        let build = |optimizer: Option<embag::optim::Optimizer>| {
            let builder = EmbeddingBags::builder(&ctx).table("t", Table::rows(6).dim(5)).feature(
                "f",
                "t",
                Pooling::Sum,
            );
            let bags = match optimizer {
                Some(optimizer) => builder.optimizer(optimizer).build(),
                None => builder.build(),
            };
            let bags = bags.unwrap();
            let fields = bags.optimizer().map_or(&[][..], |optimizer| optimizer.states());
            let values = fields.iter().map(|field| bags.download_state("t", field.name).unwrap().len());
            (values.sum::<usize>(), bags.state_bytes())
        };
        assert_eq!(build(None), (0, 0));
        assert_eq!(build(Some(embag::optim::Sgd::default().into())), (0, 0));
        assert_eq!(build(Some(RowwiseAdagrad::default().into())), (6, 24));
        assert_eq!(build(Some(Adagrad::default().into())), (30, 120));
        assert_eq!(build(Some(embag::optim::Adam::default().into())), (60, 240));
        // a row's own values take the space of four beside those of elements
        assert_eq!(build(Some(embag::optim::PartialRowwiseAdam::default().into())), (36, 6 * (20 + 16)));
    }
}

/// Values that arithmetic might change.
const ODD: [f32; 8] = [
    f32::MIN_POSITIVE,
    f32::from_bits(1),
    f32::from_bits(0x807f_ffff),
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    f32::MAX,
    f32::from_bits(0xffc1_2345),
];

#[test]
fn odd_values_pass_through_a_lookup() {
    for ctx in devices() {
        if ctx.flushes_subnormals().unwrap() {
            continue;
        }
        for dim in [8, 7] {
            let mut bags = EmbeddingBags::builder(&ctx)
                .table("t", Table::rows(3).dim(dim).init(Init::Zero))
                .feature("sum", "t", Pooling::Sum)
                .feature("mean", "t", Pooling::Mean)
                .feature("sequence", "t", Pooling::None)
                .build()
                .unwrap();
            bags.write_row("t", 2, &ODD[..dim]).unwrap();
            common::assert_bits("the row", &bags.read_row("t", 2).unwrap(), &ODD[..dim]);
            let batch = bags
                .batch()
                .feature("sum", &[2u32])
                .feature("mean", &[2u32])
                .feature("sequence", &[2u32])
                .build()
                .unwrap();
            for out in bags.forward_features(&batch).unwrap() {
                let what = format!("dim {dim} on {}", common::name_of(&ctx));
                common::assert_bits(&what, &out.to_vec(&ctx).unwrap(), &ODD[..dim]);
            }
        }
    }
}

#[test]
fn a_sequence_copies_any_bits() {
    // a signalling NaN and a negative zero, which a sum would change
    let values = [f32::from_bits(0x7fa0_0001), -0.0, f32::from_bits(0xff80_0001), 1.0];
    for ctx in devices() {
        let mut bags = EmbeddingBags::builder(&ctx)
            .table("t", Table::rows(2).dim(4).init(Init::Zero))
            .feature("f", "t", Pooling::None)
            .build()
            .unwrap();
        bags.upload("t", &[[9.0; 4], values].concat()).unwrap();
        let batch = bags.batch().feature("f", &[1u32]).build().unwrap();
        let out = bags.forward_features(&batch).unwrap()[0].to_vec(&ctx).unwrap();
        common::assert_bits(&common::name_of(&ctx), &out, &values);
    }
}

#[test]
fn neighbours_of_a_bad_row_are_not_infected() {
    for ctx in devices() {
        let mut bags = EmbeddingBags::builder(&ctx)
            .table("t", Table::rows(3).dim(4).init(Init::Constant(1.0)))
            .feature("f", "t", Pooling::Sum)
            .build()
            .unwrap();
        bags.write_row("t", 1, &[f32::NAN; 4]).unwrap();
        let batch = bags.batch().bags("f", &[0u32, 1, 2, 2], &[1, 1, 2]).build().unwrap();
        let out = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
        assert!(out[4..8].iter().all(|value| value.is_nan()));
        assert_eq!((&out[..4], &out[8..]), (&[1.0; 4][..], &[2.0; 4][..]));
    }
}
