//! What groups of users think of kinds of content, day by day.

use std::collections::HashMap;
use std::f64::consts::TAU;
use std::path::Path;

use crate::args::Args;
use crate::data::DataError;
use crate::data::movielens::{self, files};
use crate::data::random::{fraction, generator};
use crate::decisions::likes::Like;

/// Kinds of content.
pub const KINDS: usize = 3;

/// The genres of MovieLens by kind; a movie is of the kind that most of its genres are of, the first of
/// equals.
const GENRES: [(&str, &[&str]); KINDS] = [
    (
        "suspense",
        &[
            "Action",
            "Adventure",
            "Crime",
            "Film-Noir",
            "Horror",
            "Mystery",
            "Sci-Fi",
            "Thriller",
            "War",
            "Western",
        ],
    ),
    ("drama", &["Documentary", "Drama", "Musical", "Romance"]),
    ("light", &["Animation", "Children", "Comedy", "Fantasy"]),
];

/// Losses of all days.
#[derive(Debug)]
pub struct Problem {
    pub kinds: [&'static str; KINDS],
    pub groups: usize,
    /// The least share of each kind.
    pub floors: [f32; KINDS],
    /// For each day, kinds x groups: the part of the impressions that was not liked.
    pub losses: Vec<Vec<f32>>,
}

impl Problem {
    /// Groups who each like kinds to a different degree, more on some days of the week; a hundred impressions
    /// a day and kind.
    pub fn made_up(args: &Args) -> Result<Self, DataError> {
        const IMPRESSIONS: u32 = 100;
        let (groups, rounds) = args.size(1024, 4000);
        let mut random = generator(args.seed, 0);
        let mut draw = |least: f64, most: f64| least + (most - least) * fraction(&mut random);
        let tastes: Vec<[f64; 2]> = (0..KINDS * groups).map(|_| [draw(0.1, 0.6), draw(0.0, TAU)]).collect();
        let day = |day: usize| {
            let of = |&[rate, phase]: &[f64; 2]| {
                let rate = rate + 0.1 * (TAU * day as f64 / 7.0 + phase).sin();
                let liked = (0..IMPRESSIONS).filter(|_| fraction(&mut random) < rate).count();
                1.0 - liked as f32 / IMPRESSIONS as f32
            };
            tastes.iter().map(of).collect()
        };
        let losses = (0..rounds).map(day).collect();
        Ok(Self { kinds: ["first", "second", "third"], groups, floors: floors(args)?, losses })
    }

