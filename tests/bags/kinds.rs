//! What all kinds of tables do alike: outputs side by side or one by one, in 32 or 16 bits, gradients in the
//! same forms, and the traits that code for any kind is written against.

use embag::optim::{RowwiseAdagrad, Sgd};
use embag::quant::{RangeSearch, RowFormat};
use embag::{
    CachedBags, Checkpoint, ChunkedTables, Context, EmbeddingBags, Embeddings, Lookup, Matrix, Pooling,
    Precision, PrunedTables, QuantizedBags, Recorder, Table, VariableRows,
};

use crate::common;

const DIM: usize = 16;
const ROWS: usize = 50;
/// Two features of two examples each.
const IDS: [u64; 7] = [7, 3, 9, 7, 7, 12, 3];
const LENGTHS: [u32; 4] = [2, 1, 1, 3];

fn optimizer() -> RowwiseAdagrad {
    RowwiseAdagrad { lr: 0.1, ..Default::default() }
}

fn bags(ctx: &Context, precision: Precision) -> EmbeddingBags {
    EmbeddingBags::builder(ctx)
        .table("t", Table::rows(ROWS).dim(DIM))
        .feature("sum", "t", Pooling::Sum)
        .feature("mean", "t", Pooling::Mean)
        .output_precision(precision)
        .optimizer(optimizer())
        .seed(3)
        .build()
        .unwrap()
}

fn cached(ctx: &Context, precision: Precision) -> CachedBags {
    CachedBags::builder(ctx)
        .table("t", Table::rows(ROWS).dim(DIM), 8)
        .feature("sum", "t", Pooling::Sum)
        .feature("mean", "t", Pooling::Mean)
        .output_precision(precision)
        .optimizer(optimizer())
        .seed(3)
        .build()
        .unwrap()
}

fn chunked(ctx: &Context, precision: Precision) -> ChunkedTables {
    ChunkedTables::builder(ctx)
        .table("t", 50, DIM)
        .feature("sum", "t", Pooling::Sum)
        .feature("mean", "t", Pooling::Mean)
        .chunk_width(4)
        .slots(200)
        .output_precision(precision)
        .optimizer(optimizer())
        .seed(3)
        .build()
        .unwrap()
}

/// One feature only, of bags that are summed.
fn variable(ctx: &Context) -> VariableRows {
    VariableRows::builder(ctx).rows(10, DIM).rows(40, 4).optimizer(optimizer()).seed(3).build().unwrap()
}

fn values(ctx: &Context, matrix: &Matrix) -> Vec<f32> {
    matrix.to_vec(ctx).unwrap()
}

fn rounded(precision: Precision, values: &[f32]) -> Vec<f32> {
    let round = |&value: &f32| match precision {
        Precision::F32 => value,
        Precision::F16 => half::f16::from_f32(value).to_f32(),
        Precision::Bf16 => half::bf16::from_f32(value).to_f32(),
    };
    values.iter().map(round).collect()
}

/// Columns of a row-major matrix.
fn columns(values: &[f32], all: usize, first: usize, count: usize) -> Vec<f32> {
    values.chunks(all).flat_map(|row| &row[first..first + count]).copied().collect()
}

