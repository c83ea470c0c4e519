//! How far an app is from the next step, in plain words, by the policy in force.

use chrono::{DateTime, Utc};

use super::{
    Outcome, State,
    course::days_after,
    explain::{count, date, days},
};

impl Outcome {
    /// How far the app is from the next step down, and from good standing; one sentence each.
    pub fn outlook(&self, now: DateTime<Utc>) -> Vec<String> {
        let mut words = self.distances(now);
        let falls = matches!(
            self.standing.state,
            State::Notified | State::Remediation | State::DemotionProposed
        );
        words.extend(self.ladder.transition_ends.filter(|_| falls).map(|ends| {
            format!(
                "The rules have changed: until {} a step down is taken only where those before hold as well.",
                date(ends)
            )
        }));
        words
    }

    fn distances(&self, now: DateTime<Utc>) -> Vec<String> {
        let (policy, ladder) = (&self.policy, &self.ladder);
        match self.standing.state {
            State::None => Vec::new(),
            State::GoodStanding => {
                vec!["A breach that counts, or a missed target, leads to a notification.".to_owned()]
            }
            State::Notified => {
                let rule = &policy.remediation;
                let breaches = format!(
                    "{} of {} within {}; remediation from {} on.",
                    ladder.within_window,
                    count(rule.breaches as usize, "breach", "breaches"),
                    days(rule.window_days),
                    rule.breaches
                );
                let mut words = vec![breaches];
                words.extend(self.longest_miss(now));
                if ladder.clears.is_none() {
                    words.push(format!(
                        "In good standing again once nothing is open and {} have passed since the last end.",
                        days(policy.recovery.clear_quiet_days)
                    ));
                }
                words
            }
            State::Remediation => {
                let rule = &policy.demotion;
                let grace_ends = days_after(self.standing.entered, rule.grace_days);
                let mut words = vec![
                    "A demotion is proposed when the deadline passes.".to_owned(),
                    format!(
                        "{} of {} from {} on; that many lead to a proposed demotion too.",
                        ladder.further,
                        count(rule.further_breaches as usize, "further breach", "further breaches"),
                        date(grace_ends)
                    ),
                ];
                if ladder.clears.is_none() {
                    words.push(format!(
                        "In good standing again once every action of the plan is verified, nothing is open, and {} have \
                         passed since the last breach ended.",
                        days(policy.recovery.recover_quiet_days)
                    ));
                }
                words
            }
            State::DemotionProposed if policy.demotion.automatic => {
                vec!["The policy demotes without a confirmation once nothing is paused.".to_owned()]
            }
            State::DemotionProposed => {
                vec!["A program manager confirms the demotion, or declines it with a new deadline.".to_owned()]
            }
            State::Demoted => vec!["A program manager may take the app back once the wait is over.".to_owned()],
        }
    }

    /// How long the target that has been missed longest has counted, and what that leads to.
    fn longest_miss(&self, now: DateTime<Utc>) -> Option<String> {
        let needed = self.policy.remediation.slo_missed_days;
        let misses = self.ladder.counting.iter().filter(|counting| counting.is_miss);
        let since = misses.map(|miss| miss.at.max(self.standing.baseline)).min()?;
        Some(format!(
            "A target has been missed for {} of {}; remediation from {} on.",
            (now - since).num_days(),
            days(needed),
            date(days_after(since, needed))
        ))
    }
}
