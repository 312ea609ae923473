//! Rows of differing dimensions: against FBGEMM's vectors, plain host data, and bags of tables of one
//! dimension each.

use approx::{abs_diff_eq, assert_abs_diff_eq};
use embag::optim::{
    Adagrad, Adam, FrequencySgd, Ftrl, Lamb, LarsSgd, Optimizer, PartialRowwiseAdam, PartialRowwiseLamb,
    RowwiseAdagrad, RowwiseAdagradCounter, Sgd,
};
use embag::variable::{RowValues, VariableBatch, VariableRows};
use embag::{
    Bounds, Buffer, Checkpoint, Context, ContextOptions, DeviceBatch, EmbeddingBags, Error, Init, Matrix,
    Pooling, Recorder, Table,
};

use crate::common::{self, assert_close};
use crate::golden::Golden;
use crate::random::Random;

/// Every device, with room for all and with bindings that cut the store into windows.
fn contexts() -> Vec<Context> {
    let mut all = vec![Context::cpu()];
    all.extend(common::gpu_shapes_with(&ContextOptions::new()));
    all.extend(in_windows());
    all
}

fn in_windows() -> Vec<Context> {
    let small = ContextOptions::new().max_binding(24 << 10);
    let cpu = Context::cpu_with(&small).unwrap();
    std::iter::once(cpu).chain(common::gpu_shapes_with(&small)).collect()
}

/// Rows on the host.
struct Model {
    dims: Vec<usize>,
    rows: Vec<Vec<f32>>,
    ids: Vec<u32>,
    lengths: Vec<u32>,
    random: Random,
}

impl Model {
    fn new(dims: &[usize], ids: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let rows = dims.iter().map(|&dim| random.floats(dim)).collect();
        let count = u32::try_from(dims.len()).unwrap();
        let ids: Vec<u32> =
            (0..ids).map(|_| if random.below(3) == 0 { count / 2 } else { random.below(count) }).collect();
        let mut lengths = Vec::new();
        let mut left = u32::try_from(ids.len()).unwrap();
        while left > 0 {
            let length = random.below(6).min(left);
            lengths.push(length);
            left -= length;
        }
        lengths.push(0);
        Self { dims: dims.to_vec(), rows, ids, lengths, random }
    }

    fn widest(&self) -> usize {
        self.dims.iter().copied().max().unwrap()
    }

    fn build(&self, ctx: &Context, optimizer: impl Into<Optimizer>) -> VariableRows {
        let builder = VariableRows::builder(ctx).dims(&self.dims).init(Init::Zero);
        let mut rows = builder.optimizer(optimizer).build().unwrap();
        rows.upload(&self.rows.concat()).unwrap();
        rows
    }

    fn bags(&self, rows: &VariableRows) -> VariableBatch {
        rows.bags(&self.ids, &self.lengths).unwrap()
    }

    /// Random values for each id, jagged and padded.
    fn values(&mut self, ctx: &Context) -> (Vec<Vec<f32>>, RowValues, RowValues) {
        let values: Vec<Vec<f32>> =
            self.ids.iter().map(|&id| self.random.floats(self.dims[id as usize])).collect();
        let jagged = Buffer::from_slice(ctx, &values.concat()).unwrap();
        let (rows, cols) = (values.len(), self.widest());
        let padded: Vec<f32> = values.iter().flat_map(|row| padded(row, cols, 99.0)).collect();
        let padded = Matrix::from_slice(ctx, &padded, rows, cols).unwrap();
        (values, RowValues::Jagged(jagged), RowValues::Padded(padded))
    }
}

fn padded(row: &[f32], cols: usize, with: f32) -> Vec<f32> {
    row.iter().copied().chain(std::iter::repeat(with)).take(cols).collect()
}

/// Dims in no order, with runs; some multiples of four only.
fn models() -> Vec<Model> {
    let wild: Vec<usize> = (0..600).map(|row| [3, 8, 8, 64, 1, 17, 4][row * (row / 5 + 3) % 7]).collect();
    let even: Vec<usize> = (0..900).map(|row| [8, 16, 16, 64, 4, 128][row / 3 % 6]).collect();
    vec![Model::new(&wild, 45, 1), Model::new(&even, 40, 2), Model::new(&[5], 9, 3)]
}

