//! Tensors of burn as memory of embag, in place or through host memory.

use std::any::Any;

use burn::backend::wgpu::CubeBackend;
use burn::backend::{Flex, Wgpu};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use burn_cubecl::cubecl::wgpu::{AutoCompiler, WgpuResource, WgpuServer};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use embag::{Buffer, Context, Error, Matrix, Precision, Recorder, Result, Submission};

use crate::device::context_of;

/// Where burn's tensors lie, seen from embag's context.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    ctx: Context,
    /// Without autodiff.
    device: Device,
    /// Whether the context works on burn's device and queue. If not, it is one of the CPU.
    shared: bool,
}

/// A tensor's values, and what keeps burn from giving their memory to others.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) buffer: Buffer,
    _keep: Option<Keep>,
}

/// What burn knows the memory by. Its type is not exported.
struct Keep(#[expect(dead_code, reason = "it is kept")] Box<dyn Any + Send + Sync>);

impl std::fmt::Debug for Keep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keep")
    }
}

impl Held {
    pub(crate) fn matrix(&self, [rows, cols]: [usize; 2]) -> Result<Matrix> {
        Matrix::new(self.buffer.clone(), rows, cols, cols)
    }
}

pub(crate) fn invalid(argument: &str, expected: impl Into<String>, got: impl ToString) -> Error {
    Error::InvalidArgument { argument: argument.to_owned(), expected: expected.into(), got: got.to_string() }
}

impl Memory {
    /// How tables of `ctx` see tensors of `device`.
    pub(crate) fn new(ctx: &Context, device: &Device, outputs: Precision) -> Result<Self> {
        let device = device.clone().without_autodiff();
        let shared = match context_of(&device) {
            Some(of_device) if of_device == *ctx => true,
            None if ctx.is_cpu() => false,
            _ => return Err(Error::WrongContext { argument: "tables" }),
        };
        let probe = Tensor::<1>::zeros([1], (&device, DType::F32));
        if probe.clone().try_into_primitive::<Flex>().is_err() && probe.try_into_primitive::<Wgpu>().is_err()
        {
            return Err(invalid("device", "burn's Flex, or a device of cubecl", format!("{device:?}")));
        }
        if !device.supports_dtype(dtype(outputs)) {
            let expected = format!("one that burn computes with on {device:?}");
            return Err(invalid("output precision of the tables", expected, format!("{outputs:?}")));
        }
        Ok(Self { ctx: ctx.clone(), device, shared })
    }

    pub(crate) fn context(&self) -> &Context {
        &self.ctx
    }

    /// A new tensor, which `record` fills with values of the precision that it is told, and the work that
    /// does it, if it is not done yet; of zeros before, if they are to be.
    pub(crate) fn made<const D: usize>(
        &self,
        shape: [usize; D],
        precision: Precision,
        zeroed: bool,
        record: impl FnOnce(&mut Recorder, &Buffer, Precision) -> Result<()>,
    ) -> Result<(Tensor<D>, Option<Submission>)> {
        // burn panics on a device that is lost
        self.ctx.check_alive()?;
        let values: usize = shape.iter().product();
        let kind = dtype(precision);
        // rows of embag's matrices begin at whole words
        let whole_rows = (shape[D - 1] * precision.bytes()).is_multiple_of(4);
        let precision = if self.shared && whole_rows { precision } else { Precision::F32 };
        let mut rec = Recorder::new(&self.ctx);
        let (out, work) = if values == 0 {
            (Tensor::empty(shape, (&self.device, dtype(precision))), None)
        } else if self.shared {
            let options = (&self.device, dtype(precision));
            let out = if zeroed { Tensor::zeros(shape, options) } else { Tensor::empty(shape, options) };
            let held = self.in_place(cube(out.clone(), "output")?, bytes(values, precision), "output")?;
            record(&mut rec, &held.buffer, precision)?;
            (out, Some(rec.submit()?))
        } else {
            let buffer = self.ctx.allocate("embag_burn.output", bytes(values, precision))?;
            record(&mut rec, &buffer, precision)?;
            rec.run()?;
            let data = TensorData::new(buffer.read::<f32>(&self.ctx)?, shape);
            (Tensor::from_data(data, (&self.device, DType::F32)), None)
        };
        Ok((if out.dtype() == kind { out } else { out.cast(kind) }, work))
    }

