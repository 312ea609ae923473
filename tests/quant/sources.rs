//! Quantised tables of every kind of table look up what that kind does.

use embag::chunked::ChunkedTables;
use embag::optim::RowwiseAdagrad;
use embag::quant::{RangeSearch, RowFormat};
use embag::{CachedBags, EmbeddingBags, Pooling, QuantizedBags, Table};

use crate::common::devices;

const IDS: [u64; 6] = [1 << 40, 7, 900, 7, 12_345_678_901, 3];

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn exact(_table: &str) -> (RowFormat, RangeSearch) {
    (RowFormat::F32, RangeSearch::MinMax)
}

#[test]
fn of_cached_bags() {
    for ctx in devices() {
        macro_rules! built {
            ($builder:expr $(, $slots:expr)?) => {
                $builder
                    .table("rows", Table::rows(30).dim(8) $(, $slots)?)
                    .table("raw", Table::raw_ids(30).dim(4) $(, $slots)?)
                    .feature("rows", "rows", Pooling::Mean)
                    .padding(3)
                    .feature("raw", "raw", Pooling::Mean)
                    .optimizer(RowwiseAdagrad::new(0.3))
                    .build()
                    .unwrap()
            };
        }
        let mut plain = built!(EmbeddingBags::builder(&ctx));
        let mut cached = built!(CachedBags::builder(&ctx), 7);
        for shift in 0..4u32 {
            let rows = [shift, shift + 9, 3, shift * 5];
            let batch = plain.admit(plain.batch().bags("rows", &rows, &[3, 1]).bags("raw", &IDS, &[2, 4]));
            let batch = batch.unwrap();
            let pooled = plain.forward(&batch).unwrap();
            plain.backward(&batch, &pooled).unwrap();
            let batch = cached.admit(cached.batch().bags("rows", &rows, &[3, 1]).bags("raw", &IDS, &[2, 4]));
            let batch = batch.unwrap();
            let pooled = cached.forward(&batch).unwrap();
            cached.backward(&batch, &pooled).unwrap();
        }
        for choose in [exact, |_: &str| (RowFormat::Int4, RangeSearch::Greedy)] {
            let [of_plain, of_cached] =
                [QuantizedBags::of(&plain, choose).unwrap(), QuantizedBags::of(&mut cached, choose).unwrap()];
            let looked_up = [of_plain, of_cached].map(|served| {
                let begun = served.batch().bags("rows", &[0u32, 3, 9, 5], &[3, 1]);
                let batch = served.find(begun.bags("raw", &[7u64, 8, 3, 900], &[2, 2])).unwrap();
                assert_eq!(batch.skipped().unwrap(), 1);
                bits(&served.forward(&batch).unwrap().to_vec(&ctx).unwrap())
            });
            assert_eq!(looked_up[0], looked_up[1], "{ctx:?}");
        }
    }
}

#[test]
fn of_chunked_and_pruned_tables() {
    let folder = tempfile::tempdir().unwrap();
    for ctx in devices() {
        let mut tables = ChunkedTables::builder(&ctx)
            .table("a", 40, 16)
            .table("empty", 5, 8)
            .feature("sum", "a", Pooling::Sum)
            .feature("mean", "a", Pooling::Mean)
            .feature("none", "empty", Pooling::Mean)
            .chunk_width(4)
            // fewer than four for each row
            .slots(14)
            .optimizer(RowwiseAdagrad::new(0.3))
            .build()
            .unwrap();
        macro_rules! filled {
            ($batch:expr) => {
                $batch.bags("sum", &IDS, &[2, 4]).bags("mean", &IDS[1..], &[5, 0]).bags(
                    "none",
                    &[1u64; 0],
                    &[0, 0],
                )
            };
        }
        let batch = tables.admit(filled!(tables.batch())).unwrap();
        let pooled = tables.forward(&batch).unwrap();
        tables.backward(&batch, &pooled).unwrap();
        let pruned = tables.pruned().unwrap();
        let of_chunked = QuantizedBags::of(&tables, exact).unwrap();
        let of_pruned = QuantizedBags::of(&pruned, exact).unwrap();
        let path = folder.path().join("served");
        of_chunked.save(&path).unwrap();
        let loaded = QuantizedBags::from_file(&ctx, &path).unwrap();
        // with ids that have no row, which count for a mean there
        macro_rules! asked {
            ($batch:expr) => {
                $batch
                    .bags("sum", &[7u64, 8, 3], &[1, 2])
                    .bags("mean", &[900u64, 4, 7, 1 << 40], &[3, 1])
                    .bags("none", &[5u64], &[1, 0])
            };
        }
        let expected = tables.forward(&tables.find(asked!(tables.batch())).unwrap()).unwrap();
        let expected = expected.to_vec(&ctx).unwrap();
        assert!(expected.iter().any(|value| *value != 0.0));
        for served in [of_chunked, of_pruned, loaded] {
            let batch = served.find(asked!(served.batch())).unwrap();
            let got = served.forward(&batch).unwrap().to_vec(&ctx).unwrap();
            assert_eq!(bits(&got), bits(&expected), "{ctx:?}");
        }
    }
}
