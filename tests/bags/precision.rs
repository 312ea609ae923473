//! Tables and state of 16 bits: access, updates, stochastic rounding, checkpoints.

use approx::abs_diff_eq;
use embag::dense::record_matmul;
use embag::optim::{Adagrad, Adam, Optimizer, Rounding, RowwiseAdagrad, Sgd, UpdateRules};
use embag::{Context, ContextOptions, EmbeddingBags, Init, Matrix, Pooling, Precision, Recorder, Table};

use crate::common;
use crate::random::Random;

fn devices() -> impl Iterator<Item = Context> {
    std::iter::once(Context::cpu()).chain(common::gpu_shapes().iter().cloned())
}

const HALVES: [Precision; 2] = [Precision::F16, Precision::Bf16];

fn bags(
    ctx: &Context,
    dim: usize,
    precision: Precision,
    optimizer: impl Into<Optimizer>,
    rules: UpdateRules,
) -> EmbeddingBags {
    EmbeddingBags::builder(ctx)
        .table("t", Table::rows(300).dim(dim).precision(precision))
        .table(
            "u",
            Table::rows(40).dim(dim + 3).precision(precision).init(Init::Normal { mean: 0.0, std: 0.1 }),
        )
        .feature("a", "t", Pooling::Sum)
        .feature("b", "u", Pooling::Mean)
        .optimizer(optimizer)
        .update_rules(rules)
        .seed(5)
        .build()
        .unwrap()
}

/// A few steps on ids that repeat; the bits of all rows and all state after them, and of a forward.
fn train(bags: &mut EmbeddingBags, steps: u64) -> Vec<u32> {
    let ctx = bags.context().clone();
    let mut out = Vec::new();
    for step in 0..steps {
        let mut random = Random::new(step);
        let mut lists = |rows: u32| -> Vec<Vec<u32>> {
            (0..50).map(|_| (0..random.below(4)).map(|_| random.below(rows)).collect()).collect()
        };
        let (a, b) = (lists(300), lists(40));
        let batch = bags.batch().lists("a", a).lists("b", b).build().unwrap();
        out = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
        let grad = Random::new(step + 100).floats(50 * bags.output_cols());
        bags.backward(&batch, &Matrix::from_slice(&ctx, &grad, 50, bags.output_cols()).unwrap()).unwrap();
    }
    for table in ["t", "u"] {
        out.extend(bags.download(table).unwrap());
        for field in bags.optimizer().unwrap().states() {
            out.extend(bags.download_state(table, field.name).unwrap());
        }
    }
    out.into_iter().map(f32::to_bits).collect()
}

fn optimizers() -> [Optimizer; 4] {
    [
        Sgd { lr: 0.1, ..Default::default() }.into(),
        RowwiseAdagrad { lr: 0.1, ..Default::default() }.into(),
        Adagrad { lr: 0.1, ..Default::default() }.into(),
        Adam { lr: 0.01, ..Default::default() }.into(),
    ]
}

