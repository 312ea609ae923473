//! What quantisation costs: measured on the same examples, part by part, and held within a budget.
//!
//! - [`PairedNe`] measures the difference of two models' normalized entropy with its confidence interval.
//!   Recommenders are commonly allowed 0.02 to 0.05 %, which is resolved by a pair on the same examples, not
//!   by two models on two samples.
//! - [`Shadow`] holds what each layer and table of a quantised model gives against an `f32` model run beside
//!   it, and ranks them: what is worst is kept in more bits first.
//! - [`select`] gives each part the format that makes the whole smallest within a budget, and measures that
//!   it holds.
//!
//! ```
//! use embag::quant::accuracy::{Candidate, Part, PairedNe, Shadow, select};
//!
//! let mut shadow = Shadow::default();
//! shadow.add("movie", &[1.0, -2.0, 0.5], &[1.0, -2.01, 0.5])?;
//! shadow.add("0", &[3.0, 4.0], &[2.0, 5.0])?;
//! let report = shadow.report();
//! assert_eq!(report.parts[0].name, "0"); // the worst one
//! println!("{report}");
//!
//! let candidate = |format: &str, bytes, percent| Candidate { format: format.into(), bytes, percent };
//! let movie = Part {
//!     name: "movie".into(),
//!     candidates: vec![candidate("int4", 8, 0.06), candidate("int8", 16, 0.004), candidate("fp16", 32, 0.0)],
//! };
//! let labels = [1.0, 0.0];
//! let selection = select(&[movie], 0.05, |choice| {
//!     // yours: the logits of the model with its parts kept as `choice.picks` says
//!     assert_eq!(choice.picks, [1]);
//!     let mut pair = PairedNe::default();
//!     pair.add_logits(&[0.7, -0.3], &[0.7001, -0.3001], &labels)?;
//!     Ok(pair)
//! })?;
//! assert!(selection.is_some_and(|found| found.choice.bytes == 16 && found.measured.percent <= 0.05));
//! # Ok::<(), embag::Error>(())
//! ```

mod paired_ne;
mod selector;
mod shadow;

pub use paired_ne::{NeDifference, PairedNe};
pub use selector::{Candidate, Choice, Part, Selection, choose, select};
pub use shadow::{PartError, Shadow, ShadowReport};