/// Every form of outputs gives the same values, whatever the precision.
fn check_outputs<T: Lookup>(what: &str, tables: &mut T, dims: &[usize], lengths: &[u32]) {
    let ctx = tables.context().clone();
    let what = format!("{what} on {}", common::name_of(&ctx));
    let batch = tables.find(&IDS, lengths, None).unwrap();
    let (rows, cols) = (lengths.len() / dims.len(), dims.iter().sum::<usize>());
    assert_eq!(tables.output_cols(), cols, "{what}");
    assert_eq!(tables.output_shape(&batch), (rows, cols), "{what}");
    assert_eq!(tables.pooled(&batch).unwrap().precision(), tables.output_precision(), "{what}");
    let whole = values(&ctx, &common::forward_in(tables, &batch, rows, Precision::F32).unwrap());
    assert!(whole.iter().any(|value| *value != 0.0), "{what}");
    for precision in [Precision::F32, Precision::F16, Precision::Bf16] {
        let expected = rounded(precision, &whole);
        let side_by_side = common::forward_in(tables, &batch, rows, precision).unwrap();
        assert_eq!(values(&ctx, &side_by_side), expected, "{what}, {precision:?}");
        // columns of a wider matrix, one for each feature
        let wide = Matrix::zeros_of(precision, &ctx, rows, cols + 4 * dims.len()).unwrap();
        let mut parts = Vec::new();
        let mut first = 0;
        for (f, dim) in dims.iter().enumerate() {
            parts.push(wide.columns(first + 4 * f, *dim).unwrap());
            first += dim;
        }
        let mut rec = Recorder::new(&ctx);
        tables.record_forward(&mut rec, &batch, &parts).unwrap();
        rec.run().unwrap();
        let mut first = 0;
        for (part, dim) in parts.iter().zip(dims) {
            assert_eq!(values(&ctx, part), columns(&expected, cols, first, *dim), "{what}, {precision:?}");
            first += dim;
        }
        let gaps = values(&ctx, &wide.columns(dims[0], 4).unwrap());
        assert!(gaps.iter().all(|value| *value == 0.0), "{what}, {precision:?}: {gaps:?}");
    }
    // a matrix of the wrong shape is named
    let narrow = Matrix::zeros(&ctx, rows, cols - 1).unwrap();
    let error = tables.record_forward(&mut Recorder::new(&ctx), &batch, &narrow).unwrap_err().to_string();
    assert_eq!(error, format!("out: expected {rows} x {cols}, got {rows} x {}", cols - 1), "{what}");
}

#[test]
fn outputs_of_every_form_are_the_same() {
    for ctx in common::devices() {
        let both = [DIM, DIM];
        check_outputs("bags", &mut bags(&ctx, Precision::F32), &both, &LENGTHS);
        check_outputs("cached bags", &mut cached(&ctx, Precision::F32), &both, &LENGTHS);
        let choose = |_: &str| (RowFormat::Int8, RangeSearch::MinMax);
        let mut quantized = QuantizedBags::of(&bags(&ctx, Precision::F32), choose).unwrap();
        check_outputs("quantised bags", &mut quantized, &both, &LENGTHS);
        let mut tables = chunked(&ctx, Precision::F32);
        let batch = tables.admit_from_lengths(&IDS, &LENGTHS).unwrap();
        drop(batch);
        check_outputs("chunked tables", &mut tables, &both, &LENGTHS);
        let mut pruned: PrunedTables = tables.pruned().unwrap();
        check_outputs("pruned tables", &mut pruned, &both, &LENGTHS);
        check_outputs("variable rows", &mut variable(&ctx), &[DIM], &LENGTHS);
    }
}

#[test]
fn forward_gives_the_precision_that_was_asked_for() {
    for ctx in common::devices() {
        for precision in [Precision::F16, Precision::Bf16] {
            let mut pairs: Vec<(Matrix, Vec<Matrix>, Vec<f32>)> = Vec::new();
            let plain = bags(&ctx, precision);
            let batch = plain.batch_from_lengths(&IDS, &LENGTHS, None).unwrap();
            let exact = bags(&ctx, Precision::F32).forward(&batch_of(&ctx)).unwrap_err();
            assert!(exact.to_string().contains("built for others"), "{exact}");
            let f32s = {
                let bags = bags(&ctx, Precision::F32);
                let batch = bags.batch_from_lengths(&IDS, &LENGTHS, None).unwrap();
                values(&ctx, &bags.forward(&batch).unwrap())
            };
            pairs.push((
                plain.forward(&batch).unwrap(),
                plain.forward_features(&batch).unwrap(),
                f32s.clone(),
            ));
            let mut cached = cached(&ctx, precision);
            let batch = cached.place_from_lengths(&IDS, &LENGTHS, None).unwrap();
            pairs.push((cached.forward(&batch).unwrap(), cached.forward_features(&batch).unwrap(), f32s));
            let mut tables = chunked(&ctx, precision);
            let batch = tables.admit_from_lengths(&IDS, &LENGTHS).unwrap();
            let exact = values(&ctx, &common::forward_in(&tables, &batch, 2, Precision::F32).unwrap());
            pairs.push((tables.forward(&batch).unwrap(), tables.forward_features(&batch).unwrap(), exact));
            for (whole, features, exact) in pairs {
                assert_eq!((whole.precision(), whole.rows(), whole.cols()), (precision, 2, 2 * DIM));
                let expected = rounded(precision, &exact);
                assert_eq!(values(&ctx, &whole), expected);
                for (f, matrix) in features.iter().enumerate() {
                    assert_eq!(matrix.precision(), precision);
                    assert_eq!(values(&ctx, matrix), columns(&expected, 2 * DIM, f * DIM, DIM));
                }
            }
        }
    }
}

