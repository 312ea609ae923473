//! Layers on two ranks, and what crosses between them.

use embag::dense::Cut;
use embag::sharded::{Boundary, Group, Ranks, Traffic};
use embag::{Checkpoint, Context, Matrix, Precision, Recorder, Result};

use crate::{Random, on_ranks};

fn values(seed: u64, count: usize) -> Vec<f32> {
    let mut random = Random::of([seed, 1, 4]);
    (0..count).map(|_| random.normal().max(0.0)).collect()
}

/// What a cut in one process lets through, and gives back.
fn alone(ctx: &Context, cut: &mut Cut, x: &Matrix, dout: &Matrix) -> Result<[Vec<f32>; 2]> {
    let [out, dx] = [(); 2].map(|()| Matrix::zeros(ctx, x.rows(), x.cols()));
    let (out, dx) = (out?, dx?);
    let mut rec = Recorder::new(ctx);
    cut.record_forward(&mut rec, x, &out)?;
    cut.record_backward(&mut rec, &out, dout, &dx)?;
    rec.run()?;
    Ok([out.to_vec(ctx)?, dx.to_vec(ctx)?])
}

/// Of three ranks the second has the first layers, and the first has the others.
#[test]
fn a_boundary_is_a_cut_between_ranks() {
    for share in [1.0, 0.3, 0.01] {
        let results = on_ranks(3, |group| {
            let (rank, ctx, ranks) = (group.rank(), Context::cpu(), Ranks::new(group));
            let mut boundary =
                Boundary::new(&ctx, &ranks, 1, 0).unwrap().share(share).unwrap().warm_up(2).lifespan(3);
            let mut cut = Cut::new(&ctx, share).unwrap().warm_up(2).lifespan(3);
            for step in 0..8u64 {
                // the last batch is shorter
                let (rows, cols) = (if step == 7 { 5 } else { 20 }, 90);
                let of = |seed| Matrix::from_slice(&ctx, &values(seed, rows * cols), rows, cols).unwrap();
                let (x, dout) = (of(step), of(step + 50));
                let [out, dx] = alone(&ctx, &mut cut, &x, &dout).unwrap();
                let crossed = boundary.forward((rank == 1).then_some(&x)).unwrap();
                assert_eq!(crossed.is_some(), rank == 0);
                if let Some(crossed) = crossed {
                    assert_eq!(crossed.to_vec(&ctx).unwrap(), out, "step {step}");
                }
                let back = boundary.backward((rank == 0).then_some(&dout)).unwrap();
                assert_eq!(back.is_some(), rank == 1);
                if let Some(back) = back {
                    // what relu has made zero has no gradient either way
                    let expected: Vec<f32> =
                        dx.iter().zip(&out).map(|(dx, out)| if *out == 0.0 { 0.0 } else { *dx }).collect();
                    assert_eq!(back.to_vec(&ctx).unwrap(), expected, "step {step}");
                }
            }
            ranks.sent().bytes(Traffic::Activations)
        });
        let dense = (7 * 20 + 5) * 90 * 4;
        assert_eq!(results[2], 0);
        if share == 0.01 {
            // two of eight steps let everything cross
            assert!(results[0] < dense / 3 && results[1] < dense / 3, "{results:?} of {dense}");
        }
    }
}

/// Both sides go on from checkpoints as if nobody had stopped.
#[test]
fn a_boundary_goes_on_from_checkpoints() {
    let run = |stopped: bool| {
        on_ranks(2, |group| {
            let (rank, ctx, ranks) = (group.rank(), Context::cpu(), Ranks::new(group));
            let new =
                || Boundary::new(&ctx, &ranks, 0, 1).unwrap().share(0.2).unwrap().warm_up(1).lifespan(4);
            let mut boundary = new();
            let mut all = Vec::new();
            for step in 0..9u64 {
                if stopped && step % 3 == 2 {
                    let mut saved = Checkpoint::new();
                    boundary.export(&mut saved, "boundary").unwrap();
                    boundary = new();
                    boundary.import(&saved, "boundary").unwrap();
                }
                let x = Matrix::from_slice(&ctx, &values(step, 60), 6, 10).unwrap();
                let crossed = boundary.forward((rank == 0).then_some(&x)).unwrap();
                all.extend(crossed.map(|crossed| crossed.to_vec(&ctx).unwrap()));
            }
            all
        })
    };
    let whole = run(false);
    assert_eq!(whole[1].len(), 9);
    assert!(run(true) == whole);
}

