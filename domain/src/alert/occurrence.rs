use crate::count::Minute;

/// Counted episodes of an app that follow each other within so many minutes are one occurrence: 6 h (SPEC section 2).
pub const OCCURRENCE_GAP: i64 = 6 * 60;

/// An occurrence that has not been closed: counted episodes of one app that overlap or follow each other within 6 h
/// (SPEC section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// The tick that opened the first of its episodes.
    pub opened_at: Minute,
    /// The tick that closed the last of them; `None` while one is open.
    pub ended_at: Option<Minute>,
}

impl Occurrence {
    /// The occurrence of one episode.
    pub fn of(opened_at: Minute, ended_at: Option<Minute>) -> Self {
        Self { opened_at, ended_at }
    }

    /// Whether an episode with these ends belongs to it: they overlap, or one follows the other within 6 h.
    pub fn takes(&self, episode: Self) -> bool {
        let follows = |first: Self, second: Self| {
            first
                .ended_at
                .is_none_or(|ended| second.opened_at - ended <= OCCURRENCE_GAP)
        };
        follows(*self, episode) && follows(episode, *self)
    }

    /// Both as one.
    pub fn with(self, other: Self) -> Self {
        Self {
            opened_at: self.opened_at.min(other.opened_at),
            ended_at: self.ended_at.zip(other.ended_at).map(|(a, b)| a.max(b)),
        }
    }

    /// The tick at which it closes, unless something of it is open: 6 h after the last of its episodes ended.
    ///
    /// An episode of the app that is open and has not counted yet may still turn out to belong to it. While there is one that
    /// it would take, it is not closed; that it ended is then known only once that episode ends or counts.
    pub fn closes_at(&self) -> Option<Minute> {
        Some(self.ended_at? + OCCURRENCE_GAP)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(opened: i64, ended: i64) -> Occurrence {
        Occurrence::of(Minute(opened), Some(Minute(ended)))
    }

    #[test]
    fn six_hours_are_still_one() {
        let first = span(0, 100);
        assert!(first.takes(span(460, 500)) && !first.takes(span(461, 500)));
        assert!(first.takes(span(-500, -360)) && !first.takes(span(-500, -361)));
        assert!(first.takes(span(50, 60)), "overlapping");
        assert!(Occurrence::of(Minute(0), None).takes(span(9_999, 10_000)), "still open");
        assert!(Occurrence::of(Minute(100), None).takes(span(-300, -260)));
        assert!(!Occurrence::of(Minute(101), None).takes(span(-300, -260)));
    }

    #[test]
    fn it_closes_six_hours_after_the_last_end() {
        let both = span(0, 100).with(span(50, 80));
        assert_eq!(both, span(0, 100));
        assert_eq!(both.closes_at(), Some(Minute(460)));
        let open = both.with(Occurrence::of(Minute(90), None));
        assert_eq!((open.opened_at, open.closes_at()), (Minute(0), None));
    }

    /// Occurrences as the evaluation forms them: it learns of an episode when that begins to count, and of its end when it ends.
    fn as_evaluated(episodes: &[(i64, i64, i64)]) -> Vec<(Occurrence, Vec<usize>)> {
        let end = episodes.iter().map(|e| e.2).max().unwrap_or(0) + OCCURRENCE_GAP;
        let mut all: Vec<(Occurrence, Vec<usize>, bool)> = Vec::new();
        for tick in 0..=end {
            let known = |i: &usize| {
                let (opened, _, ended) = episodes[*i];
                Occurrence::of(Minute(opened), (ended <= tick).then_some(Minute(ended)))
            };
            for (i, (_, counted, _)) in episodes.iter().enumerate() {
                if *counted != tick {
                    continue;
                }
                match all.iter_mut().find(|(o, _, closed)| !closed && o.takes(known(&i))) {
                    Some((_, of, _)) => of.push(i),
                    None => all.push((known(&i), vec![i], false)),
                }
            }
            for (occurrence, of, closed) in &mut all {
                let whole = of.iter().map(known).reduce(Occurrence::with);
                *occurrence = whole.unwrap_or(*occurrence);
                let waits = episodes
                    .iter()
                    .enumerate()
                    .any(|(i, e)| e.0 <= tick && tick < e.1 && occurrence.takes(known(&i)));
                *closed |= !waits && occurrence.closes_at().is_some_and(|at| at.0 <= tick);
            }
        }
        assert!(all.iter().all(|(_, _, closed)| *closed), "each is closed in the end");
        all.into_iter().map(|(occurrence, of, _)| (occurrence, of)).collect()
    }

    /// What follows from the whole history, looking back: chains of episodes.
    fn chains(episodes: &[(i64, i64, i64)]) -> Vec<Occurrence> {
        let mut sorted: Vec<_> = episodes
            .iter()
            .map(|(opened, _, ended)| span(*opened, *ended))
            .collect();
        sorted.sort_by_key(|o| o.opened_at);
        let mut chains: Vec<Occurrence> = Vec::new();
        for one in sorted {
            match chains.last_mut().filter(|chain| chain.takes(one)) {
                Some(chain) => *chain = chain.with(one),
                None => chains.push(one),
            }
        }
        chains
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn minute_by_minute_gives_the_same_occurrences_as_looking_back(
            episodes in prop::collection::vec((0_i64..2_500, 1_i64..300), 1..9)
        ) {
            // Each counts at its opening.
            let episodes: Vec<_> = episodes.into_iter().map(|(opened, length)| (opened, opened, opened + length)).collect();
            let mut found: Vec<Occurrence> = as_evaluated(&episodes).into_iter().map(|(o, _)| o).collect();
            found.sort_by_key(|o| o.opened_at);
            prop_assert_eq!(found, chains(&episodes));
        }

        /// An episode that counts only some time after it opened still finds the occurrence that it follows.
        #[test]
        fn an_episode_that_counts_late_joins_what_it_follows(
            first in 1_i64..300, gap in 1_i64..800, late in 0_i64..600, rest in 1_i64..60
        ) {
            let opened = first + gap;
            let episodes = [(0, 0, first), (opened, opened + late, opened + late + rest)];
            prop_assert_eq!(as_evaluated(&episodes).len(), if gap <= OCCURRENCE_GAP { 1 } else { 2 });
        }
    }
}