/// A batch of other bags.
fn batch_of(ctx: &Context) -> embag::JaggedBatch {
    bags(ctx, Precision::F32).batch_from_lengths(&IDS, &LENGTHS, None).unwrap()
}

/// Everything that a step may change.
fn content(tables: &mut impl Embeddings) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("content.safetensors");
    let mut checkpoint = Checkpoint::new();
    tables.export(&mut checkpoint, "all").unwrap();
    checkpoint.save(&path).unwrap();
    std::fs::read(path).unwrap()
}

/// A step from gradients in every form leaves the same rows and state behind.
fn check_gradients<T: Embeddings>(what: &str, make: impl Fn() -> T, dims: &[usize], lengths: &[u32]) {
    let mut found = Vec::new();
    // exact in 16 bits
    let grad = |k: usize| (k % 23) as f32 * 0.125 - 1.0;
    for (precision, one_by_one) in
        [(Precision::F32, false), (Precision::F32, true), (Precision::F16, false), (Precision::Bf16, true)]
    {
        let mut tables = make();
        let ctx = tables.context().clone();
        let (rows, cols) = (lengths.len() / dims.len(), tables.output_cols());
        let all: Vec<f32> = (0..rows * cols).map(grad).collect();
        let batch = tables.admit(&IDS, lengths, None).unwrap();
        let before = content(&mut tables);
        let mut rec = Recorder::new(&ctx);
        if one_by_one {
            let mut first = 0;
            let of_feature = |&dim: &usize| {
                let matrix = Matrix::zeros_of(precision, &ctx, rows, dim).unwrap();
                matrix.write(&ctx, &columns(&all, cols, first, dim)).unwrap();
                first += dim;
                matrix
            };
            let grads: Vec<Matrix> = dims.iter().map(of_feature).collect();
            tables.record_backward(&mut rec, &batch, &grads).unwrap();
        } else {
            let matrix = Matrix::zeros_of(precision, &ctx, rows, cols).unwrap();
            matrix.write(&ctx, &all).unwrap();
            tables.record_backward(&mut rec, &batch, &matrix).unwrap();
        }
        rec.run().unwrap();
        assert_eq!(Embeddings::steps(&tables), 1, "{what}");
        let after = content(&mut tables);
        assert_ne!(after, before, "{what}, {precision:?}");
        found.push(((precision, one_by_one), after));
    }
    let (_, first) = &found[0];
    for (form, content) in &found {
        assert!(content == first, "{what}, {form:?}: other rows or state than from one matrix of f32");
    }
}

#[test]
fn gradients_of_every_form_do_the_same() {
    for ctx in common::devices() {
        let both = [DIM, DIM];
        check_gradients("bags", || bags(&ctx, Precision::F32), &both, &LENGTHS);
        check_gradients("cached bags", || cached(&ctx, Precision::F32), &both, &LENGTHS);
        check_gradients("chunked tables", || chunked(&ctx, Precision::F32), &both, &LENGTHS);
        check_gradients("variable rows", || variable(&ctx), &[DIM], &LENGTHS);
    }
}

