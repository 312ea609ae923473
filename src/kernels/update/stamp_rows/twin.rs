//! Twin of `stamp_rows.wgsl`.

use crate::kernels::stamp_rows::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let keys = &call.keys[..p.len as usize];
    let begin = keys.partition_point(|&key| key < p.key_begin);
    for &key in keys[begin..].iter().take_while(|&&key| key < p.key_end) {
        call.stamps[(key - p.key_begin + p.first_stamp) as usize] = p.step;
    }
}
