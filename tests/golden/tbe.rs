//! FBGEMM's table-batched embeddings: three steps of forward and fused backward.
//!
//! Optimizer, pooling and kind of weight decay come from the file's name, all else from its tensors.

use embag::optim::{
    Adagrad, Adam, BiasCorrection, Lamb, LarsSgd, Optimizer, PartialRowwiseAdam, PartialRowwiseLamb,
    Rounding, RowwiseAdagrad, Sgd, UpdateRules, WeightDecay,
};
use embag::{Context, EmbeddingBags, Init, Matrix, Pooling, Precision, Table};

use crate::common::{self, assert_close};
use crate::golden::{Golden, assert_within_one_f16};

pub(crate) fn optimizer(name: &str, file: &Golden) -> Optimizer {
    let given =
        |field: &str| file.has(&format!("hyper.{field}")).then(|| file.floats(&format!("hyper.{field}"))[0]);
    let hyper = |field: &str| given(field).unwrap_or_else(|| panic!("{name}: hyper.{field}"));
    // the decimal number that was meant, not the nearest f32's digits
    let decimal = |field: &str| hyper(field).to_string().parse::<f64>().unwrap();
    let betas = || [decimal("beta1"), decimal("beta2")];
    let lr = hyper("lr");
    let decay = given("wd").unwrap_or(0.0);
    let weight_decay = if name.contains("_l2") {
        WeightDecay::L2(decay)
    } else if decay > 0.0 {
        WeightDecay::Decoupled(decay)
    } else {
        WeightDecay::None
    };
    let eps = hyper("eps");
    let kind = name.strip_prefix("tbe_").unwrap();
    if kind.starts_with("rowwise_adagrad") {
        RowwiseAdagrad { lr, eps, weight_decay }.into()
    } else if kind.starts_with("adagrad") {
        Adagrad { lr, eps, weight_decay }.into()
    } else if kind.starts_with("adam") {
        let bias_correction = match given("rowwise_bias_correction") {
            Some(_) => BiasCorrection::RowUpdates,
            None => BiasCorrection::Steps,
        };
        Adam { lr, betas: betas(), eps, weight_decay, bias_correction, ..Default::default() }.into()
    } else if kind.starts_with("partial_rowwise_adam") {
        PartialRowwiseAdam { lr, betas: betas(), eps, weight_decay }.into()
    } else if kind.starts_with("lamb") {
        Lamb { lr, betas: betas(), eps, weight_decay: decay }.into()
    } else if kind.starts_with("partial_rowwise_lamb") {
        PartialRowwiseLamb { lr, betas: betas(), eps, weight_decay: decay }.into()
    } else if kind.starts_with("lars_sgd") {
        LarsSgd { lr, eta: hyper("eta"), momentum: hyper("momentum"), weight_decay: decay }.into()
    } else {
        Sgd { lr, weight_decay }.into()
    }
}

/// What is done around the step, and the tables' type.
pub(crate) fn rules(name: &str, file: &Golden) -> (UpdateRules, Precision) {
    let clip = file.has("hyper.clip").then(|| file.floats("hyper.clip")[0]);
    let rules = UpdateRules { clip_value: clip, rounding: Rounding::Nearest, ..Default::default() };
    (rules, if name.contains("_fp16") { Precision::F16 } else { Precision::F32 })
}

/// Tables and features as the file describes them.
pub(crate) struct Shape {
    pub(crate) tables: Vec<(usize, usize)>,
    pub(crate) map: Vec<usize>,
    pub(crate) batch: usize,
}

impl Shape {
    pub(crate) fn of(file: &Golden) -> Self {
        let table = |t: usize| {
            let field = format!("weights_init.{t}");
            file.has(&field).then(|| file.shape(&field)).map(|s| (s[0], s[1]))
        };
        Self {
            tables: (0..).map_while(table).collect(),
            map: file.ints("feature_table_map").into_iter().map(|t| usize::try_from(t).unwrap()).collect(),
            batch: usize::try_from(file.ints("batch")[0]).unwrap(),
        }
    }
}

