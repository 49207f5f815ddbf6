//! Bursts of work by other programs, as a person causes them.

use crate::base::rng::Rng;

/// Cores that are busy with other programs for some seconds.
#[derive(Clone, Copy, Debug)]
pub struct Burst {
    /// First second.
    pub from: u32,
    /// One after the last.
    pub to: u32,
    /// Cores.
    pub cores: f64,
}

/// Mean seconds between two bursts (a Poisson process).
const MEAN: f64 = 240.0;

/// Random bursts of 5 to 40 s on 1, 2 or 4 cores.
#[must_use]
pub fn bursts(seed: u64, seconds: u32) -> Vec<Burst> {
    let mut rng = Rng::new(seed);
    let (mut all, mut at) = (Vec::new(), 0.0);
    loop {
        let unit = (rng.below(1 << 32) + 1) as f64 / (1_u64 << 32) as f64;
        at -= MEAN * unit.ln();
        if at >= f64::from(seconds) {
            return all;
        }
        let from = whole(at);
        let cores = if rng.one_in(3) { 4.0 } else { [1.0, 2.0][usize::from(rng.one_in(2))] };
        let lasts = 5 + u32::try_from(rng.below(36)).unwrap_or(0);
        all.push(Burst { from, to: from + lasts, cores });
    }
}

/// Cores that bursts keep busy in this second.
#[must_use]
pub fn busy(bursts: &[Burst], second: u32) -> f64 {
    bursts.iter().filter(|burst| (burst.from..burst.to).contains(&second)).map(|burst| burst.cores).fold(0.0, f64::max)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to the end of the trial")]
fn whole(seconds: f64) -> u32 {
    seconds as u32
}
