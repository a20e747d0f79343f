//! The options of `emu serve` that change its world: `--seed`, `--chaos`, `--virtual-time`.
//!
//! Invariant: parses and says what was asked for; the world does it.

use crate::serve::Log;
use crate::world::levers::Levers;
use crate::world::real::{RealWorld, fill_random};
use crate::world::virtual_clock::VirtualClock;
use crate::world::{Point, Points, Seed, World};
use clap::Args;
use std::sync::Arc;

/// The random seed of who gives none has 32 bits, so that it is quick to type.
const RANDOM_SEED_BYTES: usize = 4;
/// With the next best one it is not worth looking further. One seed in four hundred has all faults.
const MAX_SEEDS_TRIED: usize = 20_000;
/// Points that hold something back for a time. A clock that stands still never lets it go.
const DELAYS: [Point; 7] = [
    Point::Deliver,
    Point::Message,
    Point::TimerLate,
    Point::AlarmLate,
    Point::SlowStart,
    Point::FlushLate,
    Point::CloseLate,
];

/// The options of `emu serve` that change its world.
#[derive(Args, Debug)]
pub(super) struct LeverArgs {
    /// What guests draw at random follows from this seed, such as `7f3a-19c2`; with `--chaos`, what strikes too
    #[arg(long, value_name = "SEED", value_parser = parse_seed)]
    seed: Option<Seed>,

    /// Do to objects what production may do at any time: names behind commas, such as `evict,crash`; `help` lists them
    #[arg(long, value_name = "FAULTS", value_parser = parse_chaos, allow_hyphen_values = true)]
    chaos: Option<Chaos>,

    /// Let the clock of guests stand still until `emu clock` moves it
    #[arg(long)]
    virtual_time: bool,
}

#[derive(Clone, Copy, Debug)]
enum Chaos {
    Help,
    Points(Points),
}

fn parse_seed(text: &str) -> Result<Seed, String> {
    match text.split_once(':') {
        Some((seed, _)) => Err(format!("only `emu test` repeats what stands behind the `:`; give `{seed}`")),
        None => text.parse(),
    }
}

fn parse_chaos(text: &str) -> Result<Chaos, String> {
    if text == "help" { Ok(Chaos::Help) } else { Points::parse(text).map(Chaos::Points) }
}

impl LeverArgs {
    /// Whether only the list of faults is wanted.
    pub(super) fn wants_help(&self) -> bool {
        matches!(self.chaos, Some(Chaos::Help))
    }

    /// What was asked for, if anything was.
    pub(super) fn levers(&self) -> Option<Levers> {
        if self.seed.is_none() && self.chaos.is_none() && !self.virtual_time {
            return None;
        }
        let clock = || Arc::new(VirtualClock::new(RealWorld::default().now_ms()));
        Some(Levers {
            seed: self.seed.unwrap_or_else(|| random_seed(self.points())),
            chaos: self.points(),
            clock: self.virtual_time.then(clock),
        })
    }

    fn points(&self) -> Points {
        match self.chaos {
            Some(Chaos::Points(points)) => points,
            Some(Chaos::Help) | None => Points::NONE,
        }
    }

    /// Says what is not as usual, and how to have it again.
    pub(super) fn announce(&self, levers: &Levers, log: &Log) {
        if self.chaos.is_some() {
            log.info(&format!("chaos: seed {}: {}", levers.seed, likelihoods(levers)));
        } else if self.seed.is_some() {
            log.info(&format!("seed {}: what guests draw at random follows from it", levers.seed));
        }
        if levers.clock.is_some() {
            log.info("virtual time: the clock stands still; `emu clock advance 1m` moves it");
            let held: Vec<_> = DELAYS.iter().filter(|point| levers.chaos.contains(**point)).collect();
            if !held.is_empty() {
                let names: Vec<_> = held.iter().map(|point| format!("`{point}`")).collect();
                log.warn(&format!("what {} holds back waits for `emu clock advance`", names.join(", ")));
            }
        }
    }
}

/// A seed with which all that was asked for can strike; most seeds leave something out.
fn random_seed(chaos: Points) -> Seed {
    let mut seed = Seed::default();
    for _ in 0..MAX_SEEDS_TRIED {
        let mut bytes = [0; 8];
        fill_random(&mut bytes[..RANDOM_SEED_BYTES]);
        seed = Seed(u64::from_le_bytes(bytes));
        let swarm = Levers { seed, chaos, clock: None }.swarm();
        if chaos.iter().all(|point| swarm.once_in(point).is_some()) {
            break;
        }
    }
    seed
}

/// The points that may strike, and how often each does with this seed.
fn likelihoods(levers: &Levers) -> String {
    let swarm = levers.swarm();
    let told = |point: Point| match swarm.once_in(point) {
        Some(draws) => format!("{point} (1 in {draws})"),
        None => format!("{point} (never with this seed)"),
    };
    let all: Vec<_> = levers.chaos.iter().map(told).collect();
    if all.is_empty() { "nothing".into() } else { all.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(seed: Option<&str>, chaos: Option<&str>) -> LeverArgs {
        LeverArgs {
            seed: seed.map(|seed| parse_seed(seed).expect("a seed")),
            chaos: chaos.map(|chaos| parse_chaos(chaos).expect("faults")),
            virtual_time: false,
        }
    }

    #[test]
    fn the_world_is_the_real_one_unless_asked_for() {
        assert!(args(None, None).levers().is_none());
        assert_eq!(args(Some("7f3a-19c2"), None).levers().map(|levers| levers.seed), Some(Seed(0x7f3a_19c2)));
        let all = args(None, Some("order,silent,loud")).levers().expect("levers");
        assert!(!likelihoods(&all).contains("never"), "{}", likelihoods(&all));
        let seeds = [(); 2].map(|()| args(None, Some("evict")).levers().map(|levers| levers.seed));
        assert!(seeds[0] != seeds[1] && seeds.iter().flatten().all(|seed| seed.0 <= u64::from(u32::MAX)));
        let clock = LeverArgs { virtual_time: true, ..args(None, None) }.levers().and_then(|levers| levers.clock);
        assert!(clock.is_some_and(|clock| clock.now_ms() > 1e12));
    }

    #[test]
    fn how_often_each_fault_strikes_is_told() {
        for (chaos, expected) in [
            ("none", "nothing"),
            ("evict", "evict (1 in 4)"),
            ("evict,crash,alarm-twice", "evict (1 in 4), alarm-twice (never with this seed), crash (1 in 32)"),
        ] {
            let levers = args(Some("1"), Some(chaos)).levers().expect("levers");
            assert_eq!(likelihoods(&levers), expected);
        }
    }

    #[test]
    fn the_list_is_asked_for_by_name() {
        assert!(args(None, Some("help")).wants_help() && !args(None, Some("none")).wants_help());
    }

    #[test]
    fn what_cannot_be_understood_is_refused_with_what_can() {
        assert!(parse_chaos("nonsense").is_err_and(|error| error.contains("`nonsense`") && error.contains("`evict`")));
        assert!(parse_seed("7f3a:crash.0.2=1").is_err_and(|error| error.contains("give `7f3a`")));
        assert!(parse_seed("xyz").is_err_and(|error| error.contains("hex digits")));
    }
}