/// Code for any kind: a step, a checkpoint, and going on from it.
fn train_and_resume<T: Embeddings>(what: &str, make: impl Fn() -> T, lengths: &[u32]) {
    let step = |tables: &mut T| {
        let batch = tables.admit(&IDS, lengths, None).unwrap();
        let out = tables.pooled(&batch).unwrap();
        let mut rec = Recorder::new(tables.context());
        tables.record_backward(&mut rec, &batch, &out).unwrap();
        rec.run().unwrap();
    };
    let (mut first, mut second) = (make(), make());
    step(&mut first);
    first.set_lr(0.05).unwrap();
    assert_eq!(Embeddings::optimizer(&first).unwrap().lr(), 0.05, "{what}");
    assert!(first.memory().0 > 0 && first.memory().1 > 0, "{what}");
    let mut checkpoint = Checkpoint::new();
    first.export(&mut checkpoint, "here").unwrap();
    second.import(&checkpoint, "here").unwrap();
    assert_eq!(Embeddings::steps(&second), 1, "{what}");
    step(&mut first);
    step(&mut second);
    assert!(content(&mut first) == content(&mut second), "{what}: training went on in another way");
}

#[test]
fn any_kind_trains_and_goes_on_from_a_checkpoint() {
    for ctx in common::devices() {
        train_and_resume("bags", || bags(&ctx, Precision::F32), &LENGTHS);
        train_and_resume("cached bags", || cached(&ctx, Precision::F32), &LENGTHS);
        train_and_resume("chunked tables", || chunked(&ctx, Precision::F32), &LENGTHS);
        train_and_resume("variable rows", || variable(&ctx), &LENGTHS);
    }
}

/// Code for any kind: named features with weights, of some of the features, and their gradient.
fn check_named<T: Embeddings>(what: &str, tables: &mut T) {
    let ctx = tables.context().clone();
    let name = tables.features().last().copied().unwrap().to_owned();
    let columns = tables.columns_of(&name).unwrap();
    let mut outs = Vec::new();
    for weights in [[1.0, 1.0, 1.0], [0.5, 2.0, -1.0]] {
        let batch =
            tables.begin().only(&[&name]).bags(&name, &[7u64, 3, 9], &[2, 1]).weights(&name, &weights);
        let batch = tables.admit_named(batch).unwrap();
        let out = tables.pooled_features(&batch).unwrap().remove(0);
        assert_eq!((out.rows(), out.cols()), (2, columns.len()), "{what}");
        let grads = [out];
        let of_weights = ctx.allocate("w", 12).unwrap();
        let mut rec = Recorder::new(&ctx);
        tables.record_weight_grad(&mut rec, &batch, &grads, &of_weights).unwrap();
        tables.record_backward(&mut rec, &batch, &grads).unwrap();
        rec.run().unwrap();
        let of_weights = of_weights.read::<f32>(&ctx).unwrap();
        assert!(of_weights.iter().all(|value| *value != 0.0), "{what}: {of_weights:?}");
        outs.push(values(&ctx, &grads[0]));
    }
    assert_ne!(outs[0], outs[1], "{what}");
    let again = tables.begin().only(&[&name]).bags(&name, &[7u64, 3, 9], &[2, 1]);
    assert!(tables.find_named(again).is_ok(), "{what}");
}

#[test]
fn named_batches_of_any_kind() {
    for ctx in common::devices() {
        check_named("bags", &mut bags(&ctx, Precision::F32));
        check_named("cached bags", &mut cached(&ctx, Precision::F32));
        check_named("chunked tables", &mut chunked(&ctx, Precision::F32));
        check_named("variable rows", &mut variable(&ctx));
    }
}

