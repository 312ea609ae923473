//! Twin of `segment_heads.wgsl`.

use crate::cpu::parallel;
use crate::kernels::segment_heads::View;

/// Keys that one task takes.
const KEYS: usize = 8192;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let refused = call.status.refused();
    let keys = &call.keys[..p.len as usize];
    let heads = &mut call.heads[..=p.len as usize];
    if refused {
        heads.fill(0);
        return;
    }
    heads[p.len as usize] = 0;
    let wanted = p.key_begin..p.key_end;
    parallel::each(heads.chunks_mut(KEYS).zip(keys.chunks(KEYS)).enumerate(), &|(task, (heads, part))| {
        let mut before = (task > 0).then(|| keys[task * KEYS - 1]);
        for (head, &key) in heads.iter_mut().zip(part) {
            *head = u32::from(before != Some(key) && wanted.contains(&key));
            before = Some(key);
        }
    });
}
