//! The cases of `segment_lengths`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::offsets;
use crate::kernels::jagged_inputs::{status, unwritten};
use crate::numbers::narrow;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for pair in pairs() {
        for (piece, refused) in [(1, false), (3, false), (1, true)] {
            let bindings = Bindings {
                status: status(refused),
                offsets: CaseBinding::ints(&pair.source),
                order: CaseBinding::ints(&pair.order),
                lengths: unwritten(pair.segments),
            };
            let params = Params { piece, ..pair.params };
            let name = format!("{} piece={piece} refused={refused}", pair.name);
            let case = Case::new(name, [0], &params, bindings, params.segments.div_ceil(64));
            let bench = pair.name.starts_with("large") && piece == 1 && !refused;
            all.push(if bench { case.bench(u64::from(params.segments) * 12, 0) } else { case });
        }
    }
    all
}

/// Two tensors, one of which is made of the other.
pub(crate) struct Pair {
    pub(crate) name: String,
    /// Features of the walked tensor, and which of the other's each belongs to.
    pub(crate) order: Vec<u32>,
    pub(crate) params: Params,
    /// Of the tensor that lengths and values come from.
    pub(crate) source: Vec<u32>,
    /// Segments of the tensor that is made.
    pub(crate) segments: u32,
}

impl Pair {
    /// `order`'s features and `batch` examples of a tensor with more of them, or as a part of one.
    fn new(name: &str, order: &[u32], batch: u32, longest: u32, scatter: u32) -> Self {
        let (walked_features, first, other_batch) = (narrow(order.len()), 2, batch + 3);
        let other_features = order.iter().max().map_or(0, |&feature| feature + 2);
        let (walked, other) = (walked_features * batch, other_features * other_batch);
        let (source, segments) = if scatter == 1 { (walked, other) } else { (other, walked) };
        Self {
            name: format!("{name} scatter={scatter}"),
            order: order.to_vec(),
            params: Params { len: 0, segments: walked, batch, other_batch, first, scatter, piece: 1 },
            source: offsets(source, longest, 17),
            segments,
        }
    }

    /// The segment of the other tensor that one of the walked tensor's belongs to.
    pub(crate) fn other(&self, segment: u32) -> u32 {
        let Params { batch, other_batch, first, .. } = self.params;
        self.order[(segment / batch) as usize] * other_batch + first + segment % batch
    }
}

/// Features repeated, dropped and turned round, tensors of a single segment, and many segments.
pub(crate) fn pairs() -> Vec<Pair> {
    vec![
        Pair::new("repeated", &[2, 0, 1, 1], 4, 3, 0),
        Pair::new("one", &[0], 1, 5, 0),
        Pair::new("part", &[1, 3], 5, 4, 1),
        Pair::new("one", &[0], 1, 5, 1),
        Pair::new("empty", &[0, 1], 70, 0, 0),
        Pair::new("large", &[7, 3, 5, 1, 0, 2, 6, 4], 2048, 40, 0),
        Pair::new("large", &[7, 3, 5, 1, 0, 2, 6, 4], 2048, 40, 1),
    ]
}
