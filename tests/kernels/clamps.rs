//! The indices that naga clamps in the innermost loops of every variant, held against a list: loads of arrays
//! in workgroup memory and in registers are checked one by one, and the check is as much work as an addition.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use naga::proc::BoundsCheckPolicy;

use crate::shader;
use crate::spirv::{self, CALL, EXTENDED, FUNCTION, LABEL, LOOP_MERGE};

/// `UMin` of the extended instructions.
const UMIN: u32 = 38;

/// What is known of a function.
#[derive(Debug, Default, Clone)]
struct Function {
    minima: usize,
    /// Minima in each of its loops that have no loop inside, not even in a function that they call.
    innermost: Vec<usize>,
    loops: bool,
}

/// A loop that is being read.
struct Loop {
    merge: u32,
    minima: usize,
    innermost: bool,
}

/// The innermost loops of every function. Functions come before those that call them.
fn innermost(words: &[u32]) -> Vec<usize> {
    let mut functions: HashMap<u32, Function> = HashMap::new();
    let (mut current, mut open): (u32, Vec<Loop>) = (0, Vec::new());
    for (code, words) in spirv::instructions(words) {
        let of = functions.entry(current).or_default();
        let found = match code {
            FUNCTION => {
                current = words[2];
                0
            }
            LOOP_MERGE => {
                if let Some(outer) = open.last_mut() {
                    outer.innermost = false;
                }
                of.loops = true;
                open.push(Loop { merge: words[1], minima: 0, innermost: true });
                0
            }
            LABEL if open.last().is_some_and(|inner| inner.merge == words[1]) => {
                let ended = open.pop().filter(|ended| ended.innermost);
                of.innermost.extend(ended.map(|ended| ended.minima));
                0
            }
            EXTENDED if words[4] == UMIN => 1,
            CALL => {
                let called = functions.get(&words[3]).cloned().unwrap_or_default();
                if let Some(inner) = open.last_mut() {
                    inner.innermost &= !called.loops;
                }
                if called.loops {
                    functions.entry(current).or_default().loops = true;
                }
                called.minima
            }
            _ => 0,
        };
        functions.entry(current).or_default().minima += found;
        for outer in &mut open {
            outer.minima += found;
        }
    }
    let mut functions: Vec<_> = functions.into_iter().collect();
    functions.sort_unstable_by_key(|(id, _)| *id);
    functions.into_iter().flat_map(|(_, function)| function.innermost).collect()
}

#[test]
fn inner_loops_clamp_as_many_indices_as_the_list_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("clamps.txt");
    let mut found = String::new();
    for (kernel, variant) in shader::all() {
        let (module, info) =
            shader::compile(&shader::source(kernel, variant)).expect("another test says why not");
        let (module, info) = shader::resolve(&module, &info, &shader::constants(kernel, variant))
            .expect("another test says why not");
        let [checked, unchecked] = [BoundsCheckPolicy::Restrict, BoundsCheckPolicy::Unchecked]
            .map(|index| innermost(&spirv::written(&module, &info, index)));
        assert_eq!(checked.len(), unchecked.len(), "{}", shader::name(kernel, variant));
        let clamps: Vec<usize> =
            checked.iter().zip(&unchecked).map(|(with, without)| with - without).collect();
        // a loop over a vector's components or none at all is nothing to list
        if clamps.iter().any(|&clamps| clamps > 0) {
            let clamps: Vec<String> = clamps.iter().map(usize::to_string).collect();
            found += &format!("{}: {}\n", shader::name(kernel, variant), clamps.join(" "));
        }
    }
    if std::env::var_os("EMBAG_BLESS").is_some() {
        fs::write(&file, &found).expect("the list can be written");
    }
    let expected = fs::read_to_string(&file).expect("the list is in the repository");
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected, "EMBAG_BLESS=1 writes the list anew");
    }
    assert_eq!(found.lines().count(), expected.lines().count(), "EMBAG_BLESS=1 writes the list anew");
    // what counts them finds them: four steps of k, each with three or four loads from workgroup memory
    for line in ["linear.nn.vec4.T64x64: 12", "linear.nn.vec4.T128x128: 16"] {
        assert!(found.lines().any(|found| found == line), "{line} is not in\n{found}");
    }
}
