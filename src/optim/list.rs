//! The list of fused optimizers. From its rows come the kernels' variants with their shader files, what is
//! known of state and sums, the match of the CPU twin, and the public enum with the names that checkpoints
//! use.

/// Hands the list to another macro.
///
/// A row: the type of its hyper-parameters, which has the row function; the name of its shader file and in
/// checkpoints; the kind of its state; values of state for each element, and words for the row; sums over the
/// row that come before the step; `norms` if the step is scaled by the norms of row and step (else `one`);
/// `set` if the step is the new row (`less` if it is taken from the old one).
///
/// What follows behind the rows are further kernels of optimizers that have a row.
macro_rules! optimizers {
    ($then:ident) => {
        $then! {
            {
                Sgd: "sgd", none, 0, 0, 0, one, less;
                RowwiseAdagrad: "rowwise_adagrad", row, 0, 1, 1, one, less;
                Adagrad: "adagrad", elements, 1, 0, 0, one, less;
                Adam: "adam", elements, 2, 0, 0, one, less;
                PartialRowwiseAdam: "partial_rowwise_adam", elements, 1, 1, 1, one, less;
                Lamb: "lamb", elements, 2, 0, 1, norms, less;
                PartialRowwiseLamb: "partial_rowwise_lamb", elements, 1, 1, 2, norms, less;
                LarsSgd: "lars_sgd", elements, 1, 0, 1, one, less;
                FrequencySgd: "frequency_sgd", row, 0, 1, 0, one, less;
                RowwiseAdagradCounter: "rowwise_adagrad_counter", row, 0, 3, 1, one, less;
                Ftrl: "ftrl", elements, 2, 0, 0, one, set;
            }
            {
                AdamByRow: "adam_by_row", elements, 2, 1, 0, one, less;
            }
        }
    };
}
pub(crate) use optimizers;