#[test]
fn rows_of_other_dimensions_are_not_loaded() {
    let ctx = Context::cpu();
    let make =
        |dims: &[usize]| VariableRows::builder(&ctx).dims(dims).optimizer(Sgd::default()).build().unwrap();
    let mut saved = make(&[8, 4, 8]);
    saved.upload(&(0u8..20).map(f32::from).collect::<Vec<_>>()).unwrap();
    let mut checkpoint = Checkpoint::new();
    saved.export(&mut checkpoint, "r").unwrap();
    for (dims, expected) in [
        // as many rows of each dimension, in another order
        (&[4usize, 8, 8][..], "rows from row 0 on: expected 1 rows of 4, got 1 rows of 8"),
        (&[8, 4], "rows from row 2 on: expected no more rows, got 1 rows of 8"),
        (&[8, 4, 8, 8], "rows from row 2 on: expected 2 rows of 8, got 1 rows of 8"),
    ] {
        let mut other = make(dims);
        let error = other.import(&checkpoint, "r").unwrap_err().to_string();
        assert!(error.ends_with(expected), "{error}");
    }
    let mut same = make(&[8, 4, 8]);
    same.import(&checkpoint, "r").unwrap();
    assert_eq!(same.read_row(1).unwrap(), [8.0, 9.0, 10.0, 11.0]);
}

#[test]
fn golden_batch_index_select() {
    let golden = Golden::open("jagged_gather");
    let ints = |name| golden.ints(name).into_iter().map(|i| usize::try_from(i).unwrap()).collect::<Vec<_>>();
    let (dims, rows, counts) = (ints("bis_dims"), ints("bis_rows"), ints("bis_counts"));
    let tables: Vec<f32> = (0..dims.len()).flat_map(|t| golden.floats(&format!("bis_weight.{t}"))).collect();
    let grads: Vec<f32> =
        (0..dims.len()).flat_map(|t| golden.floats(&format!("bis_grad_weight.{t}"))).collect();
    // numbers of rows count on from table to table
    let mut indices = golden.ints("bis_indices").into_iter();
    let mut first = 0;
    let mut ids = Vec::new();
    for (&rows, &count) in rows.iter().zip(&counts) {
        ids.extend(indices.by_ref().take(count).map(|id| id + first));
        first += rows as u64;
    }
    for ctx in contexts() {
        let builder = rows
            .iter()
            .zip(&dims)
            .fold(VariableRows::builder(&ctx), |builder, (&rows, &dim)| builder.rows(rows, dim));
        let mut store = builder.build().unwrap();
        store.upload(&tables).unwrap();
        let batch = store.select(&ids).unwrap();
        let out = store.gather(&batch).unwrap().read::<f32>(&ctx).unwrap();
        assert_eq!(out, golden.floats("bis_out"), "{}", common::name_of(&ctx));
        store.upload(&vec![0.0; tables.len()]).unwrap();
        let grad = Buffer::from_slice(&ctx, &golden.floats("bis_grad_out")).unwrap();
        store.scatter_add(&batch, &RowValues::Jagged(grad)).unwrap();
        assert_close("bis_grad_weight", &store.download().unwrap(), &grads, 1e-6);
    }
}

