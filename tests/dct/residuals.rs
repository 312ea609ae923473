//! What is sent and what stays behind are, together, the gradients.

use embag::dense::{Activation, Layers, Mlp};
use embag::optim::Sgd;
use embag::sharded::{Dct, Downlink, Group, Ranks, Replicas, Traffic};
use embag::{Checkpoint, Context, Error, Matrix, Precision, Result};

use crate::{Random, on_ranks};

/// Layers of tensors with more and with fewer values than a tile.
fn layers(ctx: &Context) -> Result<Mlp> {
    Mlp::new(ctx, &[48, 70, 1], Activation::None, 4, Sgd::new(0.1), 3)
}

/// Gradients of a step on a rank, some of which are zero, as those of dead units are.
fn write_gradients(ctx: &Context, layers: &Mlp, step: u64, rank: usize) -> Result<()> {
    let mut random = Random::of([step, rank as u64, 1]);
    for (_, gradient) in layers.all_gradients() {
        let values: Vec<f32> = (0..gradient.rows() * gradient.cols())
            .map(|_| if random.unit() < 0.25 { 0.0 } else { random.normal().powi(3) })
            .collect();
        gradient.write(ctx, &values)?;
    }
    Ok(())
}

fn gradients(ctx: &Context, layers: &Mlp) -> Result<Vec<f32>> {
    let all: Vec<&Matrix> = layers.all_gradients().into_iter().map(|(_, gradient)| gradient).collect();
    Ok(all.into_iter().map(|gradient| gradient.to_vec(ctx)).collect::<Result<Vec<_>>>()?.concat())
}

fn replicas(ctx: &Context, group: impl Group + 'static, dct: Dct) -> Replicas {
    Replicas::new(ctx, &Ranks::new(group)).dct(dct).unwrap()
}

/// What a rank has left, of gradients and of sums: tiles of 1,024, the last of each tensor filled up with
/// zeros.
fn left(replicas: &Replicas) -> (Vec<f32>, Vec<f32>) {
    let mut saved = Checkpoint::new();
    replicas.export(&mut saved, "dct").unwrap();
    let of = |name: &str| {
        let shape = saved.shape(name).unwrap().to_vec();
        let bits: &[u32] = saved.tensor(name, &shape).unwrap();
        bits.iter().map(|bits| f32::from_bits(*bits)).collect::<Vec<f32>>()
    };
    (of("dct.left"), of("dct.sums_left"))
}

/// The values of tensors in tiles, without what fills them up.
fn values_of(layers: &Mlp, tiles: &[f32]) -> Vec<f32> {
    let mut values = Vec::new();
    let mut rest = tiles;
    for (_, gradient) in layers.all_gradients() {
        let len = gradient.rows() * gradient.cols();
        let (own, later) = rest.split_at(len.div_ceil(1024) * 1024);
        values.extend(&own[..len]);
        assert!(own[len..].iter().all(|value| *value == 0.0), "what fills up stays zero");
        rest = later;
    }
    assert!(rest.is_empty());
    values
}

fn each() -> Vec<Dct> {
    let mut all = Vec::new();
    for share in [1.0, 0.3, 0.02] {
        for downlink in [Downlink::Union, Downlink::Thresholded] {
            for values in [Precision::F32, Precision::F16] {
                all.push(Dct { downlink, values, lifespan: 4, ..Dct::new(share) });
            }
        }
    }
    all
}

