//! Random lookups in burn's graph beside the same calls of embag.

use burn::tensor::{Device, Tensor, TensorData};
use embag::optim::Adagrad;
use embag::{Context, Matrix, Pooling, Table};
use embag_burn::EmbeddingBags;

/// Small numbers that look random.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, bound: u8) -> u8 {
        (self.next() % u64::from(bound)).try_into().expect("it is below a byte")
    }
}

/// Forward, backward and step of bags of many shapes: an error where they have not embag's bits. The gradient
/// is a part of a larger tensor, cut out at odd places. `fault` is a shape in which embag's own table is
/// changed first.
pub(crate) fn random_shapes(
    device: &Device,
    ctx: &Context,
    seed: u64,
    shapes: usize,
    fault: Option<usize>,
) -> Result<(), String> {
    let device = device.clone().autodiff();
    let mut random = Random(seed);
    (0..shapes).try_for_each(|shape| compare(&device, ctx, shape, &mut random, fault == Some(shape)))
}

fn compare(
    device: &Device,
    ctx: &Context,
    shape: usize,
    random: &mut Random,
    fault: bool,
) -> Result<(), String> {
    let same = |what: &str, a: Vec<f32>, b: Vec<f32>| {
        if a == b { Ok(()) } else { Err(format!("shape {shape}: {what} differ")) }
    };
    let dims = [1 + random.below(20), 1 + random.below(9)].map(usize::from);
    let examples = usize::from(1 + random.below(40));
    let describe = || {
        embag::EmbeddingBags::builder(ctx)
            .table("a", Table::rows(60).dim(dims[0]))
            .table("b", Table::rows(7).dim(dims[1]))
            .feature("a", "a", Pooling::Mean)
            .feature("b", "b", Pooling::Sum)
            .optimizer(Adagrad { lr: 0.1, ..Default::default() })
            .seed(shape as u64)
            .build()
            .unwrap()
    };
    let (bags, mut alone) = (EmbeddingBags::new(describe(), device).unwrap(), describe());
    if fault {
        let row = alone.read_row("b", 3).unwrap();
        alone.write_row("b", 3, &row.iter().map(|value| value.next_up()).collect::<Vec<_>>()).unwrap();
    }
    let lengths: Vec<u32> = (0..2 * examples).map(|_| random.below(4).into()).collect();
    let rows = |i: usize| if i < examples { 60u8 } else { 7 };
    let ids: Vec<u32> = lengths
        .iter()
        .enumerate()
        .flat_map(|(i, &length)| vec![rows(i); length as usize])
        .map(|rows| u32::from(random.below(rows)))
        .collect();
    let batch = bags.batches().batch_from_lengths(&ids, &lengths, None).unwrap();
    let own = alone.batch_from_lengths(&ids, &lengths, None).unwrap();

    let pooled = bags.forward(&batch).unwrap();
    let found: Vec<f32> = pooled.clone().inner().into_data().try_to_vec().unwrap();
    same("outputs", found, alone.forward(&own).unwrap().to_vec(ctx).unwrap())?;

    let (cols, before) = (dims[0] + dims[1], usize::from(1 + random.below(3)));
    let weights: Vec<f32> = (0..examples * cols).map(|_| f32::from(random.below(64)) / 16.0 - 2.0).collect();
    // other columns stand before the outputs, so that the gradient is a slice
    let others = Tensor::<2>::ones([examples, before], device);
    let wide: Vec<f32> =
        weights.chunks(cols).flat_map(|row| [&vec![1.0; before][..], row].concat()).collect();
    let wide = Tensor::<2>::from_data(TensorData::new(wide, [examples, before + cols]), device);
    drop((Tensor::cat(vec![others, pooled], 1) * wide).sum().backward());
    // not always on the thread of the backward pass
    match shape % 2 {
        0 => bags.step(0.1).unwrap(),
        _ => std::thread::scope(|scope| scope.spawn(|| bags.step(0.1).unwrap()).join().unwrap()),
    }
    alone.backward(&own, &Matrix::from_slice(ctx, &weights, examples, cols).unwrap()).unwrap();
    ["a", "b"].iter().try_for_each(|table| {
        let found = bags.with(|bags| bags.download(table)).unwrap();
        same(&format!("rows of {table}"), found, alone.download(table).unwrap())
    })
}