#[test]
fn gathered_and_pooled() {
    for model in models() {
        for ctx in contexts() {
            let name = common::name_of(&ctx);
            let rows = model.build(&ctx, Sgd::default());
            assert_eq!(rows.download().unwrap(), model.rows.concat());
            let batch = model.bags(&rows);
            let picked: Vec<&Vec<f32>> = model.ids.iter().map(|&id| &model.rows[id as usize]).collect();
            let jagged = rows.gather(&batch).unwrap().read::<f32>(&ctx).unwrap();
            assert_eq!(jagged, picked.iter().copied().flatten().copied().collect::<Vec<f32>>(), "{name}");
            let widest = model.widest();
            let matrix = rows.gather_padded(&batch).unwrap().to_vec(&ctx).unwrap();
            let expected: Vec<f32> = picked.iter().flat_map(|row| padded(row, widest, 0.0)).collect();
            assert_eq!(matrix, expected, "{name}");
            for pooling in [Pooling::Sum, Pooling::Mean] {
                let pooled = rows.pool(&batch, pooling).unwrap().to_vec(&ctx).unwrap();
                let mut at = 0;
                for (pooled, &length) in pooled.chunks(widest).zip(&model.lengths) {
                    let bag = &picked[at..at + length as usize];
                    at += length as usize;
                    for (column, &value) in pooled.iter().enumerate() {
                        let terms = bag.iter().filter_map(|row| row.get(column));
                        let sum: f64 = terms.map(|&value| f64::from(value)).sum();
                        let divisor = if pooling == Pooling::Mean { f64::from(length.max(1)) } else { 1.0 };
                        assert!(
                            abs_diff_eq!(f64::from(value), sum / divisor, epsilon = 1e-5),
                            "{name}: {value} {sum}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn added_and_assigned() {
    for mut model in models() {
        let mut first: Option<Vec<f32>> = None;
        for ctx in contexts() {
            let name = common::name_of(&ctx);
            model.random = Random::new(77);
            let (values, jagged, matrix) = model.values(&ctx);
            for given in [jagged, matrix] {
                let mut rows = model.build(&ctx, Sgd::default());
                let batch = model.bags(&rows);
                rows.scatter_add(&batch, &given).unwrap();
                let sums = rows.download().unwrap();
                let mut expected: Vec<Vec<f64>> =
                    model.rows.iter().map(|row| row.iter().map(|&value| value.into()).collect()).collect();
                for (values, &id) in values.iter().zip(&model.ids) {
                    for (sum, &value) in expected[id as usize].iter_mut().zip(values) {
                        *sum += f64::from(value);
                    }
                }
                for (sum, expected) in sums.iter().zip(expected.concat()) {
                    assert!(
                        abs_diff_eq!(f64::from(*sum), expected, epsilon = 1e-4),
                        "{name}: {sum} {expected}"
                    );
                }
                // the same bits everywhere
                assert_eq!(first.get_or_insert_with(|| sums.clone()), &sums, "{name}");

                rows.scatter_assign(&batch, &given).unwrap();
                let mut expected = sums.clone();
                let begins: Vec<usize> =
                    (0..model.dims.len()).map(|row| model.dims[..row].iter().sum()).collect();
                for (values, &id) in values.iter().zip(&model.ids) {
                    expected[begins[id as usize]..][..values.len()].copy_from_slice(values);
                }
                assert_eq!(rows.download().unwrap(), expected, "{name}");
                assert_eq!(rows.steps(), 0);
            }
        }
    }
}

fn optimizers() -> Vec<Optimizer> {
    vec![
        Sgd { lr: 0.1, ..Default::default() }.into(),
        Adagrad { lr: 0.1, ..Default::default() }.into(),
        RowwiseAdagrad { lr: 0.1, ..Default::default() }.into(),
        RowwiseAdagradCounter { lr: 0.1, ..Default::default() }.into(),
        Adam { lr: 0.1, ..Default::default() }.into(),
        PartialRowwiseAdam { lr: 0.1, ..Default::default() }.into(),
        Lamb { lr: 0.1, ..Default::default() }.into(),
        PartialRowwiseLamb { lr: 0.1, ..Default::default() }.into(),
        LarsSgd { lr: 0.1, ..Default::default() }.into(),
        FrequencySgd { lr: 0.1, ..Default::default() }.into(),
        Ftrl { lr: 0.1, l1: 0.1, ..Default::default() }.into(),
    ]
}

/// Two steps of bags with a table for each dimension, which rows of one dimension must agree with to the bit.
fn of_bags(model: &Model, optimizer: Optimizer, values: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let ctx = Context::cpu();
    let mut expected = model.rows.clone();
    let mut dims = model.dims.clone();
    dims.sort_unstable();
    dims.dedup();
    for dim in dims {
        let rows: Vec<usize> = (0..model.dims.len()).filter(|&row| model.dims[row] == dim).collect();
        let mut bags = EmbeddingBags::builder(&ctx)
            .table("t", Table::rows(rows.len()).dim(dim))
            .feature("f", "t", Pooling::None)
            .optimizer(optimizer)
            .build()
            .unwrap();
        bags.upload("t", &rows.iter().flat_map(|&row| model.rows[row].clone()).collect::<Vec<_>>()).unwrap();
        let of_dim = model.ids.iter().zip(values).filter(|(id, _)| model.dims[**id as usize] == dim);
        let (ids, grads): (Vec<u32>, Vec<Vec<f32>>) = of_dim
            .map(|(&id, values)| {
                (u32::try_from(rows.binary_search(&(id as usize)).unwrap()).unwrap(), values.clone())
            })
            .unzip();
        let batch = bags.batch().bags("f", &ids, &[u32::try_from(ids.len()).unwrap()]).build().unwrap();
        let grad = Matrix::from_slice(&ctx, &grads.concat(), ids.len(), dim).unwrap();
        for _ in 0..2 {
            bags.backward(&batch, std::slice::from_ref(&grad)).unwrap();
        }
        for (&row, values) in rows.iter().zip(bags.download("t").unwrap().chunks(dim)) {
            expected[row] = values.to_vec();
        }
    }
    expected
}

#[test]
fn every_optimizer_updates_as_in_tables_of_one_dimension() {
    for mut model in models() {
        for optimizer in optimizers() {
            let mut expected: Option<Vec<Vec<f32>>> = None;
            for ctx in in_windows() {
                model.random = Random::new(5);
                let (values, jagged, matrix) = model.values(&ctx);
                let expected = expected.get_or_insert_with(|| of_bags(&model, optimizer, &values));
                let mut rows = model.build(&ctx, optimizer);
                let batch = model.bags(&rows);
                rows.update(&batch, &jagged).unwrap();
                rows.update(&batch, &matrix).unwrap();
                let name = common::name_of(&ctx);
                let what = format!("{optimizer:?} on {name}");
                common::assert_agrees(&ctx, &what, &rows.download().unwrap(), &expected.concat());
                assert_eq!(rows.steps(), 2);
            }
        }
    }
}

#[test]
fn the_gradient_of_pooled_rows_goes_to_each_of_them() {
    for mut model in models() {
        for ctx in contexts() {
            for pooling in [Pooling::Sum, Pooling::Mean] {
                let mut rows = model.build(&ctx, Sgd { lr: 1.0, ..Default::default() });
                let batch = model.bags(&rows);
                let cols = model.widest();
                let grad = model.random.floats(model.lengths.len() * cols);
                let matrix = Matrix::from_slice(&ctx, &grad, model.lengths.len(), cols).unwrap();
                rows.update(&batch, &RowValues::Pooled(matrix, pooling)).unwrap();
                let mut expected: Vec<Vec<f64>> =
                    model.rows.iter().map(|row| row.iter().map(|&value| value.into()).collect()).collect();
                let mut ids = model.ids.iter();
                for (bag, &length) in model.lengths.iter().enumerate() {
                    let factor = if pooling == Pooling::Mean { 1.0 / f64::from(length) } else { 1.0 };
                    for &id in ids.by_ref().take(length as usize) {
                        for (value, grad) in expected[id as usize].iter_mut().zip(&grad[bag * cols..]) {
                            *value -= f64::from(*grad) * factor;
                        }
                    }
                }
                for (value, expected) in rows.download().unwrap().into_iter().zip(expected.concat()) {
                    assert_abs_diff_eq!(f64::from(value), expected, epsilon = 1e-4);
                }
            }
        }
    }
}

#[test]
fn rows_one_at_a_time_and_checkpoints() {
    for ctx in contexts() {
        let model = &models()[0];
        let mut rows = model.build(&ctx, Adagrad::default());
        assert_eq!((rows.rows(), rows.widest()), (600, 64));
        rows.write_row(7, &vec![2.5; model.dims[7]]).unwrap();
        assert_eq!(rows.read_row(7).unwrap(), vec![2.5; rows.dim(7).unwrap()]);
        assert_eq!(rows.read_row(8).unwrap(), model.rows[8]);
        let batch = rows.select(&model.ids).unwrap();
        let grad = RowValues::Jagged(rows.gather(&batch).unwrap());
        rows.update(&batch, &grad).unwrap();
        let mut checkpoint = Checkpoint::new();
        rows.export(&mut checkpoint, "rows").unwrap();
        let mut other = model.build(&ctx, Adagrad::default());
        other.import(&checkpoint, "rows").unwrap();
        // values, state and steps: the next step is the same too
        for store in [&mut rows, &mut other] {
            let batch = store.select(&model.ids).unwrap();
            store.update(&batch, &grad).unwrap();
        }
        assert_eq!(other.download().unwrap(), rows.download().unwrap());
        assert_eq!((other.steps(), rows.steps()), (2, 2));
    }
}

#[test]
fn empty_batches() {
    for ctx in contexts() {
        let mut rows = VariableRows::builder(&ctx).rows(3, 4).optimizer(Sgd::default()).build().unwrap();
        let before = rows.download().unwrap();
        let batch = rows.bags(&[0u32; 0], &[0, 0]).unwrap();
        assert!(batch.is_empty());
        let values = rows.gather(&batch).unwrap();
        assert_eq!(values.size(), 0);
        assert_eq!(rows.gather_padded(&batch).unwrap().rows(), 0);
        assert_eq!(rows.pool(&batch, Pooling::Mean).unwrap().to_vec(&ctx).unwrap(), [0.0; 8]);
        rows.update(&batch, &RowValues::Jagged(values.clone())).unwrap();
        rows.scatter_add(&batch, &RowValues::Jagged(values.clone())).unwrap();
        rows.scatter_assign(&batch, &RowValues::Jagged(values)).unwrap();
        assert_eq!((rows.download().unwrap(), rows.steps()), (before, 1));
    }
}

#[test]
fn ids_that_stand_for_no_row_are_zeros() {
    for ctx in contexts() {
        let builder = VariableRows::builder(&ctx).rows(3, 4).rows(9, 3).feature("f", Pooling::Sum).padding(5);
        let mut rows = builder.bounds(Bounds::Skip).optimizer(Sgd::new(0.1)).build().unwrap();
        let batch = rows.select(&[1u32, 5, 11, 70]).unwrap();
        assert_eq!((batch.values(), batch.skipped().unwrap()), (7, 1));
        let out = Matrix::from_slice(&ctx, &[9.0; 16], 4, 4).unwrap();
        let mut rec = Recorder::new(&ctx);
        rows.record_gather_padded(&mut rec, &batch, &out).unwrap();
        rec.run().unwrap();
        let out = out.to_vec(&ctx).unwrap();
        let expected = [rows.read_row(1).unwrap(), vec![0.0; 4], rows.read_row(11).unwrap(), vec![0.0; 5]];
        assert_eq!(out, expected.concat());
        // nothing is added anywhere, one after the other or in rows
        let before = rows.download().unwrap();
        for ones in [
            RowValues::Jagged(Buffer::from_slice(&ctx, &[1.0f32; 7]).unwrap()),
            RowValues::Padded(Matrix::from_slice(&ctx, &[1.0; 16], 4, 4).unwrap()),
        ] {
            rows.scatter_add(&batch, &ones).unwrap();
        }
        let added: f32 = rows.download().unwrap().iter().zip(&before).map(|(a, b)| a - b).sum();
        assert!(abs_diff_eq!(added, 14.0, epsilon = 1e-5), "{added}");
    }
}

#[test]
fn ids_from_the_device_are_those_of_the_host() {
    for ctx in contexts() {
        let describe = || {
            VariableRows::builder(&ctx)
                .rows(7, 3)
                .rows(40, 8)
                .rows(9, 4)
                .rows(4, 3)
                .feature("a", Pooling::Sum)
                .feature("b", Pooling::Mean)
                .padding(11)
                .optimizer(Sgd::new(0.1))
        };
        let mut random = Random::new(4);
        let lengths: Vec<u32> = (0..2 * 30).map(|_| random.below(6)).collect();
        let count: u32 = lengths.iter().sum();
        let ids: Vec<u32> =
            (0..count).map(|_| if random.below(4) == 0 { 11 } else { random.below(60) }).collect();
        let weights = random.floats(ids.len());
        let (mut here, mut there) = (describe().build().unwrap(), describe().build().unwrap());
        let of_host = here.find_from_lengths(&ids, &lengths, Some(&weights)).unwrap();
        let given = |ids: &[u32]| {
            let [ids, lengths] = [ids, &lengths].map(|words| Buffer::from_slice(&ctx, words).unwrap());
            DeviceBatch::from_lengths(30, ids, lengths).weights(Buffer::from_slice(&ctx, &weights).unwrap())
        };
        let mut rec = Recorder::new(&ctx);
        let of_device = there.record_find_from_device(&mut rec, given(&ids)).unwrap();
        rec.run().unwrap();
        let [expected, found] =
            [here.forward(&of_host), there.forward(&of_device)].map(|out| out.unwrap().to_vec(&ctx).unwrap());
        assert!(expected.iter().any(|&value| value != 0.0));
        common::assert_bits("outputs", &found, &expected);
        let grad = Matrix::from_slice(&ctx, &expected, 30, 16).unwrap();
        let [expected, found] = [here.weight_grad(&of_host, &grad), there.weight_grad(&of_device, &grad)]
            .map(|out| out.unwrap().read::<f32>(&ctx).unwrap());
        common::assert_bits("gradient of weights", &found, &expected);
        here.backward(&of_host, &grad).unwrap();
        there.backward(&of_device, &grad).unwrap();
        common::assert_bits("rows", &there.download().unwrap(), &here.download().unwrap());
        // those that are moved as they are come from the host
        let error = there.gather_padded(&of_device).unwrap_err().to_string();
        assert_eq!(error, "batch: expected one of ids from the host, got one of ids from the device");
        // a bad id is an error, and nothing is written
        let mut bad = ids.clone();
        bad[5] = 60;
        let before = there.download().unwrap();
        let mut rec = Recorder::new(&ctx);
        let batch = there.record_find_from_device(&mut rec, given(&bad)).unwrap();
        there.record_backward(&mut rec, &batch, &grad).unwrap();
        let error = rec.run().unwrap_err().to_string();
        assert!(error.ends_with("id 60 out of range for 60 rows"), "{error}");
        common::assert_bits("rows", &there.download().unwrap(), &before);
        // and from a file
        let folder = tempfile::tempdir().unwrap();
        there.save(folder.path().join("rows.safetensors")).unwrap();
        let mut loaded = describe().build().unwrap();
        loaded.load(folder.path().join("rows.safetensors")).unwrap();
        assert_eq!((loaded.steps(), loaded.download().unwrap()), (there.steps(), before));
    }
}

#[test]
fn mistakes() {
    let ctx = Context::cpu();
    let says = |error: Error, text: &str| assert_eq!(error.to_string(), text);
    says(VariableRows::builder(&ctx).build().unwrap_err(), "rows: expected at least one, got 0");
    says(
        VariableRows::builder(&ctx).dims(&[4, 0]).build().unwrap_err(),
        "dims: expected 1 column or more for each row, got 0",
    );
    let mut rows = VariableRows::builder(&ctx).rows(3, 4).rows(2, 8).build().unwrap();
    says(
        rows.select(&[0u64, 5]).unwrap_err(),
        "feature \"rows\", example 1, position 1: id 5 out of range for 5 rows",
    );
    says(rows.bags(&[0u32, 1], &[3]).unwrap_err(), "lengths: expected a sum of 2, the number of ids, got 3");
    says(rows.read_row(5).unwrap_err(), "table \"rows\": row 5 out of range for 5 rows");
    says(rows.upload(&[0.0; 3]).unwrap_err(), "values: expected 28 values of all rows, got 3");
    let batch = rows.select(&[0u32, 3]).unwrap();
    let described = || VariableRows::builder(&ctx).rows(3, 4).rows(2, 8);
    says(
        described().feature("f", Pooling::Max).build().unwrap_err(),
        "feature \"f\": expected a sum, a mean or a sequence, for rows of differing dimensions, got a maximum",
    );
    let two = described().feature("f", Pooling::Sum).feature("g", Pooling::Mean).build().unwrap();
    says(two.select(&[1u32]).unwrap_err(), "features: expected one, for ids without a name, got 2");
    let halves = described().precision(embag::Precision::F16).build().unwrap();
    says(
        halves.gather(&halves.select(&[1u32]).unwrap()).unwrap_err(),
        "rows: expected values of f32, which are moved as they are, got F16",
    );
    let bags = rows.bags(&[0u32], &[1]).unwrap();
    says(rows.pool(&bags, Pooling::Max).unwrap_err(), "pooling: expected a sum or mean, got Max");
    let short = Buffer::from_slice(&ctx, &[0f32; 11]).unwrap();
    says(
        rows.scatter_add(&batch, &RowValues::Jagged(short.clone())).unwrap_err(),
        "values: expected 12 values, 48 bytes, got 44 bytes",
    );
    let narrow = Matrix::zeros(&ctx, 2, 4).unwrap();
    says(
        rows.scatter_add(&batch, &RowValues::Padded(narrow)).unwrap_err(),
        "values: expected 2 x 8, got 2 x 4",
    );
    let pooled = RowValues::Pooled(Matrix::zeros(&ctx, 1, 8).unwrap(), Pooling::Sum);
    says(
        rows.scatter_assign(&bags, &pooled).unwrap_err(),
        "values: expected jagged or padded ones, got pooled ones",
    );
    let full = RowValues::Jagged(Buffer::from_slice(&ctx, &[0f32; 12]).unwrap());
    says(rows.update(&batch, &full).unwrap_err(), "optimizer: expected one, for a backward, got none");
    let mut other = VariableRows::builder(&ctx).rows(5, 8).build().unwrap();
    says(
        other.scatter_add(&batch, &full).unwrap_err(),
        "batch: expected one of these rows, got one of others",
    );
    assert!(matches!(
        rows.scatter_add(
            &batch,
            &RowValues::Jagged(Buffer::from_slice(&Context::cpu(), &[0f32; 12]).unwrap())
        ),
        Err(Error::WrongContext { .. })
    ));
}
