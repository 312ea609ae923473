//! Dense layers, their losses and optimizers.

pub(crate) mod activation_grad;
pub(crate) mod add_scaled;
pub(crate) mod batch_product;
pub(crate) mod bce;
pub(crate) mod column_sum;
pub(crate) mod conv2d;
pub(crate) mod conv2d_grad;
pub(crate) mod cross;
pub(crate) mod cross_grad;
pub(crate) mod dense_update;
pub(crate) mod interaction;
pub(crate) mod interaction_grad;
pub(crate) mod layer_norm;
pub(crate) mod layer_norm_grad;
pub(crate) mod linear;
pub(crate) mod linear_cooperative;
pub(crate) mod normalize_rows;
pub(crate) mod normalize_rows_grad;
pub(crate) mod softmax_cross_entropy;
pub(crate) mod softmax_rows;
pub(crate) mod softmax_rows_grad;
pub(crate) mod sum_slices;