    /// The values of a tensor that is not tracked, as `f32`.
    pub(crate) fn floats<const D: usize>(&self, tensor: Tensor<D>, argument: &str) -> Result<Held> {
        if !self.shared {
            let values: Vec<f32> = host_values(tensor.into_data(), argument)?;
            return Ok(Held { buffer: Buffer::from_slice(&self.ctx, &values)?, _keep: None });
        }
        self.ctx.check_alive()?;
        let values = tensor.shape().num_elements();
        if values == 0 {
            return Ok(Held { buffer: self.ctx.allocate("embag_burn.empty", 0)?, _keep: None });
        }
        let tensor = if tensor.dtype() == DType::F32 { tensor } else { tensor.cast(DType::F32) };
        self.in_place(cube(tensor, argument)?, bytes(values, Precision::F32), argument)
    }

    /// The values of a tensor of ids or offsets, in memory of embag: batches are clones of what is checked
    /// once, and may be used when the tensor is gone.
    pub(crate) fn numbers(&self, tensor: Tensor<1, Int>, argument: &str) -> Result<Numbers> {
        let tensor = tensor.without_autodiff();
        if !self.shared {
            return Ok(Numbers::Host(host_values(tensor.into_data(), argument)?));
        }
        self.ctx.check_alive()?;
        let values = tensor.shape().num_elements();
        let kind = tensor.dtype();
        if !matches!(kind, DType::I32 | DType::U32) {
            return Err(invalid(argument, "values of i32 or u32, on a GPU", format!("{kind:?}")));
        }
        if values == 0 {
            return Ok(Numbers::Device(self.ctx.allocate("embag_burn.empty", 0)?));
        }
        let fused = tensor.try_into_primitive::<Wgpu>().map_err(|error| foreign(argument, error))?;
        let client = fused.client.clone();
        let held = into_contiguous(client.resolve_tensor_int::<CubeBackend>(fused));
        let (place, _keep) = placed(held, argument)?;
        copied(&self.ctx, place, bytes(values, Precision::F32)).map(Numbers::Device)
    }

    /// A tensor's own memory; a copy of it where kernels cannot begin there.
    fn in_place(&self, tensor: CubeTensor, size: u64, argument: &str) -> Result<Held> {
        let (place, keep) = placed(tensor, argument)?;
        if !place.offset.is_multiple_of(self.ctx.limits().alignment) {
            return Ok(Held { buffer: copied(&self.ctx, place, size)?, _keep: None });
        }
        let buffer = Buffer::from_wgpu(&self.ctx, place.buffer, place.offset, size)?;
        Ok(Held { buffer, _keep: Some(keep) })
    }
}

/// Ids or offsets.
pub(crate) enum Numbers {
    Host(Vec<i64>),
    /// Of 32 bits, not negative if they are right.
    Device(Buffer),
}

/// Bytes of values, in whole words.
fn bytes(values: usize, precision: Precision) -> u64 {
    (values * precision.bytes()).next_multiple_of(4) as u64
}

fn dtype(precision: Precision) -> DType {
    match precision {
        Precision::F16 => DType::F16,
        Precision::Bf16 => DType::BF16,
        _ => DType::F32,
    }
}

fn host_values<T: burn::tensor::Element>(data: TensorData, argument: &str) -> Result<Vec<T>> {
    data.convert::<T>().try_to_vec().map_err(|error| invalid(argument, "numbers", format!("{error:?}")))
}

pub(crate) fn foreign(argument: &str, error: impl std::fmt::Debug) -> Error {
    invalid(argument, "a tensor of the tables' device, that is not tracked", format!("{error:?}"))
}

/// A tensor as what lies in one buffer.
fn cube<const D: usize>(tensor: Tensor<D>, argument: &str) -> Result<CubeTensor> {
    let fused = tensor.try_into_primitive::<Wgpu>().map_err(|error| foreign(argument, error))?;
    let client = fused.client.clone();
    Ok(into_contiguous(client.resolve_tensor_float::<CubeBackend>(fused)))
}

/// Where it lies, and what keeps it there. What burn has recorded until now is submitted.
fn placed(tensor: CubeTensor, argument: &str) -> Result<(WgpuResource, Keep)> {
    let resource = tensor
        .client
        .get_resource::<WgpuServer<AutoCompiler>>(tensor.handle.clone())
        .map_err(|error| foreign(argument, error))?;
    tensor.client.flush().map_err(|error| Error::Device {
        operation: "burn's work before".to_owned(),
        message: format!("{error:?}"),
    })?;
    let place = resource.resource().clone();
    Ok((place, Keep(Box::new((resource, tensor)))))
}

/// The same bytes in memory of embag.
fn copied(ctx: &Context, place: WgpuResource, size: u64) -> Result<Buffer> {
    let whole = place.buffer.size();
    let source = Buffer::from_wgpu(ctx, place.buffer, 0, whole)?.slice(place.offset, size)?;
    let copy = ctx.allocate("embag_burn.copied", size)?;
    let mut rec = Recorder::new(ctx);
    rec.copy(&source, &copy)?;
    drop(rec.submit()?);
    Ok(copy)
}
