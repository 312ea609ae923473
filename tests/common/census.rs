//! A small data set for `train_ctr --format adult`.

use std::fmt::Write;
use std::path::Path;

/// A census of made-up people in `folder`: who is older and works more earns more.
pub(crate) fn census(folder: &Path, people: u32) -> String {
    let mut csv = String::from(
        "age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,capital-gain,\
         capital-loss,hours-per-week,native-country,income-per-year\n",
    );
    let mut state = 1u32;
    let mut below = |n: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % n
    };
    for _ in 0..people {
        let (age, work, hours) = (17 + below(60), below(8), 20 + below(40));
        let label = if age + 2 * hours + 10 * work + below(40) > 190 { ">50K" } else { "<=50K" };
        writeln!(
            csv,
            "{age},w{work},{},e{},9,m,o{},r,x,y,0,0,{hours},c,{label}",
            below(1000),
            below(16),
            below(14)
        )
        .unwrap();
    }
    let path = folder.join("census.csv");
    std::fs::write(&path, csv).unwrap();
    path.to_str().unwrap().to_owned()
}