pub(crate) fn pooling(name: &str) -> Pooling {
    if name.contains("_nobag") {
        Pooling::None
    } else if name.contains("_mean") {
        Pooling::Mean
    } else {
        Pooling::Sum
    }
}

fn run(name: &str, tolerance: f64) {
    let file = Golden::open(name);
    for ctx in common::devices() {
        check(&ctx, name, &file, tolerance);
    }
}

fn check(ctx: &Context, name: &str, file: &Golden, tolerance: f64) {
    let (shape, pooling) = (Shape::of(file), pooling(name));
    let (rules, precision) = rules(name, file);
    let mut builder = EmbeddingBags::builder(ctx).optimizer(optimizer(name, file)).update_rules(rules);
    for (t, &(rows, dim)) in shape.tables.iter().enumerate() {
        let table = Table::rows(rows).dim(dim).precision(precision).init(Init::Zero);
        builder = builder.table(&t.to_string(), table);
    }
    for (f, t) in shape.map.iter().enumerate() {
        builder = builder.feature(&format!("f{f}"), &t.to_string(), pooling);
    }
    let mut bags = builder.build().expect("the bags");
    for t in 0..shape.tables.len() {
        bags.upload(&t.to_string(), &file.floats(&format!("weights_init.{t}"))).expect("upload");
    }
    for step in (0..).take_while(|step| file.has(&format!("indices.{step}"))) {
        let before: Vec<Vec<f32>> =
            (0..shape.tables.len()).map(|t| bags.download(&t.to_string()).unwrap()).collect();
        let ids = file.ints(&format!("indices.{step}"));
        let offsets = file.offsets(&format!("offsets.{step}"));
        let psw = format!("psw.{step}");
        let weights = file.has(&psw).then(|| file.floats(&psw));
        let batch = bags.batch_from_offsets(&ids, &offsets, weights.as_deref()).expect("the batch");
        let mut grad = file.floats(&format!("grad_out.{step}"));
        // FBGEMM's gradients have the type of its outputs
        let half_output = name.contains("_outfp16");
        if half_output {
            grad.iter_mut().for_each(|value| *value = half::f16::from_f32(*value).to_f32());
        }
        let out = file.floats(&format!("out.{step}"));
        // FBGEMM's mean with weights departs from the formula; only its forward before any update is right
        let reference = file.has(&format!("weights_ref.{step}.0"));
        let context = format!("{name} step {step} on {}", ctx.device_name());
        if pooling == Pooling::None {
            let rows: Vec<usize> =
                (0..shape.map.len()).map(|f| batch.ids_of(&format!("f{f}")).unwrap().unwrap()).collect();
            let found: Vec<f32> =
                bags.forward_features(&batch).unwrap().iter().flat_map(|m| m.to_vec(ctx).unwrap()).collect();
            assert_close(&format!("{context} out"), &found, &out, tolerance);
            let mut at = 0;
            let grads: Vec<Matrix> = rows
                .iter()
                .zip(&shape.map)
                .map(|(&rows, &t)| {
                    let dim = shape.tables[t].1;
                    let part = &grad[at..at + rows * dim];
                    at += rows * dim;
                    Matrix::from_slice(ctx, part, rows, dim).unwrap()
                })
                .collect();
            bags.backward(&batch, &grads).unwrap();
        } else {
            let cols = bags.output_cols();
            let grad = Matrix::from_slice(ctx, &grad, shape.batch, cols).unwrap();
            if !reference || step == 0 {
                let precision = if half_output { Precision::F16 } else { Precision::F32 };
                let found = common::forward_in(&bags, &batch, batch.len(), precision).unwrap();
                let found = found.to_vec(ctx).unwrap();
                assert_close(&format!("{context} out"), &found, &out, tolerance);
            }
            if weights.is_some() {
                let field = if reference { "grad_psw_ref" } else { "grad_psw" };
                let found: Vec<f32> = bags.weight_grad(&batch, &grad).unwrap().read(ctx).unwrap();
                let expected = file.floats(&format!("{field}.{step}"));
                assert_close(&format!("{context} grad_psw"), &found, &expected, tolerance);
            }
            bags.backward(&batch, &grad).unwrap();
        }
        let touched = touched(&shape, &ids, &offsets);
        for (t, &(_, dim)) in shape.tables.iter().enumerate() {
            let field = if reference { "weights_ref" } else { "weights" };
            let after = bags.download(&t.to_string()).unwrap();
            let expected = file.floats(&format!("{field}.{step}.{t}"));
            if half_output {
                // FBGEMM also rounds the step to the type of the output; ours is held against exact
                // arithmetic
                let steps = exact_steps(&shape, t, &ids, &offsets, &grad, optimizer(name, file).lr());
                let less = |step: &dyn Fn(f32) -> f32| -> Vec<f32> {
                    before[t].iter().zip(&steps).map(|(w, &s)| w - step(s)).collect()
                };
                let rounded = |step: f32| half::f16::from_f32(step).to_f32();
                assert_within_one_f16(&format!("{context} table {t}"), &after, &less(&|step| step));
                assert_within_one_f16(&format!("{context} table {t}, FBGEMM"), &expected, &less(&rounded));
            } else if precision == Precision::F16 {
                // sums in another order may fall on the other side of a tie
                assert_within_one_f16(&format!("{context} table {t}"), &after, &expected);
            } else {
                assert_close(&format!("{context} table {t}"), &after, &expected, tolerance);
            }
            if precision == Precision::F16 {
                // each step begins with FBGEMM's rows
                bags.upload(&t.to_string(), &expected).unwrap();
            }
            for (row, (before, after)) in before[t].chunks(dim).zip(after.chunks(dim)).enumerate() {
                if !touched[t].contains(&row) {
                    let same = before.iter().zip(after).all(|(a, b)| a.to_bits() == b.to_bits());
                    assert!(same, "{context} table {t}: row {row} was not touched, but changed");
                }
            }
            for (k, field) in bags.optimizer().unwrap().states().iter().enumerate() {
                let name = match field.name {
                    "row_counter" => format!("row_counter.{step}.{t}"),
                    _ => format!("state{}.{step}.{t}", k + 1),
                };
                let found = bags.download_state(&t.to_string(), field.name).unwrap();
                assert_close(&format!("{context} {name}"), &found, &file.floats(&name), tolerance);
            }
        }
    }
}

