//! Which agent has which documents.

use crate::base::rng::Rng;
use crate::base::vector::Embedding;
use crate::cli::args::Split;
use crate::limits::DIMENSIONS;

/// Steps of k-means: by then hardly a document moves.
const STEPS: usize = 25;

type Point = [f32; DIMENSIONS];

/// For each document the number of its agent, below `agents`. `documents` are the vectors of the passages of each.
pub(super) fn split(how: Split, agents: usize, seed: u64, documents: &[Vec<&Embedding>]) -> Vec<usize> {
    let mut rng = Rng::new(seed);
    match how {
        _ if agents < 2 => vec![0; documents.len()],
        Split::Random => documents.iter().map(|_| below(&mut rng, agents)).collect(),
        Split::Topical => {
            clusters(&documents.iter().map(|vectors| mean(vectors)).collect::<Vec<_>>(), agents, &mut rng)
        }
    }
}

/// The direction of the mean of some vectors; zeros where there are none.
fn mean(vectors: &[&Embedding]) -> Point {
    let mut sum = [0.0; DIMENSIONS];
    vectors.iter().for_each(|vector| add(&mut sum, vector.values()));
    unit(sum)
}

/// Spherical k-means (Dhillon and Modha, "Concept decompositions for large sparse text data using clustering", 2001) with the
/// first centres drawn as in k-means++ (Arthur and Vassilvitskii, 2007).
fn clusters(points: &[Point], count: usize, rng: &mut Rng) -> Vec<usize> {
    let mut centres = first_centres(points, count, rng);
    let mut of = vec![0; points.len()];
    for _ in 0..STEPS {
        let before = std::mem::replace(&mut of, points.iter().map(|point| nearest(point, &centres).0).collect());
        if before == of {
            break;
        }
        for (number, centre) in centres.iter_mut().enumerate() {
            let mut sum = [0.0; DIMENSIONS];
            points.iter().zip(&of).filter(|(_, of)| **of == number).for_each(|(point, _)| add(&mut sum, point));
            // One without documents stays where it is.
            if sum.iter().any(|value| *value != 0.0) {
                *centre = unit(sum);
            }
        }
    }
    of
}

/// Centres among the points, each far from those before with the more chance the farther it is.
fn first_centres(points: &[Point], count: usize, rng: &mut Rng) -> Vec<Point> {
    let mut centres: Vec<Point> = points.get(below(rng, points.len())).into_iter().copied().collect();
    while centres.len() < count.min(points.len()) {
        let distance = |point: &Point| f64::from((1.0 - nearest(point, &centres).1).max(0.0));
        let distances: Vec<f64> = points.iter().map(distance).collect();
        let mut left = distances.iter().sum::<f64>() * (rng.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let chosen = distances.iter().position(|distance| {
            left -= distance;
            left < 0.0
        });
        centres.push(points[chosen.unwrap_or(0)]);
    }
    centres
}

/// The nearest centre, of equal ones the first, and its cosine.
fn nearest(point: &Point, centres: &[Point]) -> (usize, f32) {
    let cosine = |centre: &Point| point.iter().zip(centre).map(|(a, b)| a * b).sum::<f32>();
    centres.iter().map(cosine).enumerate().fold((0, f32::MIN), |best, one| if one.1 > best.1 { one } else { best })
}

fn add(sum: &mut Point, values: &Point) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}

fn unit(mut sum: Point) -> Point {
    let norm = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
    if norm > f32::EPSILON {
        sum.iter_mut().for_each(|value| *value /= norm);
    }
    sum
}

fn below(rng: &mut Rng, end: usize) -> usize {
    usize::try_from(rng.below(end as u64)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Fingerprint;
    use crate::embed::Embedder;
    use crate::embed::stand_in::StandIn;

    const TOPICS: [&str; 3] = ["garden hedge soil", "engine oil tyre", "violin bow string"];

    fn documents() -> Vec<Embedding> {
        let mut embedder = StandIn::new(Fingerprint([1; 32]));
        (0..60).map(|n| embedder.embed(&format!("{} {n}", TOPICS[n % 3])).unwrap()).collect()
    }

    #[test]
    fn documents_about_the_same_things_are_together_and_the_same_seed_gives_the_same() {
        let documents = documents();
        let documents: Vec<Vec<&Embedding>> = documents.iter().map(|vector| vec![vector]).collect();
        let of = split(Split::Topical, 3, 1, &documents);
        assert_eq!(of, split(Split::Topical, 3, 1, &documents));
        let [a, b, c] = [of[0], of[1], of[2]];
        assert!(a != b && b != c && a != c, "{of:?}");
        assert!(of.chunks(3).all(|three| three == [a, b, c]), "{of:?}");
    }

    #[test]
    fn by_chance_each_agent_has_some_and_another_seed_gives_another_split() {
        let documents = vec![Vec::new(); 400];
        let of = |seed| split(Split::Random, 8, seed, &documents);
        assert!((0..8).all(|agent| (20..90).contains(&of(1).iter().filter(|of| **of == agent).count())));
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn more_agents_than_documents_and_documents_without_vectors_are_no_fault() {
        let documents = documents();
        let few = [vec![&documents[0]], Vec::new()];
        for how in [Split::Topical, Split::Random] {
            assert!(split(how, 8, 3, &few).iter().all(|agent| *agent < 8));
            assert_eq!(split(how, 8, 3, &[]), Vec::<usize>::new());
            assert_eq!(split(how, 1, 3, &few), [0, 0]);
        }
    }
}