/// Summed over ranks and steps: gradients = what came back + what was left, of gradients and of sums.
#[test]
fn nothing_is_lost() {
    for (ctx, name) in contexts() {
        for dct in each() {
            for ranks in [1, 3] {
                let results = on_ranks(ranks, |group| {
                    let rank = group.rank();
                    let (layers, mut replicas) = (layers(&ctx).unwrap(), replicas(&ctx, group, dct));
                    let zeros = gradients(&ctx, &layers).unwrap().iter().map(|_| 0.0f64).collect::<Vec<_>>();
                    let (mut given, mut got) = (zeros.clone(), zeros);
                    let mut last = Vec::new();
                    for step in 0..6 {
                        write_gradients(&ctx, &layers, step, rank).unwrap();
                        let add = |sums: &mut Vec<f64>, values: &[f32]| {
                            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += f64::from(*value));
                        };
                        add(&mut given, &gradients(&ctx, &layers).unwrap());
                        replicas.reduce(&[&layers]).unwrap();
                        last = gradients(&ctx, &layers).unwrap();
                        add(&mut got, &last);
                    }
                    let (own, sums) = left(&replicas);
                    (given, got, values_of(&layers, &own), sums, last)
                });
                let sums_left: Vec<f32> = results.iter().flat_map(|(.., sums, _)| sums.clone()).collect();
                let sums_left = values_of(&layers(&ctx).unwrap(), &sums_left);
                for (place, sums_left) in sums_left.iter().enumerate() {
                    let given: f64 = results.iter().map(|(given, ..)| given[place]).sum();
                    let own: f64 = results.iter().map(|(_, _, own, ..)| f64::from(own[place])).sum();
                    let found = results[0].1[place] + own + f64::from(*sums_left);
                    let far = (given - found).abs() / given.abs().max(1.0);
                    assert!(far < 1e-5, "{name} {dct:?} {ranks} ranks: {given} {found}");
                }
                // and all ranks have the same bits
                assert!(results.iter().all(|(.., last)| *last == results[0].4), "{name} {dct:?}");
            }
        }
    }
}

/// The CPU, and a GPU if there is one.
fn contexts() -> Vec<(Context, &'static str)> {
    let gpu = Context::open().ok().map(|gpu| (gpu, "gpu"));
    std::iter::once((Context::cpu(), "cpu")).chain(gpu).collect()
}

/// All values are the exact sums, and a device gives what the CPU gives.
#[test]
fn a_share_of_one_is_exact_and_devices_agree() {
    for dct in each() {
        let found: Vec<Vec<Vec<f32>>> = contexts()
            .into_iter()
            .map(|(ctx, _)| {
                on_ranks(3, |group| {
                    let rank = group.rank();
                    let (layers, mut replicas) = (layers(&ctx).unwrap(), replicas(&ctx, group, dct));
                    for step in 0..3 {
                        write_gradients(&ctx, &layers, step, rank).unwrap();
                        replicas.reduce(&[&layers]).unwrap();
                    }
                    gradients(&ctx, &layers).unwrap()
                })
            })
            .collect();
        assert!(found.iter().all(|of_device| of_device == &found[0]), "{dct:?}");
        if dct.share == 1.0 && dct.values == Precision::F32 {
            let ctx = Context::cpu();
            let exact = on_ranks(3, |group| {
                let rank = group.rank();
                let layers = layers(&ctx).unwrap();
                write_gradients(&ctx, &layers, 2, rank).unwrap();
                Replicas::new(&ctx, &Ranks::new(group)).reduce(&[&layers]).unwrap();
                gradients(&ctx, &layers).unwrap()
            });
            assert!(exact == found[0], "{dct:?}");
        }
    }
}

