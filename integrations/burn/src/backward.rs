//! Lookups as operations that burn differentiates.
//!
//! burn tracks what depends on something that requires a gradient. The tables are no tensors, so their
//! outputs depend on an anchor: a parameter of one number, of which there is no gradient.

use std::marker::PhantomData;
use std::sync::Arc;

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::{
    BalancedCheckpointing, CheckpointStrategy, NoCheckpointing,
};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn::backend::{Backend, DispatchKindConversion, Flex, Wgpu};
use burn::tensor::{Device, DispatchTensor, GradientCheckpointingStrategy, Tensor};
use embag::{Precision, Result};

use crate::kind::{Kind, Weighable};
use crate::memory::{Held, foreign};
use crate::tables::{Given, Shared};

/// A lookup that was made for training.
#[derive(Debug)]
pub(crate) struct Lookup<T: Kind> {
    pub(crate) shared: Arc<Shared<T>>,
    pub(crate) batch: T::Batch,
    /// The batch's weights, if they are memory of burn.
    pub(crate) weights: Option<Arc<Held>>,
}

impl<T: Kind> Clone for Lookup<T> {
    fn clone(&self) -> Self {
        let Self { shared, batch, weights } = self;
        Self { shared: shared.clone(), batch: batch.clone(), weights: weights.clone() }
    }
}

impl<T: Kind> Lookup<T> {
    fn keep(self, gradient: Tensor<2>) {
        let Self { shared, batch, weights } = self;
        shared.keep(Given { batch, gradient, weights });
    }
}

/// With the anchor as its only input.
#[derive(Debug)]
struct Pooled<T>(PhantomData<fn(T)>);

impl<T: Kind, B: Backend> Backward<B, 1> for Pooled<T>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    type State = Lookup<T>;

    fn backward(self, ops: Ops<Lookup<T>, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        ops.state.keep(Tensor::from_primitive::<B>(gradient));
    }
}

/// With per-sample weights as a second input. The state has the number of the step that the rows were of.
#[derive(Debug)]
struct Weighted<T>(PhantomData<fn(T)>);

impl<T: Weighable, B: Backend> Backward<B, 2> for Weighted<T>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    type State = (Lookup<T>, u32);

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = Tensor::from_primitive::<B>(gradients.consume::<B>(&ops.node));
        let (lookup, step) = ops.state;
        let [_, weights] = ops.parents;
        if let Some(node) = weights {
            let of_weights = of_weights(&lookup, step, &gradient).unwrap_or_else(|error| {
                let zeros = Tensor::zeros([T::ids(&lookup.batch)], &gradient.device());
                lookup.shared.fail(error);
                zeros
            });
            let of_weights = of_weights.try_into_primitive::<B>().expect("a tensor of the gradient's device");
            gradients.register::<B>(node.id, of_weights);
        }
        lookup.keep(gradient);
    }
}

/// The gradient of the weights, by the rows as they are.
fn of_weights<T: Weighable>(lookup: &Lookup<T>, step: u32, gradient: &Tensor<2>) -> Result<Tensor<1>> {
    let Lookup { shared, batch, .. } = lookup;
    shared.check_step(step)?;
    let held = shared.memory.floats(gradient.clone(), "gradient")?;
    let matrix = held.matrix(gradient.dims())?;
    let (out, work) = shared.memory.made([T::ids(batch)], Precision::F32, true, |rec, out, _| {
        shared.with(|tables| tables.record_weight_grad(rec, batch, &matrix, out))
    })?;
    shared.pend(work);
    Ok(out)
}

/// Calls a function for the backend of a tensor and the checkpointing strategy of a device, which have to be
/// types.
macro_rules! dispatch {
    ($device:expr, $out:expr, $function:ident $arguments:tt) => {{
        let balanced =
            $device.gradient_checkpointing_strategy() == Some(GradientCheckpointingStrategy::Balanced);
        let flex = $out.clone().try_into_primitive::<Flex>().is_ok();
        match (flex, balanced) {
            (false, false) => $function::<Wgpu, NoCheckpointing> $arguments,
            (false, true) => $function::<Wgpu, BalancedCheckpointing> $arguments,
            (true, false) => $function::<Flex, NoCheckpointing> $arguments,
            (true, true) => $function::<Flex, BalancedCheckpointing> $arguments,
        }
    }};
}

/// The output of a lookup, whose gradient the tables are to have.
pub(crate) fn track<T: Kind>(lookup: Lookup<T>, out: Tensor<2>, device: &Device) -> Result<Tensor<2>> {
    dispatch!(device, out, pooled(lookup, out, device))
}

/// The same where the weights, which `lookup` has, are to have a gradient too, by rows of a step.
pub(crate) fn track_weighted<T: Weighable>(
    lookup: (Lookup<T>, u32),
    out: Tensor<2>,
    weights: Tensor<1>,
    device: &Device,
) -> Result<Tensor<2>> {
    dispatch!(device, out, weighted(lookup, out, weights, device))
}

fn pooled<B: Backend, C: CheckpointStrategy>(
    lookup: Lookup<impl Kind>,
    out: Tensor<2>,
    device: &Device,
) -> Result<Tensor<2>>
where
    DispatchTensor: DispatchKindConversion<B> + DispatchKindConversion<Autodiff<B, C>>,
{
    let anchor = node::<B, C, 1>(anchor(device), "device")?;
    let out = out.try_into_primitive::<B>().map_err(|error| foreign("device", error))?;
    let operation = Pooled(PhantomData).prepare::<C>([anchor]).compute_bound().stateful();
    let out = match operation {
        OpsKind::Tracked(prepared) => prepared.finish(lookup, out),
        OpsKind::UnTracked(prepared) => prepared.finish(out),
    };
    Ok(Tensor::from_primitive::<Autodiff<B, C>>(out))
}

fn weighted<B: Backend, C: CheckpointStrategy>(
    lookup: (Lookup<impl Weighable>, u32),
    out: Tensor<2>,
    weights: Tensor<1>,
    device: &Device,
) -> Result<Tensor<2>>
where
    DispatchTensor: DispatchKindConversion<B> + DispatchKindConversion<Autodiff<B, C>>,
{
    let nodes = [node::<B, C, 1>(anchor(device), "device")?, node::<B, C, 1>(weights, "weights")?];
    let out = out.try_into_primitive::<B>().map_err(|error| foreign("device", error))?;
    let out = match Weighted(PhantomData).prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(lookup, out),
        OpsKind::UnTracked(prepared) => prepared.finish(out),
    };
    Ok(Tensor::from_primitive::<Autodiff<B, C>>(out))
}

fn anchor(device: &Device) -> Tensor<1> {
    Tensor::<1>::zeros([1], device).require_grad()
}

fn node<B: Backend, C: CheckpointStrategy, const D: usize>(
    tensor: Tensor<D>,
    argument: &str,
) -> Result<NodeGuard>
where
    DispatchTensor: DispatchKindConversion<Autodiff<B, C>>,
{
    let tensor = tensor.try_into_primitive::<Autodiff<B, C>>().map_err(|error| foreign(argument, error))?;
    Ok(tensor.into_parts().1)
}
