//! What a decision means, in a sentence for the partner.

use chrono::{DateTime, Utc};

use super::{Rule, course::Course, course::days_after};

/// The sentence for what was decided at `now`, on this many facts; `course` stands where the decision has brought it.
pub(super) fn sentence(course: &Course<'_>, rule: Rule, facts: usize, now: DateTime<Utc>) -> String {
    let policy = course.policy();
    let (remediation, demotion, recovery) = (&policy.remediation, &policy.demotion, &policy.recovery);
    let deadline = || date(course.deadline_at(policy, now));
    match rule {
        Rule::Designated => "The app carries the designation; breaches count from here on.".to_owned(),
        Rule::Withdrawn => "The app has left the programme.".to_owned(),
        Rule::Confirmed | Rule::Automatic => {
            let who = match rule {
                Rule::Confirmed => "A program manager confirmed the demotion",
                _ => "The policy demotes without a confirmation",
            };
            let from = date(days_after(now, policy.reinstatement.cool_off_days));
            format!("{who}: the app loses the designation and may be taken back from {from} on.")
        }
        Rule::Declined => format!(
            "A program manager declined the demotion; the remediation has a new deadline, {}.",
            deadline()
        ),
        Rule::Reinstated => {
            "A program manager took the app back into good standing; what came before no longer counts.".to_owned()
        }
        Rule::Recovered => format!(
            "Every action of the plan is verified, no objective is missed and no breach is open or ended less than {} ago: the app is in good standing again.",
            days(recovery.recover_quiet_days)
        ),
        Rule::Deadline if course.is_completed() => format!(
            "Every action of the plan is verified, but the app was not quiet for {} before the deadline, so a demotion is proposed.",
            days(recovery.recover_quiet_days)
        ),
        Rule::Deadline => "The remediation was not completed by its deadline, so a demotion is proposed.".to_owned(),
        Rule::FurtherBreaches => format!(
            "{} counted more than {} into the remediation; {} lead to a proposed demotion.",
            count(facts, "breach", "breaches"),
            days(demotion.grace_days),
            demotion.further_breaches
        ),
        Rule::Notify => format!(
            "{} and {} count: the app is notified, and is in good standing again after {} without any.",
            count(course.counting_breaches().count(), "breach", "breaches"),
            count(
                course.counting_misses().count(),
                "missed objective",
                "missed objectives"
            ),
            days(recovery.clear_quiet_days)
        ),
        Rule::RepeatedBreaches => format!(
            "{} counted within {}, and {} lead to remediation: it has to be completed by {}.",
            count(facts, "breach", "breaches"),
            days(remediation.window_days),
            remediation.breaches,
            deadline()
        ),
        Rule::SloMissed => format!(
            "{} been missed for {} or longer, which leads to remediation: it has to be completed by {}.",
            count(facts, "objective has", "objectives have"),
            days(remediation.slo_missed_days),
            deadline()
        ),
        Rule::Clear => format!(
            "Nothing that counts was open for {}: the app is in good standing again.",
            days(recovery.clear_quiet_days)
        ),
        Rule::Ledger => format!(
            "What is excused has changed; by what counts now, the app is {}.",
            course.standing.state.label()
        ),
    }
}

pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

pub(super) fn days(number: u64) -> String {
    format!("{number} {}", if number == 1 { "day" } else { "days" })
}

pub(super) fn date(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M:%S UTC").to_string()
}
