use serde::{Deserialize, Serialize};

use crate::count::Minute;
use crate::policy::{FLAPPING_OPENINGS, REMIND_EVERY, STABLE_AFTER};

/// A series whose mails are bundled because it flaps: all that the next evaluation needs to know (SPEC section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// The tick of the opening that was one too many.
    pub began_at: Minute,
    /// Openings since then, that one included.
    pub openings: u32,
    /// Minutes in breach since then, in episodes that have closed.
    pub closed_minutes: i64,
    /// The last tick at which an episode opened or closed.
    pub last_change: Minute,
    /// The last tick at which a mail of the bundle itself was due.
    pub last_mail: Minute,
    /// Whether the episode that is open was mailed by itself, because it has lasted.
    pub told: bool,
}

/// What an evaluation did to the episodes of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// Nothing was open and nothing opened.
    Nothing,
    /// An episode opened.
    Opened {
        /// How many episodes of the series opened in the last 6 h, this one included.
        within_6_h: u64,
    },
    /// An episode stays open.
    StillOpen {
        /// The tick that opened it.
        since: Minute,
        /// Whether a reminder is due.
        remind: bool,
    },
    /// An episode closed.
    Closed {
        /// The tick that had opened it.
        since: Minute,
    },
}

/// The one mail that is due at an evaluation, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The episode's own mail: its opening, a reminder, or its closing.
    Episode,
    /// The episode's own mail, an hour after its opening was bundled.
    Lasting,
    /// From now on mails are bundled.
    Begun,
    /// Mails are still being bundled.
    GoesOn,
    /// The series is stable again: what happened meanwhile.
    Over(Bundle),
}

/// Which mail is due for a series at this evaluation, and the bundle after it (SPEC section 2):
///
/// - Without a bundle every episode has its own mails, until an opening is the sixth or a later one within 6 h: it begins
///   a bundle, whose one mail takes the place of its own.
/// - Within a bundle openings, reminders and closings are not mailed.
/// - **An episode that has been open for an hour is stable, in the bad sense**: at the first evaluation an hour after its
///   opening it gets its ANOMALOUS mail, and from then on its reminders and the mail of its closing, as if there were no
///   bundle. So nobody misses a breach of more than an hour, and whoever was told of one is told of its end.
/// - A bundle that goes on without such an episode is mailed again every 24 h.
/// - It is over when no episode was open for an hour; its last mail sums up.
///
/// At most one mail is due at an evaluation. Ticks come in ascending order and may be missing: whatever became due
/// meanwhile is due at the first one after the gap, once.
pub fn bundle(open: Option<Bundle>, tick: Minute, happened: Happened) -> (Option<Bundle>, Option<Notice>) {
    let Some(mut bundle) = open else {
        return match happened {
            Happened::Nothing | Happened::StillOpen { remind: false, .. } => (None, None),
            Happened::Opened { within_6_h } if within_6_h > FLAPPING_OPENINGS => {
                (Some(Bundle::begin(tick)), Some(Notice::Begun))
            }
            Happened::Opened { .. } | Happened::StillOpen { .. } | Happened::Closed { .. } => {
                (None, Some(Notice::Episode))
            }
        };
    };
    let mut notice = None;
    match happened {
        Happened::Opened { .. } => {
            bundle.openings += 1;
            bundle.last_change = tick;
            bundle.told = false;
        }
        Happened::StillOpen { since, remind } => {
            if !bundle.told && tick - since >= STABLE_AFTER {
                bundle.told = true;
                notice = Some(Notice::Lasting);
            } else if bundle.told && remind {
                notice = Some(Notice::Episode);
            }
        }
        Happened::Closed { since } => {
            notice = bundle.told.then_some(Notice::Episode);
            bundle.closed_minutes += tick - since.max(bundle.began_at);
            bundle.last_change = tick;
            bundle.told = false;
        }
        Happened::Nothing if tick - bundle.last_change >= STABLE_AFTER => return (None, Some(Notice::Over(bundle))),
        Happened::Nothing => {}
    }
    // Whoever is told of an episode that lasts need not hear of the bundle beside it.
    if notice.is_none() && !bundle.told && tick - bundle.last_mail >= REMIND_EVERY {
        bundle.last_mail = tick;
        notice = Some(Notice::GoesOn);
    }
    (Some(bundle), notice)
}