/// Less travels, in both directions, and the share that is sent is about what was asked for.
#[test]
fn less_travels() {
    let bytes = |dct: Option<Dct>| {
        let found = on_ranks(4, |group| {
            let ctx = Context::cpu();
            let rank = group.rank();
            let ranks = Ranks::new(group);
            let layers = Mlp::new(&ctx, &[300, 200], Activation::None, 4, Sgd::new(0.1), 3).unwrap();
            let mut replicas = Replicas::new(&ctx, &ranks);
            if let Some(dct) = dct {
                replicas = replicas.dct(dct).unwrap();
            }
            for step in 0..10 {
                write_gradients(&ctx, &layers, step, rank).unwrap();
                replicas.reduce(&[&layers]).unwrap();
            }
            (ranks.sent().bytes(Traffic::Dense), replicas.values_sent())
        });
        (
            found.iter().map(|(bytes, _)| bytes).sum::<u64>(),
            found.iter().map(|(_, values)| values).sum::<u64>(),
        )
    };
    let (exact, none) = bytes(None);
    assert_eq!((exact, none), (2 * 3 * 10 * 60_200 * 4, 0));
    let dct = Dct::new(0.01);
    let (union, values) = bytes(Some(dct));
    assert!(union * 7 < exact, "{exact} {union}");
    assert!((0.8..3.0).contains(&(values as f64 / (4.0 * 10.0 * 602.0))), "{values}");
    let (twice, _) = bytes(Some(Dct { downlink: Downlink::Thresholded, values: Precision::F16, ..dct }));
    assert!(twice * 40 < exact, "{exact} {twice}");
    // all of it with a threshold of nothing is no more than without
    let (all, _) = bytes(Some(Dct::new(1.0)));
    assert!(all < exact + exact / 100, "{exact} {all}");
}

#[test]
fn a_gradient_that_is_not_finite_is_the_same_error_on_all_ranks_and_changes_nothing() {
    let run = |spoilt: bool| {
        on_ranks(2, |group| {
            let ctx = Context::cpu();
            let rank = group.rank();
            let (layers, mut replicas) = (layers(&ctx).unwrap(), replicas(&ctx, group, Dct::new(0.1)));
            let mut last = Vec::new();
            for step in 0..4 {
                if spoilt && step == 2 {
                    for bad in [f32::NAN, f32::INFINITY] {
                        write_gradients(&ctx, &layers, 77, rank).unwrap();
                        if rank == 1 {
                            let mut bias = layers.layers()[1].bias_grad().to_vec(&ctx).unwrap();
                            bias[0] = bad;
                            layers.layers()[1].bias_grad().write(&ctx, &bias).unwrap();
                        }
                        let error = replicas.reduce(&[&layers]).unwrap_err().to_string();
                        assert_eq!(
                            error,
                            "rank 1: gradient of \"1.bias\": expected finite numbers, got others"
                        );
                    }
                }
                write_gradients(&ctx, &layers, step, rank).unwrap();
                replicas.reduce(&[&layers]).unwrap();
                last = gradients(&ctx, &layers).unwrap();
            }
            (last, left(&replicas))
        })
    };
    assert!(run(true) == run(false));
}

#[test]
fn settings_and_layers_that_cannot_be_are_refused() {
    let refused = |dct: Dct| {
        on_ranks(1, |group| {
            let replicas = Replicas::new(&Context::cpu(), &Ranks::new(group)).dct(dct);
            replicas.err().map(|error| error.to_string()).unwrap_or_default()
        })
        .remove(0)
    };
    for share in [0.0, -1.0, 1.5, f32::NAN] {
        assert_eq!(
            refused(Dct::new(share)),
            format!("share: expected a share above 0, of at most 1, got {share}")
        );
    }
    assert_eq!(refused(Dct { lifespan: 0, ..Dct::new(0.1) }), "lifespan: expected at least 1, got 0");
    assert_eq!(
        refused(Dct { values: Precision::Bf16, ..Dct::new(0.1) }),
        "values: expected F32 or F16, got Bf16"
    );
    let results = on_ranks(2, |group| {
        let ctx = Context::cpu();
        let rank = group.rank();
        let mut replicas = replicas(&ctx, group, Dct::new(0.1));
        let (first, other) = (layers(&ctx)?, Mlp::new(&ctx, &[3, 1], Activation::None, 4, Sgd::new(0.1), 3)?);
        replicas.reduce(&[&first])?;
        replicas.reduce(&[if rank == 1 { &other } else { &first }])
    });
    for result in results {
        let error: Error = result.unwrap_err();
        assert_eq!(error.to_string(), "rank 1: layers: expected those of the first reduction, got others");
    }
}

