//! Public types go from thread to thread, and are shared between them: this compiles, or it is a mistake.

use embag::bag::{BatchBuilder, Batches, EmbeddingBagsBuilder, ForCache};
use embag::cached::{CachedBagsBuilder, CachedBatch};
use embag::chunked::{ChunkedBatch, ChunkedTables, ChunkedTablesBuilder, ExportedRows, PrunedTables};
use embag::dense::{CrossLayer, CrossNet, Dhen, DhenBuilder, DhenLayer, Linear, Mlp};
use embag::directory::{DeviceIds, IdDirectory};
use embag::jagged::{Bucketized, KeyedJagged, Offsets, PooledOrder};
use embag::optim::Optimizer;
use embag::quant::accuracy::{PairedNe, Shadow};
use embag::quant::calibration::{Observer, Outliers};
use embag::quant::{
    CodeMatrix, Int8Linear, QuantizedBags, QuantizedBagsBuilder, QuantizedMlp, QuantizedWeight,
    WeightOnlyLinear,
};
use embag::variable::{RowValues, VariableBatch, VariableRows, VariableRowsBuilder};
use embag::{
    Buffer, CachedBags, Checkpoint, Context, DeviceBatch, EmbeddingBags, Error, JaggedBatch, Matrix,
    Readback, Recorder, SparseGradient, Submission, Table,
};

fn send_and_sync<T: Send + Sync>() {}

macro_rules! all {
    ($($of:ty),+ $(,)?) => {
        #[test]
        fn public_types_are_send_and_sync() {
            $(send_and_sync::<$of>();)+
        }
    };
}

all! {
    BatchBuilder, Batches, Batches<ForCache>, Buffer, CachedBags, CachedBagsBuilder, CachedBatch, Checkpoint, Context, DeviceBatch,
    EmbeddingBags, EmbeddingBagsBuilder, Error, JaggedBatch, Matrix, Optimizer, Readback<u32>,
    Recorder, SparseGradient, Submission, Table,
    ChunkedBatch, ChunkedTables, ChunkedTablesBuilder, DeviceIds, ExportedRows, IdDirectory, PrunedTables,
    CrossLayer, CrossNet, Dhen, DhenBuilder, DhenLayer, Linear, Mlp,
    Bucketized, KeyedJagged, Offsets, PooledOrder,
    PairedNe, Shadow, Observer, Outliers,
    CodeMatrix, Int8Linear, QuantizedBags, QuantizedBagsBuilder, QuantizedMlp, QuantizedWeight, WeightOnlyLinear,
    RowValues, VariableBatch, VariableRows, VariableRowsBuilder,
}