impl Bundle {
    fn begin(tick: Minute) -> Self {
        Self {
            began_at: tick,
            openings: 1,
            closed_minutes: 0,
            last_change: tick,
            last_mail: tick,
            told: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An evaluation of a made-up series, and what was mailed at it.
    #[derive(Debug)]
    struct Mailed {
        tick: Minute,
        notice: Notice,
        /// The opening of the episode that is open or closed here.
        episode: Option<Minute>,
        closed: bool,
    }

    #[derive(Debug)]
    struct Run {
        mails: Vec<Mailed>,
        /// (opened, closed)
        episodes: Vec<(Minute, Minute)>,
        bundle: Option<Bundle>,
        last: Minute,
    }

    /// Evaluates every minute of a series that is in breach and out of it for so many minutes in turn, at last out of it for
    /// a long time. An episode closes 15 min after its condition last held, which is the least time between two openings.
    fn run(stretches: &[(i64, i64)]) -> Run {
        let mut run = Run {
            mails: Vec::new(),
            episodes: Vec::new(),
            bundle: None,
            last: Minute(0),
        };
        let mut opened: Vec<Minute> = Vec::new();
        let step = |run: &mut Run, happened, episode, closed| {
            run.last += 1;
            let (bundle, notice) = bundle(run.bundle, run.last, happened);
            run.bundle = bundle;
            run.mails.extend(notice.map(|notice| Mailed {
                tick: run.last,
                notice,
                episode,
                closed,
            }));
        };
        let quiet = std::iter::once(&(0, 3 * 60));
        for (in_breach, out) in stretches.iter().chain(quiet) {
            if *in_breach > 0 {
                let since = run.last + 1;
                opened.push(since);
                let within_6_h = opened.iter().filter(|at| since - **at < 6 * 60).count() as u64;
                step(&mut run, Happened::Opened { within_6_h }, Some(since), false);
                let mut last_mail = since;
                for _ in 1..*in_breach + 15 {
                    let remind = run.last + 1 - last_mail >= REMIND_EVERY;
                    if remind {
                        last_mail = run.last + 1;
                    }
                    step(&mut run, Happened::StillOpen { since, remind }, Some(since), false);
                }
                step(&mut run, Happened::Closed { since }, Some(since), true);
                run.episodes.push((since, run.last));
            }
            for _ in 0..*out {
                step(&mut run, Happened::Nothing, None, false);
            }
        }
        run
    }

    #[test]
    fn five_openings_in_six_hours_are_mailed_one_by_one() {
        let run = run(&[(1, 56); 5]);
        assert!(run.mails.iter().all(|m| m.notice == Notice::Episode));
        assert_eq!(run.mails.len(), 10);
    }

    #[test]
    fn the_sixth_begins_a_bundle_that_ends_with_its_sum() {
        let run = run(&[(1, 14); 9]);
        let notices: Vec<_> = run.mails.iter().skip(10).map(|m| m.notice).collect();
        let [Notice::Begun, Notice::Over(sum)] = notices[..] else {
            panic!("{notices:?}")
        };
        assert_eq!((sum.openings, sum.closed_minutes), (4, 4 * 16));
        let over = run.mails.last().map(|m| m.tick);
        assert_eq!(over, run.episodes.last().map(|(_, closed)| *closed + STABLE_AFTER));
    }

    #[test]
    fn a_breach_that_lasts_an_hour_has_its_own_mails_though_bundled() {
        let run = run(&[(1, 14), (1, 14), (1, 14), (1, 14), (1, 14), (1, 14), (90, 14), (1, 14)]);
        let notices: Vec<_> = run.mails.iter().skip(10).map(|m| (m.notice, m.closed)).collect();
        assert!(
            matches!(
                notices[..],
                [
                    (Notice::Begun, false),
                    (Notice::Lasting, false),
                    (Notice::Episode, true),
                    (Notice::Over(_), false)
                ]
            ),
            "{notices:?}"
        );
        assert_eq!(run.mails[11].tick, run.episodes[6].0 + STABLE_AFTER);
    }

    #[test]
    fn flapping_that_goes_on_is_said_again_every_day() {
        let run = run(&[(40, 14); 60]);
        let goes_on: Vec<_> = run.mails.iter().filter(|m| m.notice == Notice::GoesOn).collect();
        assert_eq!(goes_on.len(), 2);
        assert!(goes_on.windows(2).all(|two| two[1].tick - two[0].tick == REMIND_EVERY));
    }

    #[test]
    fn what_was_missed_while_the_server_was_down_is_made_up_for() {
        let begun = Bundle::begin(Minute(0));
        let still = |remind| Happened::StillOpen {
            since: Minute(0),
            remind,
        };
        let (after, notice) = bundle(Some(begun), Minute(2_000), still(true));
        assert_eq!(
            notice,
            Some(Notice::Lasting),
            "not the reminder of a mail that nobody got"
        );
        assert_eq!(bundle(after, Minute(2_001), still(false)).1, None);
        let (after, notice) = bundle(Some(begun), Minute(2_000), Happened::Closed { since: Minute(0) });
        assert_eq!(notice, Some(Notice::GoesOn));
        assert!(matches!(
            bundle(after, Minute(4_000), Happened::Nothing),
            (None, Some(Notice::Over(_)))
        ));
    }

    fn stretches() -> impl Strategy<Value = Vec<(i64, i64)>> {
        let short = (1_i64..5, 1_i64..30);
        let any = (1_i64..200, 1_i64..200);
        let long = (1_000_i64..4_000, 1_i64..5);
        prop::collection::vec(prop_oneof![8 => short, 3 => any, 1 => long], 0..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn nobody_is_left_in_silence_about_a_breach_of_more_than_an_hour(stretches in stretches()) {
            let run = run(&stretches);
            for (opened, closed) in run.episodes.iter().filter(|(opened, closed)| *closed - *opened > STABLE_AFTER) {
                let own: Vec<_> = run
                    .mails
                    .iter()
                    .filter(|m| m.episode == Some(*opened) && matches!(m.notice, Notice::Episode | Notice::Lasting))
                    .collect();
                prop_assert!(own[0].tick - *opened <= STABLE_AFTER, "{own:?}");
                prop_assert!(own.last().is_some_and(|m| m.closed && m.tick == *closed), "{own:?}");
                // After that it is reminded of every day.
                prop_assert!(own.windows(2).all(|two| two[1].tick - two[0].tick <= 2 * REMIND_EVERY));
            }
        }

        #[test]
        fn whoever_is_told_of_an_opening_is_told_of_its_end_once(stretches in stretches()) {
            let run = run(&stretches);
            for (opened, _) in &run.episodes {
                let own = run.mails.iter().filter(|m| m.episode == Some(*opened));
                let own: Vec<_> = own.filter(|m| matches!(m.notice, Notice::Episode | Notice::Lasting)).collect();
                let closings = own.iter().filter(|m| m.closed).count();
                prop_assert_eq!(closings, usize::from(!own.is_empty()), "{:?}", own);
            }
        }

        /// Five openings, their closings and that of an episode that was open before, and a reminder: 12. Beside them two
        /// mails for every episode that lasts and for every bundle; each takes an hour and a quarter of its own: 10 at most.
        #[test]
        fn there_are_at_most_24_mails_in_six_hours(stretches in stretches()) {
            let ticks: Vec<_> = run(&stretches).mails.iter().map(|m| m.tick).collect();
            for (n, first) in ticks.iter().enumerate() {
                let within = ticks[n..].iter().filter(|tick| **tick - *first < 6 * 60).count();
                prop_assert!(within <= 24, "{within}");
            }
        }

        #[test]
        fn a_bundle_begins_and_ends_with_a_mail(stretches in stretches()) {
            let run = run(&stretches);
            prop_assert_eq!(run.bundle, None);
            let mut bundled = false;
            for mail in &run.mails {
                match mail.notice {
                    Notice::Begun => { prop_assert!(!bundled); bundled = true; }
                    Notice::Over(_) => { prop_assert!(bundled); bundled = false; }
                    Notice::Lasting | Notice::GoesOn => prop_assert!(bundled),
                    Notice::Episode => {}
                }
            }
            prop_assert!(!bundled);
            let begun = run.mails.iter().filter(|m| m.notice == Notice::Begun).count();
            let over: u32 = run.mails.iter().map(|m| match m.notice { Notice::Over(sum) => sum.openings, _ => 0 }).sum();
            prop_assert!(over as usize >= begun);
        }
    }
}
