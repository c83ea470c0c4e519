use proptest::prelude::*;

use super::*;
use crate::alert::alert_window;
use crate::policy::MeasurementPolicy;

const POLICY: SliPolicy = MeasurementPolicy::standard().slis.availability;

const GOOD: Counts = Counts::new(15, 0);
const BAD: Counts = Counts::new(14, 1);
const NONE: Counts = Counts::new(0, 0);

fn evaluated(tick: i64, on_time: Counts, all: Counts) -> Evaluated {
    let tick = Minute(tick);
    Evaluated {
        tick,
        window: alert_window(tick, &POLICY),
        on_time,
        all,
    }
}

fn punctual(tick: i64, counts: Counts) -> Evaluated {
    evaluated(tick, counts, counts)
}

/// An episode that opened at `tick`.
fn opened(tick: i64) -> OpenEpisode {
    match advance(&POLICY, None, &punctual(tick, BAD)) {
        Step::Opened(episode) => episode,
        step => panic!("{step:?}"),
    }
}

/// The episode that is open after a step.
fn open_after(step: Step) -> Option<OpenEpisode> {
    match step {
        Step::Opened(episode) | Step::StillOpen { episode, .. } => Some(episode),
        Step::Nothing | Step::Closed { .. } => None,
    }
}

/// Evaluates these counts at consecutive ticks from `tick` on and returns the last step.
fn run(mut open: Option<OpenEpisode>, tick: i64, counts: &[Counts]) -> Step {
    let mut step = Step::Nothing;
    for (i, counts) in counts.iter().enumerate() {
        step = advance(&POLICY, open.as_ref(), &punctual(tick + i as i64, *counts));
        open = open_after(step);
    }
    step
}

fn closing(step: Step) -> Option<Closing> {
    match step {
        Step::Closed { closing, .. } => Some(closing),
        _ => None,
    }
}

#[test]
fn opens_at_the_first_evaluation_that_holds() {
    assert_eq!(run(None, 100, &[NONE, GOOD]), Step::Nothing);
    let episode = OpenEpisode {
        opened_at: Minute(102),
        window_start: Minute(86),
        last_held: Minute(102),
        last_defined: Minute(102),
        last_mail: Minute(102),
        last_value: BAD,
        worst_value: BAD,
        counted_at: None,
    };
    assert_eq!(run(None, 100, &[NONE, GOOD, BAD]), Step::Opened(episode));
}

#[test]
fn closes_ok_fifteen_minutes_after_it_last_held() {
    let open = Some(opened(100));
    assert_eq!(closing(run(open, 101, &[GOOD; 14])), None);
    assert_eq!(closing(run(open, 101, &[GOOD; 15])), Some(Closing::Ok));
    // Held once more at 110: the fifteen minutes begin again.
    let again = open_after(run(
        open,
        101,
        &[GOOD, GOOD, GOOD, GOOD, GOOD, GOOD, GOOD, GOOD, GOOD, BAD],
    ));
    assert_eq!(closing(run(again, 111, &[GOOD; 14])), None);
    assert_eq!(closing(run(again, 111, &[GOOD; 15])), Some(Closing::Ok));
}

#[test]
fn without_data_it_does_not_close_ok() {
    let silent = run(Some(opened(100)), 101, &[NONE; 200]);
    let open = open_after(silent);
    assert!(open.is_some());
    // The first evaluation with data closes it: none in the last 15 min held.
    assert_eq!(closing(run(open, 301, &[GOOD])), Some(Closing::Ok));
    assert_eq!(closing(run(open, 301, &[BAD])), None);
}

#[test]
fn closes_unknown_a_day_after_the_last_defined_evaluation() {
    let open = open_after(run(Some(opened(100)), 101, &[GOOD; 10]));
    assert_eq!(closing(run(open, 111, &[NONE; 1_439])), None);
    let last = run(open, 111, &[NONE; 1_440]);
    assert_eq!(closing(last), Some(Closing::Unknown));
    // What it reports is the last value there was.
    assert!(matches!(last, Step::Closed { episode, .. } if episode.last_value == GOOD && episode.worst_value == BAD));
    // Data at the last moment: not unknown.
    assert_eq!(
        closing(advance(&POLICY, open.as_ref(), &punctual(1_550, GOOD))),
        Some(Closing::Ok)
    );
}

