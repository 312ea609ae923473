//! Twin of `scatter_add.wgsl`.

use crate::kernels::scatter_add::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let len = p.len as usize;
    let out = &mut call.out[p.first as usize..][..p.places as usize];
    for (&place, value) in
        call.indices[p.entry as usize..][..len].iter().zip(&call.values[p.entry as usize..][..len])
    {
        if let Some(out) = out.get_mut(place as usize) {
            *out += value;
        }
    }
}
