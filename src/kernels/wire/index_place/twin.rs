//! Twin of `index_place.wgsl`.

use crate::kernels::index_place::View;
use crate::kernels::index_write::CODING_BITS;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let words = call.words[..p.words as usize].iter().zip(call.entries).zip(call.places);
    let indices = &mut call.indices[..p.len as usize];
    for ((&word, &entry), &place) in words {
        let (mut entry, mut place) = (entry as usize, place);
        if p.coding == CODING_BITS {
            let bits = (0..32).filter(|bit| word >> bit & 1 == 1);
            indices
                .iter_mut()
                .skip(entry)
                .zip(bits)
                .for_each(|(index, bit)| *index = place.wrapping_add(bit));
            continue;
        }
        for code in word.to_le_bytes().map(u32::from) {
            if code == 0 {
                place = place.wrapping_add(255);
                continue;
            }
            if let Some(index) = indices.get_mut(entry) {
                *index = place.wrapping_add(code - 1);
            }
            entry += 1;
            place = place.wrapping_add(code);
        }
    }
}