/// `lr` times the sum of each element's gradients.
fn exact_steps(shape: &Shape, table: usize, ids: &[u64], offsets: &[u32], grad: &[f32], lr: f32) -> Vec<f32> {
    let (rows, dim) = shape.tables[table];
    let mut sums = vec![0.0f64; rows * dim];
    let width: usize = shape.map.iter().map(|&t| shape.tables[t].1).sum();
    let mut column = 0;
    for (f, &t) in shape.map.iter().enumerate() {
        for b in (0..shape.batch).filter(|_| t == table) {
            let bag = f * shape.batch + b;
            for &id in &ids[offsets[bag] as usize..offsets[bag + 1] as usize] {
                let row = usize::try_from(id).unwrap() * dim;
                for c in 0..dim {
                    sums[row + c] += f64::from(grad[b * width + column + c]);
                }
            }
        }
        column += shape.tables[t].1;
    }
    #[allow(clippy::cast_possible_truncation, reason = "rounding to f32 is meant")]
    sums.into_iter().map(|sum| (f64::from(lr) * sum) as f32).collect()
}

fn touched(shape: &Shape, ids: &[u64], offsets: &[u32]) -> Vec<std::collections::HashSet<usize>> {
    let mut touched = vec![std::collections::HashSet::new(); shape.tables.len()];
    for (f, &t) in shape.map.iter().enumerate() {
        let (begin, end) = (offsets[f * shape.batch] as usize, offsets[(f + 1) * shape.batch] as usize);
        touched[t].extend(ids[begin..end].iter().map(|&id| usize::try_from(id).unwrap()));
    }
    touched
}

