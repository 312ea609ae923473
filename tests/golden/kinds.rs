//! FBGEMM's steps by every kind of table that can take them: cached bags, raw ids, rows of differing dimensions, and
//! chunked tables where an optimizer's state is one for each value.

use embag::{
    CachedBags, ChunkedTables, Context, EmbeddingBags, Embeddings, Matrix, Pooling, Recorder, Table,
    VariableRows,
};

use crate::common::{self, assert_close};
use crate::golden::Golden;
use crate::tbe::{Shape, optimizer, pooling, rules};

/// Files of `f32` without peculiarities of FBGEMM, and the tolerance.
const FILES: [(&str, f64); 16] = [
    ("tbe_sgd", 1e-6),
    ("tbe_sgd_weighted", 1e-6),
    ("tbe_adagrad", 1e-6),
    ("tbe_rowwise_adagrad", 1e-6),
    ("tbe_rowwise_adagrad_eps1e-2", 1e-6),
    ("tbe_rowwise_adagrad_l2", 1e-6),
    ("tbe_rowwise_adagrad_mean", 1e-6),
    ("tbe_rowwise_adagrad_weighted", 1e-6),
    ("tbe_rowwise_adagrad_nobag", 1e-6),
    ("tbe_rowwise_adagrad_clip", 1e-6),
    ("tbe_adam", 1e-5),
    ("tbe_adam_wd", 1e-5),
    ("tbe_adam_rowwise_bias_correction", 1e-5),
    ("tbe_partial_rowwise_adam", 1e-5),
    ("tbe_lamb", 1e-5),
    ("tbe_lars_sgd", 1e-5),
];

/// Those whose state and norms are of single values.
const BY_VALUE: [&str; 5] = ["tbe_sgd", "tbe_sgd_weighted", "tbe_adagrad", "tbe_adam", "tbe_adam_wd"];

/// How a kind knows the ids and rows of a file.
struct As<T> {
    kind: &'static str,
    tables: T,
    /// What is added to the ids of a table.
    first: Vec<u64>,
    /// Columns of each feature's output.
    cols: Vec<usize>,
    rows: fn(&mut T, usize, &Shape) -> Vec<f32>,
}

/// What a file has for each feature: `[rows, dim]`.
fn by_feature(shape: &Shape, pooling: Pooling, values: &[f32], counts: &[usize]) -> Vec<Vec<f32>> {
    let dims: Vec<usize> = shape.map.iter().map(|&t| shape.tables[t].1).collect();
    let (mut at, all) = (0, dims.iter().sum::<usize>());
    let of_feature = |(&dim, &count): (&usize, &usize)| {
        let begin = at;
        if pooling == Pooling::None {
            at += count * dim;
            return values[begin..at].to_vec();
        }
        at += dim;
        values.chunks(all).flat_map(|row| &row[begin..begin + dim]).copied().collect()
    };
    dims.iter().zip(counts).map(of_feature).collect()
}

fn check<T: Embeddings>(ctx: &Context, name: &str, tolerance: f64, of: As<T>) {
    let As { kind, mut tables, first, cols, rows } = of;
    let file = Golden::open(name);
    let (shape, pooling) = (Shape::of(&file), pooling(name));
    for step in (0..).take_while(|step| file.has(&format!("indices.{step}"))) {
        let what = format!("{name} step {step}, {kind} on {}", common::name_of(ctx));
        let offsets = file.offsets(&format!("offsets.{step}"));
        let lengths: Vec<u32> = offsets.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let counts: Vec<usize> =
            lengths.chunks(shape.batch).map(|lengths| lengths.iter().sum::<u32>() as usize).collect();
        let mut ids = file.ints(&format!("indices.{step}"));
        let mut rest = &mut ids[..];
        for (&count, &table) in counts.iter().zip(&shape.map) {
            let (own, later) = rest.split_at_mut(count);
            own.iter_mut().for_each(|id| *id += first[table]);
            rest = later;
        }
        let psw = format!("psw.{step}");
        let weights = file.has(&psw).then(|| file.floats(&psw));
        let batch = tables.admit(&ids, &lengths, weights.as_deref()).unwrap();
        let outs = tables.pooled_features(&batch).unwrap();
        let expected = by_feature(&shape, pooling, &file.floats(&format!("out.{step}")), &counts);
        let grads = by_feature(&shape, pooling, &file.floats(&format!("grad_out.{step}")), &counts);
        let mut matrices = Vec::new();
        for (f, (out, (expected, grad))) in outs.iter().zip(expected.iter().zip(&grads)).enumerate() {
            let (dim, cols) = (shape.tables[shape.map[f]].1, cols[f]);
            let found: Vec<f32> =
                out.to_vec(ctx).unwrap().chunks(cols).flat_map(|row| row[..dim].to_vec()).collect();
            assert_close(&format!("{what}, feature {f}"), &found, expected, tolerance);
            let wide = grad.chunks(dim).flat_map(|row| {
                let zeros = std::iter::repeat_n(0.0, cols - dim);
                row.iter().copied().chain(zeros)
            });
            matrices.push(Matrix::from_slice(ctx, &wide.collect::<Vec<_>>(), out.rows(), cols).unwrap());
        }
        let mut rec = Recorder::new(ctx);
        tables.record_backward(&mut rec, &batch, &matrices).unwrap();
        rec.run().unwrap();
        for t in 0..shape.tables.len() {
            let expected = file.floats(&format!("weights.{step}.{t}"));
            assert_close(&format!("{what}, table {t}"), &rows(&mut tables, t, &shape), &expected, tolerance);
        }
    }
}

/// The initial rows of a table.
fn initial(file: &Golden, table: usize) -> Vec<f32> {
    file.floats(&format!("weights_init.{table}"))
}