#[test]
fn all_devices_agree_by_bits() {
    for precision in HALVES {
        for rounding in [Rounding::Nearest, Rounding::Stochastic] {
            for (optimizer, state) in
                optimizers().into_iter().zip([Precision::F32, Precision::F16].into_iter().cycle())
            {
                for dim in [8, 5] {
                    let rules = UpdateRules { rounding, state, ..Default::default() };
                    let mut of = common::exact(devices()).into_iter().map(|ctx| {
                        let found = train(&mut bags(&ctx, dim, precision, optimizer, rules), 3);
                        (common::name_of(&ctx), found)
                    });
                    let (_, expected) = of.next().unwrap();
                    for (name, found) in of {
                        assert_eq!(
                            found, expected,
                            "{precision:?} {rounding:?} {optimizer:?} dim {dim} on {name}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn random_numbers_do_not_depend_on_windows() {
    let whole = Context::cpu();
    let cut = Context::cpu_with(&ContextOptions::new().max_binding(3072).max_buffer(1 << 16)).unwrap();
    let optimizer = RowwiseAdagrad { lr: 0.1, ..Default::default() };
    let [a, b] = [whole, cut].map(|ctx| {
        let mut bags = bags(&ctx, 8, Precision::F16, optimizer, UpdateRules::default());
        let steps = train(&mut bags, 2);
        // the forward adds windows up, the rows are the same
        steps[50 * bags.output_cols()..].to_vec()
    });
    assert_eq!(a, b);
}

/// A step far below half a unit in the last place: to the nearest nothing ever happens, at random it is not
/// lost.
#[test]
fn small_steps_are_not_lost_on_average() {
    let step = 1.0 / 16_384.0; // a sixteenth of f16's unit above 1
    for precision in HALVES {
        let moved = |rounding: Rounding, ctx: &Context| -> f64 {
            let mut bags = EmbeddingBags::builder(ctx)
                .table("t", Table::rows(512).dim(64).precision(precision).init(Init::Constant(1.0)))
                .feature("f", "t", Pooling::Sum)
                .optimizer(Sgd { lr: -1.0, ..Default::default() })
                .update_rules(UpdateRules { rounding, ..Default::default() })
                .build()
                .unwrap();
            let ids: Vec<u32> = (0..512).collect();
            let batch = bags.batch().feature("f", &ids).build().unwrap();
            let grad = Matrix::from_slice(ctx, &vec![step; 512 * 64], 512, 64).unwrap();
            for _ in 0..200 {
                bags.backward(&batch, &grad).unwrap();
            }
            bags.download("t").unwrap().iter().map(|&w| f64::from(w) - 1.0).sum::<f64>() / (512.0 * 64.0)
        };
        for ctx in devices() {
            assert_eq!(moved(Rounding::Nearest, &ctx), 0.0);
            let expected = 200.0 * f64::from(step);
            let found = moved(Rounding::Stochastic, &ctx);
            // 32,768 walks of 200 steps, each of a unit now and then: 50,000 units in all
            assert!(
                abs_diff_eq!(found, expected, epsilon = 0.02 * expected),
                "{precision:?}: {found}, not {expected}"
            );
        }
    }
}

#[test]
fn bytes_and_access() {
    for ctx in devices() {
        for precision in HALVES {
            let rules = UpdateRules { state: precision, ..Default::default() };
            let mut bags = bags(&ctx, 5, precision, Adagrad::default(), rules);
            // rows of 5 values take 6, of 8 as many
            assert_eq!(bags.bytes(), 300 * 6 * 2 + 40 * 8 * 2);
            assert_eq!(bags.state_bytes(), 300 * 6 * 2 + 40 * 8 * 2);
            assert_eq!(bags.precision("t").unwrap(), precision);
            let values: Vec<f32> = (0..1500u16).map(|k| f32::from(k % 200)).collect();
            bags.upload("t", &values).unwrap();
            bags.upload_state("t", "sum", &values).unwrap();
            assert_eq!(bags.download("t").unwrap(), values);
            assert_eq!(bags.download_state("t", "sum").unwrap(), values);
            bags.write_row("t", 299, &[1.0, 2.0, 3.0, 4.0, 0.5]).unwrap();
            assert_eq!(bags.read_row("t", 299).unwrap(), [1.0, 2.0, 3.0, 4.0, 0.5]);
            assert_eq!(bags.read_row("t", 298).unwrap(), values[298 * 5..299 * 5]);
        }
    }
}

#[test]
fn checkpoints_keep_the_type_and_go_on_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bags.safetensors");
    let rules = UpdateRules { state: Precision::F16, ..Default::default() };
    for precision in HALVES {
        let ctx = Context::cpu();
        let mut first = bags(&ctx, 5, precision, Adam::default(), rules);
        train(&mut first, 2);
        first.save(&path).unwrap();
        let mut second = bags(&ctx, 5, precision, Adam::default(), rules);
        second.load(&path).unwrap();
        // the step's number is what bias correction and random numbers depend on
        assert_eq!(second.steps(), 2);
        assert_eq!(train(&mut second, 2), train(&mut first, 2));
        let other = if precision == Precision::F16 { Precision::Bf16 } else { Precision::F32 };
        let error = bags(&ctx, 5, other, Adam::default(), rules).load(&path).unwrap_err().to_string();
        assert!(error.contains("tensor \"bags.t.weight\": expected"), "{error}");
    }
}

/// Outputs of 16 bits are those of 32, rounded once: straight from the lookup, by way of f32 where words or
/// windows are shared, and with an output that is cut into bindings.
#[test]
fn half_outputs() {
    let limits = [ContextOptions::new(), ContextOptions::new().max_binding(2048).max_buffer(1 << 16)];
    for options in limits {
        let cpu = Context::cpu_with(&options).unwrap();
        for ctx in std::iter::once(cpu).chain(common::gpu_shapes_with(&options)) {
            for (precision, dim) in [(Precision::F16, 8), (Precision::F16, 5), (Precision::Bf16, 12)] {
                let bags = bags(&ctx, dim, Precision::F32, Sgd::default(), UpdateRules::default());
                let ids: Vec<u32> = (0..120u32).map(|k| k * 7 % 300).collect();
                let few: Vec<u32> = ids.iter().map(|id| id % 40).collect();
                let batch = bags.batch().rows("a", &ids, 2).rows("b", &few, 2).build().unwrap();
                let whole = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
                let half = common::forward_in(&bags, &batch, 60, precision).unwrap();
                assert_eq!((half.rows(), half.cols(), half.stride()), (60, 2 * dim + 3, 2 * dim + 4));
                let rounded: Vec<f32> = whole
                    .into_iter()
                    .map(|value| match precision {
                        Precision::F16 => half::f16::from_f32(value).to_f32(),
                        _ => half::bf16::from_f32(value).to_f32(),
                    })
                    .collect();
                assert_eq!(
                    half.to_vec(&ctx).unwrap(),
                    rounded,
                    "{precision:?} {dim} {}",
                    common::name_of(&ctx)
                );
            }
        }
    }
    let ctx = Context::cpu();
    let bags = bags(&ctx, 4, Precision::F32, Sgd::default(), UpdateRules::default());
    let batch = bags.batch().feature("a", &[1u32]).feature("b", &[1u32]).build().unwrap();
    // outputs of 16 bits are for lookups and backwards: other operations say so
    let out = common::forward_in(&bags, &batch, 1, Precision::Bf16).unwrap();
    let error = record_matmul(&mut Recorder::new(&ctx), &out, &out, &out).unwrap_err();
    assert_eq!(error.to_string(), "a: expected a matrix of f32, got one of bf16");
}
