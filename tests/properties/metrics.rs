//! The area under the curve by counting pairs.

use approx::assert_abs_diff_eq;
use embag::metrics::auc;
use proptest::prelude::*;

fn brute_force(scores: &[f32], labels: &[f32]) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0.0);
    for (s, y) in scores.iter().zip(labels) {
        for (t, x) in scores.iter().zip(labels) {
            if *y > 0.5 && *x <= 0.5 {
                pairs += 1.0;
                sum += if s > t {
                    1.0
                } else if s == t {
                    0.5
                } else {
                    0.0
                };
            }
        }
    }
    sum / pairs
}

proptest! {
    #[test]
    fn auc_is_the_share_of_ordered_pairs(
        examples in prop::collection::vec((0u8..12, any::<bool>()), 2..60)
    ) {
        let scores: Vec<f32> = examples.iter().map(|(s, _)| f32::from(*s)).collect();
        let labels: Vec<f32> = examples.iter().map(|(_, y)| f32::from(u8::from(*y))).collect();
        match auc(&scores, &labels) {
            Ok(area) => assert_abs_diff_eq!(area, brute_force(&scores, &labels), epsilon = 1e-12),
            Err(_) => prop_assert!(labels.iter().all(|y| *y == labels[0])),
        }
    }
}