/// The bags of a file by a builder that has its tables already.
macro_rules! bags {
    ($builder:expr, $name:expr, $file:expr, $shape:expr) => {{
        let mut builder = $builder;
        for (f, t) in $shape.map.iter().enumerate() {
            builder = builder.feature(&format!("f{f}"), &t.to_string(), pooling($name));
        }
        builder.optimizer(optimizer($name, $file)).update_rules(rules($name, $file).0).build().unwrap()
    }};
}

fn own_columns(shape: &Shape) -> Vec<usize> {
    shape.map.iter().map(|&t| shape.tables[t].1).collect()
}

#[test]
fn steps_of_every_kind() {
    for ctx in common::devices() {
        for (name, tolerance) in FILES {
            let file = Golden::open(name);
            let shape = Shape::of(&file);
            let (zeros, cols) = (vec![0; shape.tables.len()], own_columns(&shape));

            let mut builder = CachedBags::builder(&ctx);
            for (t, &(rows, dim)) in shape.tables.iter().enumerate() {
                builder = builder.table(&t.to_string(), Table::rows(rows).dim(dim), rows);
            }
            let mut tables = bags!(builder, name, &file, shape);
            (0..shape.tables.len()).for_each(|t| tables.upload(&t.to_string(), &initial(&file, t)).unwrap());
            let rows =
                |tables: &mut CachedBags, t: usize, _: &Shape| tables.download(&t.to_string()).unwrap();
            let (first, cols_of) = (zeros.clone(), cols.clone());
            check(&ctx, name, tolerance, As { kind: "cached", tables, first, cols: cols_of, rows });

            let mut builder = EmbeddingBags::builder(&ctx);
            for (t, &(rows, dim)) in shape.tables.iter().enumerate() {
                builder = builder.table(&t.to_string(), Table::raw_ids(rows).dim(dim));
            }
            let mut tables = bags!(builder, name, &file, shape);
            admit_all(&mut tables, &shape);
            for (t, &(count, dim)) in shape.tables.iter().enumerate() {
                let places = places(&tables, t, count);
                for (row, values) in places.into_iter().zip(initial(&file, t).chunks(dim)) {
                    tables.write_row(&t.to_string(), row, values).unwrap();
                }
            }
            let rows = |tables: &mut EmbeddingBags, t: usize, shape: &Shape| {
                let places = places(tables, t, shape.tables[t].0);
                places.into_iter().flat_map(|row| tables.read_row(&t.to_string(), row).unwrap()).collect()
            };
            let (first, cols_of) = (zeros.clone(), cols.clone());
            check(&ctx, name, tolerance, As { kind: "raw ids", tables, first, cols: cols_of, rows });

            let mut builder = VariableRows::builder(&ctx);
            let mut first = vec![0u64];
            for &(rows, dim) in &shape.tables {
                builder = builder.rows(rows, dim);
                first.push(first[first.len() - 1] + rows as u64);
            }
            for f in 0..shape.map.len() {
                builder = builder.feature(&format!("f{f}"), pooling(name));
            }
            let builder = builder.optimizer(optimizer(name, &file)).update_rules(rules(name, &file).0);
            let mut tables = builder.build().unwrap();
            let all: Vec<f32> = (0..shape.tables.len()).flat_map(|t| initial(&file, t)).collect();
            tables.upload(&all).unwrap();
            let rows = |tables: &mut VariableRows, t: usize, shape: &Shape| {
                let sizes: Vec<usize> = shape.tables.iter().map(|(rows, dim)| rows * dim).collect();
                let begin = sizes[..t].iter().sum::<usize>();
                tables.download().unwrap()[begin..begin + sizes[t]].to_vec()
            };
            let wide = vec![tables.widest(); shape.map.len()];
            check(&ctx, name, tolerance, As { kind: "variable", tables, first, cols: wide, rows });

            if !BY_VALUE.contains(&name) {
                continue;
            }
            let mut builder = ChunkedTables::builder(&ctx).chunk_width(4).slots(1_000);
            for (t, &(rows, dim)) in shape.tables.iter().enumerate() {
                builder = builder.table(&t.to_string(), rows, dim);
            }
            let mut tables = bags!(builder, name, &file, shape);
            admit_all(&mut tables, &shape);
            for (t, &(_, dim)) in shape.tables.iter().enumerate() {
                for (id, values) in (0..).zip(initial(&file, t).chunks(dim)) {
                    tables.write_row(&t.to_string(), id, values).unwrap();
                }
            }
            let rows = |tables: &mut ChunkedTables, t: usize, shape: &Shape| {
                let row = |id| tables.row(&t.to_string(), id).unwrap().expect("it was admitted").values;
                (0..shape.tables[t].0 as u64).flat_map(row).collect()
            };
            check(&ctx, name, tolerance, As { kind: "chunked", tables, first: zeros, cols, rows });
        }
    }
}

/// Gives all ids of all tables a row, each table's by its first feature.
fn admit_all<T: Embeddings>(tables: &mut T, shape: &Shape) {
    for (t, &(rows, _)) in shape.tables.iter().enumerate() {
        let feature = format!("f{}", shape.map.iter().position(|&of| of == t).unwrap());
        let ids: Vec<u64> = (0..rows as u64).collect();
        let batch = tables.begin().only(&[&feature]).feature(&feature, &ids);
        tables.admit_named(batch).unwrap();
    }
}

/// The rows of the ids of a table.
fn places(tables: &EmbeddingBags, table: usize, rows: usize) -> Vec<u64> {
    let ids: Vec<u64> = (0..rows as u64).collect();
    let found = tables.directory(&table.to_string()).unwrap().find(&ids).unwrap();
    found.into_iter().map(u64::from).collect()
}
