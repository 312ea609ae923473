//! SPIR-V, instruction by instruction.

use naga::Module;
use naga::back::spv;
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::ModuleInfo;

pub(crate) const NAME: u32 = 5;
pub(crate) const EXTENDED: u32 = 12;
pub(crate) const FUNCTION: u32 = 54;
pub(crate) const CALL: u32 = 57;
pub(crate) const LOOP_MERGE: u32 = 246;
pub(crate) const LABEL: u32 = 248;
pub(crate) const BRANCH_CONDITIONAL: u32 = 250;
pub(crate) const SWITCH: u32 = 251;

/// What naga writes of this crate's shaders for devices whose driver checks accesses to buffers, with names.
pub(crate) fn written(module: &Module, info: &ModuleInfo, index: BoundsCheckPolicy) -> Vec<u32> {
    let options = spv::Options {
        flags: spv::WriterFlags::DEBUG,
        force_loop_bounding: false,
        bounds_check_policies: BoundsCheckPolicies {
            index,
            buffer: BoundsCheckPolicy::Unchecked,
            ..BoundsCheckPolicies::default()
        },
        ..spv::Options::default()
    };
    spv::write_vec(module, info, &options, None).expect("another test says why not")
}

/// Instructions: their number, and all of their words.
pub(crate) fn instructions(words: &[u32]) -> impl Iterator<Item = (u32, &[u32])> {
    let mut rest = &words[5..];
    std::iter::from_fn(move || {
        let (instruction, tail) = rest.split_at((rest.first()? >> 16) as usize);
        rest = tail;
        Some((instruction[0] & 0xffff, instruction))
    })
}

/// A name within an instruction.
pub(crate) fn text(words: &[u32]) -> String {
    let bytes = words.iter().flat_map(|word| word.to_le_bytes());
    bytes.take_while(|byte| *byte != 0).map(char::from).collect()
}
