#![allow(unreachable_pub, dead_code)]
mod args;
#[path = "../common/data/mod.rs"]
mod data;
#[path = "../common/device.rs"]
mod device;
mod model;
mod problem;

use clap::Parser;
use data::random::{below, generator, shuffle};
use embag::{
    Buffer, JaggedBatch, Matrix, Recorder,
    dense::{record_add, record_matmul},
    sort::top_k,
};
use model::{Step, Towers};
use problem::Problem;

type R<T> = Result<T, Box<dyn std::error::Error>>;

fn users_batch(t: &Towers, s: &args::Settings, list: &[(u32, Vec<u32>)]) -> R<JaggedBatch> {
    let users: Vec<u32> = list.iter().map(|(u, _)| *u).collect();
    let mut ids = vec![];
    let mut lens = vec![];
    let mut w = vec![];
    for (_, h) in list {
        let h = &h[h.len().saturating_sub(s.history)..];
        lens.push(h.len() as u32);
        let total: f32 = (0..h.len()).map(|k| s.decay.powi(k as i32)).sum();
        for (k, m) in h.iter().enumerate() {
            ids.push(*m);
            w.push(s.decay.powi((h.len() - 1 - k) as i32) / total * h.len() as f32);
        }
    }
    Ok(t.bags()
        .batch()
        .only(&["user", "liked"])
        .feature("user", &users)
        .bags("liked", &ids, &lens)
        .weights("liked", &w)
        .build()?)
}

fn movies_batch(t: &Towers, p: &Problem, movies: &[u32]) -> R<JaggedBatch> {
    let mut ids: Vec<u32> = vec![];
    let mut lens = vec![];
    for &m in movies {
        let g = &p.genres[m as usize];
        ids.extend(g);
        lens.push(g.len() as u32);
    }
    Ok(t.bags()
        .batch()
        .only(&["movie", "genres"])
        .feature("movie", movies)
        .bags("genres", &ids, &lens)
        .build()?)
}

fn main() -> R<()> {
    let args = args::Args::parse();
    let s = args.settings;
    let ctx = args.device.open()?;
    let mut problem = match &args.train {
        Some(f) => Problem::movielens(f)?,
        None => Problem::made_up(s.seed),
    };
    if s.valid {
        problem.users.retain(|u| u.liked.len() >= 2);
        for u in &mut problem.users {
            u.next = u.liked.pop().unwrap();
        }
    }
    let pop = problem.popularity();
    let total: u32 = pop.iter().sum();
    let n = problem.movies();
    println!("{} users, {} movies, {} likes", problem.users.len(), n, total);
    let hits = |lists: &dyn Fn(usize) -> Vec<u32>| {
        let (mut h, mut g) = (0.0, 0.0);
        for (i, u) in problem.users.iter().enumerate() {
            if let Some(r) = lists(i).iter().take(10).position(|&m| m == u.next) {
                h += 1.0;
                g += 1.0 / (r as f64 + 2.0).log2();
            }
        }
        (h / problem.users.len() as f64, g / problem.users.len() as f64)
    };
    let mut order: Vec<u32> = (0..n as u32).collect();
    order.sort_by_key(|&m| std::cmp::Reverse(pop[m as usize]));
    let p =
        hits(&|i| order.iter().filter(|m| !problem.users[i].liked.contains(m)).take(10).copied().collect());
    println!("popularity {p:?}");
    let mut t = Towers::new(&ctx, &problem, s)?;
    let mut pairs: Vec<(u32, u32)> = vec![];
    for (u, user) in problem.users.iter().enumerate() {
        for k in 0..user.liked.len() {
            if !s.causal || k > 0 {
                pairs.push((u as u32, k as u32));
            }
        }
    }
    for epoch in 0..s.epochs {
        let start = std::time::Instant::now();
        let mut r = generator(s.seed, u64::from(epoch) + 1);
        shuffle(&mut pairs, &mut r);
        let mut sum = 0.0;
        let mut steps = 0;
        for chunk in pairs.chunks(s.batch) {
            let list: Vec<(u32, Vec<u32>)> = chunk
                .iter()
                .map(|&(u, k)| {
                    let l = &problem.users[u as usize].liked;
                    let k = k as usize;
                    let h: Vec<u32> = if s.causal {
                        l[..k].to_vec()
                    } else {
                        let mut h: Vec<u32> = l.iter().copied().filter(|&m| m != l[k]).collect();
                        if h.len() > s.history {
                            shuffle(&mut h, &mut r);
                            h.truncate(s.history);
                        }
                        h
                    };
                    (u, h)
                })
                .collect();
            let mut movies: Vec<u32> =
                chunk.iter().map(|&(u, k)| problem.users[u as usize].liked[k as usize]).collect();
            let b = movies.len();
            movies.extend((0..s.negatives).map(|_| below(&mut r, n) as u32));
            let log_q: Vec<f32> = movies
                .iter()
                .map(|&m| {
                    s.q * (b as f32 * pop[m as usize] as f32 / total as f32 + s.negatives as f32 / n as f32)
                        .ln()
                })
                .collect();
            let users = users_batch(&t, &s, &list)?;
            let mb = movies_batch(&t, &problem, &movies)?;
            sum += t.step(&Step { users: &users, movies: &mb, candidates: &movies, log_q: &log_q })?;
            steps += 1;
        }
        let time = start.elapsed();
        let all: Vec<u32> = (0..n as u32).collect();
        let v = t.embed(&movies_batch(&t, &problem, &all)?, false)?;
        let list: Vec<(u32, Vec<u32>)> =
            problem.users.iter().enumerate().map(|(u, x)| (u as u32, x.liked.clone())).collect();
        let u = t.embed(&users_batch(&t, &s, &list)?, true)?;
        let rows = list.len();
        let mut mask = vec![0.0f32; rows * n];
        for (i, x) in problem.users.iter().enumerate() {
            for &m in &x.liked {
                mask[i * n + m as usize] = f32::NEG_INFINITY;
            }
        }
        let mask = Matrix::from_slice(&ctx, &mask, rows, n)?;
        let (scores, left, best) =
            (Matrix::zeros(&ctx, rows, n)?, Matrix::zeros(&ctx, rows, n)?, Matrix::zeros(&ctx, rows, 10)?);
        let cols = Buffer::from_slice(&ctx, &vec![0u32; rows * 10])?;
        let mut rec = Recorder::new(&ctx);
        record_matmul(&mut rec, &u, v.transposed(), &scores)?;
        record_add(&mut rec, &scores, &mask, &left)?;
        top_k(&mut rec, &left, &best, &cols)?;
        rec.run()?;
        let cols: Vec<u32> = cols.read(&ctx)?;
        let m = hits(&|i| cols[i * 10..(i + 1) * 10].to_vec());
        println!(
            "epoch {} loss {:.4} hit {:.4} ndcg {:.4} ratio {:.2} ({:.1?})",
            epoch + 1,
            sum / steps as f32,
            m.0,
            m.1,
            m.0 / p.0,
            time
        );
    }
    Ok(())
}
