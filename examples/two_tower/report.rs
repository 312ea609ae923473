//! What is printed.

use embag::Context;
use serde::Serialize;

use crate::evaluation::Found;
use crate::problem::Problem;
use crate::serving::Latency;

/// An epoch, and what the model finds after it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Epoch {
    pub epoch: u32,
    pub loss: f64,
    pub hit_rate: f64,
    pub ndcg: f64,
    pub seconds: f64,
}

/// What a run came to.
#[derive(Debug, Serialize)]
pub struct Report {
    pub device: String,
    pub users: usize,
    pub movies: usize,
    pub likes: usize,
    pub epochs: Vec<Epoch>,
    pub hit_rate: f64,
    pub ndcg: f64,
    pub popularity: f64,
    pub popularity_ndcg: f64,
    pub int8_hit_rate: f64,
    pub int8_ndcg: f64,
    pub latency: Latency,
}

pub fn start(ctx: &Context, problem: &Problem, likes: usize, popularity: Found) {
    println!("device: {} ({})", ctx.device_name(), ctx.driver());
    println!("{} users, {} movies, {likes} likes to learn from", problem.users.len(), problem.movies());
    println!("\n{:>14}  {:>8}  {:>10}  {:>8}  {:>6}", "", "loss", "hit rate@10", "NDCG@10", "s");
    println!("{:>14}  {:>8}  {:>10.4}  {:>8.4}", "most popular", "", popularity.hit_rate, popularity.ndcg);
}

impl Epoch {
    pub fn print(&self) {
        let Self { epoch, loss, hit_rate, ndcg, seconds } = self;
        let name = format!("epoch {epoch}");
        println!("{name:>14}  {loss:>8.4}  {hit_rate:>10.4}  {ndcg:>8.4}  {seconds:>6.1}");
    }
}

impl Report {
    pub fn print(&self) {
        println!("{:>14}  {:>8}  {:>10.4}  {:>8.4}", "int8", "", self.int8_hit_rate, self.int8_ndcg);
        let Latency { median_ms, p95_ms } = self.latency;
        println!(
            "\na user's ten movies, exact, from int8: {median_ms:.2} ms in the median, {p95_ms:.2} ms for 95 of 100"
        );
    }
}