#[test]
fn halves_take_fewer_bytes() {
    let sent = |precision: Precision| {
        on_ranks(2, |group| {
            let (rank, ctx, ranks) = (group.rank(), Context::cpu(), Ranks::new(group));
            let mut boundary =
                Boundary::new(&ctx, &ranks, 0, 1).unwrap().share(0.1).unwrap().values(precision).unwrap();
            let x = Matrix::from_slice(&ctx, &values(3, 4000), 40, 100).unwrap();
            let crossed = boundary.forward((rank == 0).then_some(&x)).unwrap();
            boundary.backward(crossed.as_ref()).unwrap();
            if let Some(crossed) = crossed {
                let (found, given) = (crossed.to_vec(&ctx).unwrap(), x.to_vec(&ctx).unwrap());
                let far =
                    found.iter().zip(given).filter(|(a, b)| **a != 0.0 && (*a - b).abs() > b.abs() / 2000.0);
                assert_eq!(far.count(), 0);
            }
            ranks.sent().bytes(Traffic::Activations)
        })
    };
    let (whole, half) = (sent(Precision::F32), sent(Precision::F16));
    // 400 of 4,000 values, with a byte for each place
    assert!((2000..2200).contains(&whole[0]) && (1200..1400).contains(&half[0]), "{whole:?} {half:?}");
}

#[test]
fn mistakes_are_the_same_error_on_both_ranks() {
    let run = |act: fn(usize, &Context, &mut Boundary) -> Result<()>| {
        on_ranks(2, move |group| {
            let (rank, ctx, ranks) = (group.rank(), Context::cpu(), Ranks::new(group));
            let mut boundary = Boundary::new(&ctx, &ranks, 0, 1).unwrap();
            act(rank, &ctx, &mut boundary).unwrap_err().to_string()
        })
    };
    let all_say =
        |found: Vec<String>, expected: &str| assert!(found.iter().all(|said| said == expected), "{found:?}");
    all_say(
        run(|_, _, boundary| boundary.forward(None).map(drop)),
        "rank 0: what crosses: expected a matrix on rank 0, got none",
    );
    all_say(
        run(|_, ctx, boundary| boundary.forward(Some(&Matrix::zeros(ctx, 1, 1)?)).map(drop)),
        "rank 1: what crosses: expected none on rank 1, got a matrix",
    );
    all_say(
        run(|rank, ctx, boundary| {
            let bad = Matrix::from_slice(ctx, &[1.0, f32::NAN], 1, 2)?;
            boundary.forward((rank == 0).then_some(&bad)).map(drop)
        }),
        "rank 0: what crosses: expected finite numbers, got others",
    );
    all_say(
        run(|rank, ctx, boundary| {
            let grad = Matrix::zeros(ctx, 1, 2)?;
            boundary.backward((rank == 1).then_some(&grad)).map(drop)
        }),
        "rank 1: backward: expected a forward before it, got none",
    );
    all_say(
        run(|rank, ctx, boundary| {
            let (x, grad) = (Matrix::zeros(ctx, 2, 2)?, Matrix::zeros(ctx, 1, 2)?);
            boundary.forward((rank == 0).then_some(&x))?;
            boundary.backward((rank == 1).then_some(&grad)).map(drop)
        }),
        "rank 1: grad: expected 2 x 2, got 1 x 2",
    );
    let refused = on_ranks(1, |group| {
        let (ctx, ranks) = (Context::cpu(), Ranks::new(group));
        let new = || Boundary::new(&ctx, &ranks, 0, 0).unwrap();
        [
            Boundary::new(&ctx, &ranks, 0, 1).unwrap_err().to_string(),
            new().share(0.0).unwrap_err().to_string(),
            new().values(Precision::Bf16).unwrap_err().to_string(),
        ]
    });
    let expected = [
        "to: expected a rank below 1, got 1",
        "share: expected a share above 0, of at most 1, got 0",
        "values: expected F32 or F16, got Bf16",
    ];
    assert_eq!(refused[0], expected);
}