/// FBGEMM was given a limit of 0.5 and did not look at it: its rows are those without. Ours are these,
/// shortened.
#[test]
fn golden_rowwise_adagrad_maxnorm() {
    run("tbe_rowwise_adagrad_maxnorm", 1e-6);
    let file = Golden::open("tbe_rowwise_adagrad_maxnorm");
    let (limit, dim) = (0.5f32, file.shape("weights_init.0")[1]);
    for ctx in common::devices() {
        let rules = UpdateRules { max_norm: Some(limit), ..Default::default() };
        let shape = file.shape("weights_init.0");
        let mut bags = EmbeddingBags::builder(&ctx)
            .table("t", Table::rows(shape[0]).dim(dim))
            .feature("f", "t", Pooling::Sum)
            .optimizer(optimizer("tbe_rowwise_adagrad_maxnorm", &file))
            .update_rules(rules)
            .build()
            .unwrap();
        bags.upload("t", &file.floats("weights_init.0")).unwrap();
        // the first feature alone looks into the first table
        let (offsets, batch) = (file.offsets("offsets.0"), usize::try_from(file.ints("batch")[0]).unwrap());
        let ids = &file.ints("indices.0")[..offsets[batch] as usize];
        let made = bags.batch().offsets("f", ids, &offsets[..=batch]).build().unwrap();
        let width = file.shape("grad_out.0")[1];
        let grad: Vec<f32> =
            file.floats("grad_out.0").chunks(width).flat_map(|row| row[..dim].to_vec()).collect();
        bags.backward(&made, &Matrix::from_slice(&ctx, &grad, batch, dim).unwrap()).unwrap();
        let mut expected = file.floats("weights.0.0");
        for &id in ids {
            let row = &mut expected[usize::try_from(id).unwrap() * dim..][..dim];
            let norm = row.iter().map(|w| w * w).sum::<f32>().sqrt();
            if norm > limit {
                row.iter_mut().for_each(|w| *w *= limit / norm);
            }
        }
        assert_close("shortened", &bags.download("t").unwrap(), &expected, 1e-6);
    }
}

macro_rules! golden {
    ($($test:ident: $file:literal, $tolerance:literal;)+) => {
        $(#[test] fn $test() { run($file, $tolerance); })+
    };
}

golden! {
    golden_sgd: "tbe_sgd", 1e-6;
    golden_sgd_weighted: "tbe_sgd_weighted", 1e-6;
    golden_sgd_mean_weighted: "tbe_sgd_mean_weighted", 1e-5;
    golden_adagrad: "tbe_adagrad", 1e-6;
    golden_rowwise_adagrad: "tbe_rowwise_adagrad", 1e-6;
    golden_rowwise_adagrad_eps: "tbe_rowwise_adagrad_eps1e-2", 1e-6;
    golden_rowwise_adagrad_l2: "tbe_rowwise_adagrad_l2", 1e-6;
    golden_rowwise_adagrad_decouple: "tbe_rowwise_adagrad_decouple", 1e-6;
    golden_rowwise_adagrad_mean: "tbe_rowwise_adagrad_mean", 1e-6;
    golden_rowwise_adagrad_weighted: "tbe_rowwise_adagrad_weighted", 1e-6;
    golden_rowwise_adagrad_nobag: "tbe_rowwise_adagrad_nobag", 1e-6;
    golden_rowwise_adagrad_clip: "tbe_rowwise_adagrad_clip", 1e-6;
    golden_rowwise_adagrad_fp16: "tbe_rowwise_adagrad_fp16", 1e-6;
    golden_sgd_fp16: "tbe_sgd_fp16_outfp16", 1e-6;
    golden_adam: "tbe_adam", 1e-5;
    golden_adam_wd: "tbe_adam_wd", 1e-5;
    golden_adam_rowwise_bias_correction: "tbe_adam_rowwise_bias_correction", 1e-5;
    golden_partial_rowwise_adam: "tbe_partial_rowwise_adam", 1e-5;
    golden_lamb: "tbe_lamb", 1e-5;
    golden_partial_rowwise_lamb: "tbe_partial_rowwise_lamb", 1e-5;
    golden_lars_sgd: "tbe_lars_sgd", 1e-5;
}
