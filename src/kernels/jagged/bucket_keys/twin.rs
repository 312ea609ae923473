//! Twin of `bucket_keys.wgsl`.

use crate::cpu::parallel;
use crate::cpu::segments::segments_of;
use crate::kernels::bucket_keys::View;

/// Values that one task takes.
const VALUES: usize = 8192;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    if call.status.refused() {
        return;
    }
    let (offsets, blocks, values) = (call.offsets, call.blocks, call.values);
    let (keys, locals) = (call.keys, call.locals);
    let len = p.len as usize;
    let begins: Vec<u32> = (0..p.features).map(|feature| offsets[(feature * p.batch) as usize]).collect();
    let tasks = keys[..len].chunks_mut(VALUES).zip(locals[..len].chunks_mut(VALUES));
    parallel::each(tasks.enumerate(), &|(task, (keys, locals))| {
        let first = task * VALUES;
        for (feature, part) in segments_of(&begins, first..first + keys.len()) {
            let block = blocks[feature];
            for at in part {
                let value = values[at];
                let key = value / block;
                (keys[at - first], locals[at - first]) = match key < p.buckets {
                    true => (key, value % block),
                    // beyond the last block they go round all buckets
                    false => (value % p.buckets, value / p.buckets),
                };
            }
        }
    });
}