#[test]
fn quantised_bags_take_variable_batches() {
    for ctx in common::devices() {
        let bags = bags(&ctx, Precision::F32);
        let served = QuantizedBags::of(&bags, |_| (RowFormat::F32, RangeSearch::MinMax)).unwrap();
        // three examples of the first feature, one of the second
        let batch = served.batch_from_variable_lengths(&IDS, &LENGTHS, &[3, 1], None).unwrap();
        let expected = bags.batch_from_variable_lengths(&IDS, &LENGTHS, &[3, 1], None).unwrap();
        let [found, expected] =
            [served.forward_features(&batch).unwrap(), bags.forward_features(&expected).unwrap()];
        assert_eq!(found.iter().map(Matrix::rows).collect::<Vec<_>>(), [3, 1]);
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(values(&ctx, found), values(&ctx, expected));
        }
    }
}

#[test]
fn a_feature_that_is_left_out_names_the_way_to_leave_it_out() {
    let ctx = Context::cpu();
    let bags = bags(&ctx, Precision::F32);
    let error = bags.batch().bags("sum", &[1u32, 2], &[1, 1]).build().unwrap_err().to_string();
    let expected = "batch: expected feature \"mean\" (`.only()` names the features of a batch, `.variable()` lets some be left out), got no such feature in it";
    assert_eq!(error, expected);
    let batch = bags.batch().variable().bags("sum", &[1u32, 2], &[1, 1]).build().unwrap();
    assert_eq!((batch.examples_of("sum").unwrap(), batch.examples_of("mean").unwrap()), (2, 0));
    let outputs = bags.forward_features(&batch).unwrap();
    assert_eq!(outputs.iter().map(Matrix::rows).collect::<Vec<_>>(), [2, 0]);
}

#[test]
fn matrices_of_16_bits_do_not_share_words() {
    let ctx = Context::cpu();
    let matrix = Matrix::zeros_of(Precision::F16, &ctx, 2, 5).unwrap();
    assert_eq!((matrix.stride(), matrix.precision()), (6, Precision::F16));
    let expected =
        "columns: expected an even first one and an even number of them, for values of 16 bits, got ";
    for (first, count) in [(1, 2), (0, 3), (2, 1)] {
        let error = matrix.columns(first, count).unwrap_err().to_string();
        assert_eq!(error, format!("{expected}{count} from {first} on"));
    }
    matrix.columns(2, 3).unwrap().write(&ctx, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
    assert_eq!(values(&ctx, &matrix), [0.0, 0.0, 1.0, 2.0, 3.0, 0.0, 0.0, 4.0, 5.0, 6.0]);
    let error = matrix.write(&ctx, &[1e6; 10]).unwrap_err().to_string();
    assert_eq!(
        error,
        "matrix data[0]: expected finite values of at most 6.5504e4 in size, for F16, got 1000000"
    );
    let buffer = ctx.allocate("b", 24).unwrap();
    let error = Matrix::new_of(Precision::Bf16, buffer, 2, 5, 5).unwrap_err().to_string();
    assert_eq!(error, "stride: expected an even number, for values of 16 bits, got 5");
}

#[test]
fn dense_layers_take_the_optimizers_of_tables() {
    use embag::dense::{Activation, Linear};
    use embag::optim::{Adagrad, Adam, BiasCorrection, EpsPlace};
    let ctx = Context::cpu();
    assert!(Linear::new(&ctx, 2, 1, Activation::None, Sgd::default(), 1).is_ok());
    assert!(Linear::new(&ctx, 2, 1, Activation::None, Adagrad::default(), 1).is_ok());
    let by_row = Adam { bias_correction: BiasCorrection::RowUpdates, ..Adam::default() };
    let error = Linear::new(&ctx, 2, 1, Activation::None, by_row, 1).unwrap_err().to_string();
    assert_eq!(error, "bias_correction: expected Steps, for dense parameters, got RowUpdates");
    let sparse = Adam { eps_place: EpsPlace::Uncorrected, ..Adam::default() };
    let error = Linear::new(&ctx, 2, 1, Activation::None, sparse, 1).unwrap_err().to_string();
    assert_eq!(error, "eps_place: expected Corrected, for dense parameters, got Uncorrected");
}
