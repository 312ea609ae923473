//! The cases of `check_offsets`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::feature::Status;

pub(crate) fn cases() -> Vec<Case> {
    let counted = |name: &str, offsets: &[u32], ids: u32, begins: &[u32]| {
        let bags = u32::try_from(offsets.len()).unwrap_or(1) - 1;
        let features = u32::try_from(begins.len()).unwrap_or(1) - 1;
        let bindings = Bindings {
            status: CaseBinding::ints(&[Status::CLEAN]),
            offsets: CaseBinding::ints(offsets),
            begins: CaseBinding::ints(begins),
        };
        let batch = bags / features.max(1);
        let longest = if name == "a long bag" { 6 } else { u32::MAX };
        let (counted, room) = (u32::from(features > 0), u32::from(name.ends_with("room")));
        let params = Params { bags, ids, batch, longest, counted, room };
        Case::new(name, [0], &params, bindings, (bags + 1).div_ceil(64))
    };
    let case = |name, offsets: &[u32], ids| counted(name, offsets, ids, &[0]);
    let long: Vec<u32> = (0..1000).map(|i| i * 3).collect();
    let mut falls = long.clone();
    (falls[700], falls[300]) = (5, 2000);
    vec![
        case("no bags", &[0], 0),
        case("good", &long, 2997),
        case("begins late", &[1, 2, 3], 3),
        case("falls twice", &falls, 2997),
        case("ends early", &[0, 2, 3], 4),
        case("ends late", &[0, 2, 9], 4),
        case("with room", &[0, 2, 3], 9),
        case("beyond the room", &[0, 2, 12], 9),
        case("a long bag", &[0, 6, 13, 20], 20),
        counted("counts agree", &[0, 2, 3, 3, 4], 4, &[0, 3, 4]),
        counted("counts disagree", &[0, 2, 3, 3, 4], 4, &[0, 2, 4]),
    ]
}