#[test]
fn reminds_once_a_day() {
    let mut open = Some(opened(100));
    let mut reminders = Vec::new();
    for tick in 101..=100 + 3 * 1_440 {
        let step = advance(&POLICY, open.as_ref(), &punctual(tick, BAD));
        if matches!(step, Step::StillOpen { remind: true, .. }) {
            reminders.push(tick);
        }
        open = open_after(step);
    }
    assert_eq!(reminders, [1_540, 2_980, 4_420]);
}

#[test]
fn late_events_keep_open_and_never_open() {
    let late = |tick| evaluated(tick, GOOD, GOOD + Counts::new(0, 9));
    assert_eq!(advance(&POLICY, None, &late(100)), Step::Nothing);

    let open = opened(100);
    let step = advance(&POLICY, Some(&open), &late(115));
    assert!(matches!(step, Step::StillOpen { episode, .. } if episode.last_held == Minute(115)));
}

#[test]
fn keeps_the_latest_and_the_worst_value() {
    let worst = Counts::new(3, 12);
    let Step::StillOpen { episode, .. } = run(Some(opened(100)), 101, &[worst, BAD, NONE]) else {
        panic!()
    };
    assert_eq!((episode.last_value, episode.worst_value), (BAD, worst));
    assert_eq!((episode.last_held, episode.last_defined), (Minute(102), Minute(102)));
}

#[test]
fn after_missed_ticks_the_first_evaluation_decides() {
    let open = opened(100);
    let at = |tick, counts| advance(&POLICY, Some(&open), &punctual(tick, counts));
    assert_eq!(closing(at(114, GOOD)), None);
    assert_eq!(closing(at(115, GOOD)), Some(Closing::Ok));
    assert_eq!(closing(at(1_539, NONE)), None);
    assert_eq!(closing(at(1_540, NONE)), Some(Closing::Unknown));
    assert!(matches!(at(9_000, BAD), Step::StillOpen { episode, remind: true } if episode.opened_at == Minute(100)));
}

#[test]
fn a_tick_again_or_an_earlier_one_changes_nothing_more() {
    let once = run(Some(opened(100)), 1_540, &[BAD]);
    let Step::StillOpen { episode, remind: true } = once else {
        panic!("{once:?}")
    };
    let unchanged = Step::StillOpen { episode, remind: false };
    assert_eq!(run(Some(episode), 1_540, &[BAD]), unchanged);
    assert_eq!(run(Some(episode), 1_539, &[GOOD]), unchanged);
}

#[test]
fn counts_once_from_two_bad_events_or_five_percent_of_the_budget() {
    let mut episode = opened(100);
    let quiet = Counts::new(20_000, 0);
    assert!(!counts_now(&POLICY, &episode, 1, quiet));
    assert!(counts_now(&POLICY, &episode, 2, quiet));
    // 5 % of 100 allowed bad events.
    let busy = Counts::new(100_000, 0);
    assert!(!counts_now(&POLICY, &episode, 4, busy));
    assert!(counts_now(&POLICY, &episode, 5, busy));
    episode.counted_at = Some(Minute(101));
    assert!(!counts_now(&POLICY, &episode, 5, busy));
}

#[test]
fn its_bad_events_are_those_since_the_window_that_opened_it() {
    assert_eq!(
        opened(100).bad_range(&punctual(130, BAD)),
        MinuteRange::new(Minute(84), Minute(129))
    );
}

/// Evaluations with gaps, silences and late events, in order.
fn evaluations() -> impl Strategy<Value = Vec<Evaluated>> {
    let pair = prop_oneof![
        4 => Just((GOOD, GOOD)),
        2 => Just((BAD, BAD)),
        4 => Just((NONE, NONE)),
        1 => Just((GOOD, BAD)),
        1 => Just((NONE, BAD)),
        1 => Just((BAD, Counts::new(20_000, 1))),
    ];
    let gap = prop_oneof![20 => 1_i64..3, 5 => 5_i64..20, 2 => 300_i64..1_500];
    // Runs of the same kind, so that the quarters of an hour and the days of the rules come about.
    let run = (pair, gap, 1_usize..20);
    prop::collection::vec(run, 1..25).prop_map(|runs| {
        let mut tick = 0;
        let mut all = Vec::new();
        for ((on_time, counts), gap, length) in runs {
            for _ in 0..length {
                tick += gap;
                all.push(evaluated(tick, on_time, counts));
            }
        }
        all
    })
}