    /// MovieLens' ratings in the order of time, cut into as many days of equally many; groups by the users'
    /// numbers. On days without a rating a loss is what it was the day before, a half at first.
    #[allow(clippy::cast_possible_truncation, reason = "losses are rounded")]
    pub fn movielens(folder: &Path, mut likes: Vec<Like>, args: &Args) -> Result<Self, DataError> {
        let (groups, rounds) = args.size(16, 400);
        let mut movies = HashMap::new();
        files::read_movies(&folder.join(movielens::MOVIES), &mut movies)?;
        let kinds: HashMap<u32, usize> =
            movies.iter().filter_map(|(&id, movie)| Some((id, kind_of(&movie.genres)?))).collect();
        likes.retain(|rating| kinds.contains_key(&rating.movie));
        if likes.is_empty() {
            let path = folder.join(movielens::RATINGS);
            return Err(DataError::Empty { path, expected: "rating of a movie with a genre" });
        }
        likes.sort_by_key(|rating| (rating.timestamp, rating.user, rating.movie));
        let mut last = vec![0.5; KINDS * groups];
        let losses = (0..rounds).map(|day| {
            let [first, end] = [day, day + 1].map(|day| day * likes.len() / rounds);
            let mut counts = vec![[0.0; 2]; KINDS * groups];
            for rating in &likes[first..end] {
                let group = rating.user as usize % groups;
                let [liked, all] = &mut counts[kinds[&rating.movie] * groups + group];
                (*liked, *all) = (*liked + rating.like, *all + 1.0);
            }
            for (loss, [liked, all]) in last.iter_mut().zip(counts).filter(|(_, [_, all])| *all > 0.0) {
                *loss = (1.0 - liked / all) as f32;
            }
            last.clone()
        });
        let losses = losses.collect();
        Ok(Self { kinds: GENRES.map(|(name, _)| name), groups, floors: floors(args)?, losses })
    }
}

/// The floors, one for each kind.
fn floors(args: &Args) -> Result<[f32; KINDS], DataError> {
    let floors: Option<[f32; KINDS]> = args.floors.clone().try_into().ok();
    let expected = || format!("{KINDS} shares that add up to at most 1");
    let got = || args.floors.iter().map(f32::to_string).collect::<Vec<_>>().join(",");
    let fits =
        |floors: &[f32; KINDS]| floors.iter().map(|floor| f64::from(*floor)).sum::<f64>() <= 1.0 + 1e-6;
    floors.filter(fits).ok_or_else(|| DataError::argument("--floors", expected(), got()))
}

/// The kind that most of a movie's genres are of.
fn kind_of(genres: &[String]) -> Option<usize> {
    let count =
        |(_, of): &(&str, &[&str])| genres.iter().filter(|genre| of.contains(&genre.as_str())).count();
    let counts = GENRES.each_ref().map(count);
    let most = counts.into_iter().max().filter(|&most| most > 0)?;
    counts.iter().position(|&count| count == most)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::decisions::likes;

    fn args(more: &[&str]) -> Args {
        Args::parse_from(["exposure"].iter().chain(more))
    }

    #[test]
    fn a_movie_is_of_the_kind_of_most_of_its_genres() {
        let kind = |genres: &str| kind_of(&genres.split('|').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(kind("Adventure|Animation|Children|Comedy|Fantasy"), Some(2));
        assert_eq!(kind("Drama|War"), Some(0));
        assert_eq!(kind("Drama|Romance|War"), Some(1));
        assert_eq!(kind("(no genres listed)"), None);
    }

    #[test]
    fn made_up_losses_are_shares_and_the_same_for_a_seed() -> Result<(), DataError> {
        let made = |seed| Problem::made_up(&args(&["--groups", "5", "--rounds", "9", "--seed", seed]));
        let problem = made("3")?;
        assert_eq!((problem.losses.len(), problem.losses[8].len()), (9, 15));
        assert!(problem.losses.iter().flatten().all(|loss| (0.0..=1.0).contains(loss)));
        assert_eq!(problem.losses, made("3")?.losses);
        assert_ne!(problem.losses, made("4")?.losses);
        Ok(())
    }

    #[test]
    fn ratings_are_cut_into_days() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let movies = "movieId,title,genres\n1,One,Drama\n2,Two,Comedy\n3,Three,(no genres listed)\n";
        std::fs::write(folder.path().join("movies.csv"), movies)?;
        let ratings = "userId,movieId,rating,timestamp\n4,1,5,10\n4,3,5,10\n5,1,1,11\n4,2,2,12\n4,1,1,13\n";
        std::fs::write(folder.path().join("ratings.csv"), ratings)?;
        let likes = likes::read(&embag::Context::cpu(), folder.path(), None)?;
        let problem = Problem::movielens(folder.path(), likes, &args(&["--groups", "2", "--rounds", "2"]))?;
        // drama is liked by the even user and not by the odd one; then the even one likes neither
        let kept = [0.5, 0.5];
        assert_eq!(problem.losses[0], [kept, [0.0, 1.0], kept].concat());
        assert_eq!(problem.losses[1], [kept, [1.0, 1.0], [1.0, 0.5]].concat());
        Ok(())
    }

    #[test]
    fn floors_that_cannot_be_are_refused() {
        for (given, got) in [("0.5,0.5,0.2", "0.5,0.5,0.2"), ("0.5,0.2", "0.5,0.2")] {
            let error = Problem::made_up(&args(&["--groups", "1", "--rounds", "1", "--floors", given]));
            let text = error.err().map(|error| error.to_string()).unwrap_or_default();
            assert_eq!(text, format!("--floors: expected 3 shares that add up to at most 1, got {got}"));
        }
    }
}
