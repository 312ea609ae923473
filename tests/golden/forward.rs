//! FBGEMM's forward of mixed dims, ids that are no rows, and a batch size for each feature.

use embag::optim::RowwiseAdagrad;
use embag::{Bounds, Context, EmbeddingBags, Error, Init, Matrix, Pooling, Table};

use crate::common::{self, assert_close};
use crate::golden::Golden;

struct Fields {
    file: Golden,
    /// Rows and columns of the tables, and the table of each feature.
    tables: Vec<(usize, usize)>,
    map: Vec<usize>,
}

impl Fields {
    fn open() -> Self {
        let file = Golden::open("tbe_forward_extra");
        let tables = (0..).map(|t| format!("weights.{t}")).take_while(|field| file.has(field));
        let tables = tables.map(|field| file.shape(&field)).map(|shape| (shape[0], shape[1])).collect();
        let map = file.ints("feature_table_map").into_iter().map(|t| usize::try_from(t).unwrap()).collect();
        Self { file, tables, map }
    }

    fn bags(&self, ctx: &Context, bounds: Bounds) -> EmbeddingBags {
        // the step that the golden README describes
        let optimizer = RowwiseAdagrad { lr: 0.1, eps: 1e-8, ..Default::default() };
        let mut builder = EmbeddingBags::builder(ctx).optimizer(optimizer).bounds(bounds);
        for (t, &(rows, dim)) in self.tables.iter().enumerate() {
            builder = builder.table(&t.to_string(), Table::rows(rows).dim(dim).init(Init::Zero));
        }
        for (f, t) in self.map.iter().enumerate() {
            builder = builder.feature(&format!("f{f}"), &t.to_string(), Pooling::Sum);
        }
        let mut bags = builder.build().expect("the bags");
        for t in 0..self.tables.len() {
            bags.upload(&t.to_string(), &self.file.floats(&format!("weights.{t}"))).expect("upload");
        }
        bags
    }

    /// The forward in `f64`, where ids that are no rows count as nothing.
    fn exact(&self, ids: &[i64], offsets: &[u32], batch: usize) -> Vec<f32> {
        let width: usize = self.map.iter().map(|&t| self.tables[t].1).sum();
        let mut out = vec![0.0f64; batch * width];
        let mut column = 0;
        for (f, &t) in self.map.iter().enumerate() {
            let (rows, dim) = self.tables[t];
            let weights = self.file.floats(&format!("weights.{t}"));
            for b in 0..batch {
                for &id in &ids[offsets[f * batch + b] as usize..offsets[f * batch + b + 1] as usize] {
                    let Some(id) = usize::try_from(id).ok().filter(|&id| id < rows) else { continue };
                    for c in 0..dim {
                        out[b * width + column + c] += f64::from(weights[id * dim + c]);
                    }
                }
            }
            column += dim;
        }
        #[allow(clippy::cast_possible_truncation, reason = "rounding to f32 is meant")]
        out.into_iter().map(|value| value as f32).collect()
    }
}

#[test]
fn golden_mixed_dims() {
    let fields = Fields::open();
    for ctx in common::devices() {
        let bags = fields.bags(&ctx, Bounds::Error);
        let (ids, offsets) = (fields.file.ints("indices"), fields.file.offsets("offsets"));
        let batch = bags.batch_from_offsets(&ids, &offsets, None).unwrap();
        let out = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
        assert_close("out", &out, &fields.file.floats("out"), 1e-6);
    }
}

/// FBGEMM takes row 0 for ids that are no rows; ours are an error, or left out and counted.
#[test]
fn golden_bad_ids() {
    let fields = Fields::open();
    let signed = fields.file.signed("bad_indices");
    // negative ids are far beyond any table
    let ids: Vec<u64> = signed.iter().map(|id| id.cast_unsigned()).collect();
    let offsets = fields.file.offsets("offsets");
    let batch = usize::try_from(fields.file.ints("batch")[0]).unwrap();
    for ctx in common::devices() {
        let error = fields.bags(&ctx, Bounds::Error).batch_from_offsets(&ids, &offsets, None).unwrap_err();
        assert!(matches!(error, Error::IdOutOfRange { position: 0, id: 10_000, .. }), "{error}");
        let bags = fields.bags(&ctx, Bounds::Skip);
        let made = bags.batch_from_offsets(&ids, &offsets, None).unwrap();
        assert_eq!(made.skipped().unwrap(), 3);
        let out = bags.forward(&made).unwrap().to_vec(&ctx).unwrap();
        assert_close("exact", &out, &fields.exact(&signed, &offsets, batch), 1e-6);
    }
}

#[test]
fn golden_variable_batch() {
    let fields = Fields::open();
    let examples: Vec<usize> =
        fields.file.ints("vbe_batch_sizes").into_iter().map(|b| usize::try_from(b).unwrap()).collect();
    let ids = fields.file.ints("vbe_indices");
    let lengths: Vec<u32> =
        fields.file.offsets("vbe_offsets").windows(2).map(|pair| pair[1] - pair[0]).collect();
    for ctx in common::devices() {
        let mut bags = fields.bags(&ctx, Bounds::Error);
        let batch = bags.batch_from_variable_lengths(&ids, &lengths, &examples, None).unwrap();
        let outs = bags.forward_features(&batch).unwrap();
        let found: Vec<f32> = outs.iter().flat_map(|out| out.to_vec(&ctx).unwrap()).collect();
        assert_close("vbe_out", &found, &fields.file.floats("vbe_out"), 1e-6);
        let grad = fields.file.floats("vbe_grad_out");
        let mut rest = &grad[..];
        let grads: Vec<Matrix> = outs
            .iter()
            .map(|out| {
                let (now, later) = rest.split_at(out.rows() * out.cols());
                rest = later;
                Matrix::from_slice(&ctx, now, out.rows(), out.cols()).unwrap()
            })
            .collect();
        bags.backward(&batch, &grads).unwrap();
        for t in 0..fields.tables.len() {
            let (table, name) = (t.to_string(), format!("vbe_weights_after.{t}"));
            assert_close(&name, &bags.download(&table).unwrap(), &fields.file.floats(&name), 1e-6);
            let name = format!("vbe_state1_after.{t}");
            assert_close(
                &name,
                &bags.download_state(&table, "sum").unwrap(),
                &fields.file.floats(&name),
                1e-6,
            );
        }
    }
}