fn steps(evaluations: &[Evaluated]) -> Vec<Step> {
    let mut open = None;
    let mut steps = Vec::new();
    for evaluated in evaluations {
        let step = advance(&POLICY, open.as_ref(), evaluated);
        open = open_after(step);
        steps.push(step);
    }
    steps
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// The rules once more, each read off the whole history instead of a few remembered ticks.
    #[test]
    fn the_same_as_a_reading_of_the_whole_history(evaluations in evaluations()) {
        let condition = &POLICY.alert;
        let mut open_since: Option<usize> = None;
        let mut mailed = Minute(0);
        for (now, step) in steps(&evaluations).into_iter().enumerate() {
            let e = &evaluations[now];
            let within = |minutes: i64| evaluations[..=now].iter().filter(move |past| past.tick > e.tick - minutes);
            let held = within(15).any(|past| past.state(condition) == WindowState::Holds);
            let had_data = within(24 * 60).any(|past| past.all.is_defined());
            let Some(since) = open_since else {
                let opens = e.on_time.below(condition.threshold) && e.all.below(condition.threshold);
                prop_assert_eq!(matches!(step, Step::Opened(_)), opens);
                prop_assert_eq!(step == Step::Nothing, !opens);
                if opens {
                    (open_since, mailed) = (Some(now), e.tick);
                }
                continue;
            };
            let closing_expected = match e.all.is_defined() {
                true => (!held).then_some(Closing::Ok),
                false => (!had_data).then_some(Closing::Unknown),
            };
            prop_assert_eq!(closing(step), closing_expected);
            match step {
                Step::StillOpen { episode, remind } => {
                    prop_assert_eq!(remind, e.tick - mailed >= 24 * 60);
                    if remind {
                        mailed = e.tick;
                    }
                    prop_assert_eq!(episode.last_mail, mailed);
                    prop_assert_eq!(episode.opened_at, evaluations[since].tick);
                    prop_assert_eq!(episode.window_start, evaluations[since].window.start);
                    let defined = || evaluations[since..=now].iter().filter(|past| past.all.is_defined());
                    prop_assert_eq!(Some(episode.last_value), defined().next_back().map(|past| past.all));
                    prop_assert!(!defined().any(|past| past.all.worse_than(episode.worst_value)));
                }
                Step::Closed { .. } => open_since = None,
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }

    #[test]
    fn never_closes_ok_while_the_last_fifteen_minutes_held(evaluations in evaluations()) {
        for (now, step) in steps(&evaluations).into_iter().enumerate() {
            if closing(step) == Some(Closing::Ok) {
                let tick = evaluations[now].tick;
                let recent = evaluations[..=now].iter().filter(|past| past.tick > tick - 15);
                prop_assert!(recent.clone().all(|past| past.state(&POLICY.alert) != WindowState::Holds));
                prop_assert!(evaluations[now].all.is_defined());
            }
        }
    }

    #[test]
    fn late_events_never_open(evaluations in evaluations(), good in 0_u64..50, bad in 0_u64..50) {
        for e in evaluations {
            let without = Evaluated { all: e.on_time, ..e };
            let with = Evaluated { all: e.on_time + Counts::new(good, bad), ..e };
            if advance(&POLICY, None, &without) == Step::Nothing {
                prop_assert_eq!(advance(&POLICY, None, &with), Step::Nothing);
            }
        }
    }

    #[test]
    fn the_same_evaluations_give_the_same_steps(evaluations in evaluations(), cut in 0_usize..100) {
        let whole = steps(&evaluations);
        prop_assert_eq!(&steps(&evaluations), &whole);
        // What comes later changes nothing before it.
        let cut = cut.min(evaluations.len());
        prop_assert_eq!(&steps(&evaluations[..cut]), &whole[..cut]);
    }
}