/// A reduction that was refused leaves nothing behind, and ranks with other settings are told.
#[test]
fn a_first_reduction_that_is_refused_can_be_made_again() {
    let results = on_ranks(2, |group| {
        let ctx = Context::cpu();
        let rank = group.rank();
        let ranks = Ranks::new(group);
        let mut both = Replicas::new(&ctx, &ranks).dct(Dct::new(0.1)).unwrap();
        let (right, wrong) =
            (layers(&ctx).unwrap(), Mlp::new(&ctx, &[3, 1], Activation::None, 4, Sgd::new(0.1), 3));
        let wrong = wrong.unwrap();
        let first = both.reduce(&[if rank == 1 { &wrong } else { &right }]).unwrap_err().to_string();
        both.reduce(&[&right]).unwrap();
        let mut others = match rank {
            0 => Replicas::new(&ctx, &ranks),
            _ => Replicas::new(&ctx, &ranks).dct(Dct::new(0.1)).unwrap(),
        };
        [first, others.reduce(&[&right]).unwrap_err().to_string()]
    });
    let expected = "rank 1: layers: expected those of rank 0, and its thresholds, got others";
    assert!(results.iter().flatten().all(|said| said == expected), "{results:?}");
}

/// As many ranks go on with the same bits; others lose nothing of what was left.
#[test]
fn what_is_left_is_saved() {
    let ctx = Context::cpu();
    let dct = Dct { downlink: Downlink::Thresholded, lifespan: 3, ..Dct::new(0.05) };
    let run = |ranks: usize, saved: &[Checkpoint], steps: std::ops::Range<u64>| {
        let results = on_ranks(ranks, |group| {
            let rank = group.rank();
            let (layers, mut replicas) = (layers(&ctx).unwrap(), replicas(&ctx, group, dct));
            replicas.import(saved, "dct", &[&layers]).unwrap();
            for step in steps.clone() {
                write_gradients(&ctx, &layers, step, rank).unwrap();
                replicas.reduce(&[&layers]).unwrap();
            }
            let mut saved = Checkpoint::new();
            replicas.export(&mut saved, "dct").unwrap();
            (saved, left(&replicas))
        });
        let (saved, left): (Vec<_>, Vec<_>) = results.into_iter().unzip();
        (saved, left)
    };
    let (whole, _) = run(3, &[], 0..5);
    let (half, before) = run(3, &[], 0..2);
    assert!(run(3, &half, 2..5).0 == whole);
    for ranks in [1, 2, 4] {
        let (_, after) = run(ranks, &half, 2..2);
        let sums = |left: &[(Vec<f32>, Vec<f32>)]| -> Vec<f64> {
            let len = left[0].0.len();
            let own = (0..len).map(|i| left.iter().map(|(own, _)| f64::from(own[i])).sum::<f64>());
            let sums: Vec<f32> = left.iter().flat_map(|(_, sums)| sums.clone()).collect();
            own.zip(sums).map(|(own, sum)| own + f64::from(sum)).collect()
        };
        let (before, after) = (sums(&before), sums(&after));
        assert_eq!(before.len(), after.len());
        assert!(before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-5), "{ranks} ranks");
    }
    // of other layers
    let error = on_ranks(1, |group| {
        let other = Mlp::new(&ctx, &[3, 1], Activation::None, 4, Sgd::new(0.1), 3).unwrap();
        replicas(&ctx, group, dct).import(&half, "dct", &[&other]).unwrap_err().to_string()
    });
    assert!(error[0].contains("dct.layers: expected [(\"0.weight\", 1, 3)"), "{}", error[0]);
    // of some of the ranks
    let error = on_ranks(1, |group| {
        let layers = layers(&ctx).unwrap();
        replicas(&ctx, group, dct).import(&half[..1], "dct", &[&layers]).unwrap_err().to_string()
    });
    assert!(error[0].contains("dct: expected what 3 ranks have left, got that of 1"), "{}", error[0]);
}
