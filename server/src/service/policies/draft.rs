//! The form of a new version.

use chrono::{DateTime, NaiveDateTime, Utc};
use rampart_app::model::{PolicyChange, RuleFields};
use rampart_domain::{
    count::Minute,
    policy::{AlertCondition, MeasurementPolicy, PolicyError, Ppm, Published, SliPolicies, SliPolicy},
    sli::Sli,
};

use super::{
    super::{Checks, Error, Result, error::Invalid},
    NOTICE, PLANNED_AHEAD, rows,
};

const REASON_LENGTH: usize = 1_000;

/// The fields of the form of a new version, as they were typed.
pub struct PolicyForm<'a> {
    pub values: &'a [(String, String)],
}

/// A version that can be published.
pub(super) struct Draft {
    pub published: Published,
    /// Whether somebody chose when it starts.
    pub planned: bool,
    pub reason: String,
}

impl PolicyForm<'_> {
    pub(in crate::service) fn number(&self, name: &str) -> Option<u64> {
        self.text(name).trim().parse().ok()
    }

    pub(in crate::service) fn text(&self, name: &str) -> &str {
        self.values.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }

    /// The version that follows `latest`.
    pub(super) fn check(&self, latest: &MeasurementPolicy, now: Minute) -> Result<Draft> {
        let mut checks = Checks::default();
        let slis = self.slis(&mut checks);
        let starts = self.starts(&mut checks, now);
        let reason = checks.text("reason", "why the rules change", self.text("reason"), REASON_LENGTH);
        let (Some(slis), Some(starts), Some(reason)) = (slis, starts, reason) else {
            return Err(checks.error());
        };
        let policy = MeasurementPolicy {
            version: latest.version + 1,
            slis,
        };
        note_errors(&mut checks, &policy);
        if !checks.is_fine() {
            return Err(checks.error());
        }
        if policy.slis == latest.slis {
            return Err(Error::Invalid(Invalid {
                fields: Vec::new(),
                message: Some(format!("Nothing differs from version {}.", latest.version)),
            }));
        }
        Ok(Draft {
            published: Published {
                starts: starts.unwrap_or(now + NOTICE),
                policy,
            },
            planned: starts.is_some(),
            reason,
        })
    }

    fn slis(&self, checks: &mut Checks) -> Option<SliPolicies> {
        // Each is asked for, so that everything that is wrong is said at once.
        let availability = self.sli(checks, Sli::Availability);
        let iframe_load = self.sli(checks, Sli::IframeLoad);
        let installation_callback = self.sli(checks, Sli::InstallationCallback);
        let webhook_delivery = self.sli(checks, Sli::WebhookDelivery);
        Some(SliPolicies {
            availability: availability?,
            iframe_load: iframe_load?,
            installation_callback: installation_callback?,
            webhook_delivery: webhook_delivery?,
        })
    }

    fn sli(&self, checks: &mut Checks, sli: Sli) -> Option<SliPolicy> {
        let fields = RuleFields::of(sli)?;
        let slo = checks.take(fields.slo, self.text(fields.slo).parse::<Ppm>());
        let threshold = checks.take(fields.threshold, self.text(fields.threshold).parse::<Ppm>());
        let window = self.whole(checks, fields.window);
        let min_bad = self.whole(checks, fields.min_bad);
        let settle = self.whole(checks, fields.settle);
        Some(SliPolicy {
            slo: slo?,
            alert: AlertCondition {
                threshold: threshold?,
                window_minutes: window?,
                min_bad: u64::from(min_bad?),
            },
            settle_minutes: settle?,
        })
    }

    fn whole(&self, checks: &mut Checks, field: &str) -> Option<u32> {
        let number = self.text(field).trim().parse();
        checks.take(field, number.map_err(|_| "Enter a whole number."))
    }

    /// When the version starts; `Some(None)` for as soon as it can.
    fn starts(&self, checks: &mut Checks, now: Minute) -> Option<Option<Minute>> {
        let too_early = "This time has passed, or is less than two minutes away. What has been evaluated stays as it was: choose a \
                         later time, or leave the field empty.";
        let time = self.time_ahead(checks, now.start(), (now + NOTICE).start(), too_early)?;
        Some(time.map(Minute::of))
    }

    /// The time in the field `starts`, from `earliest` on and within a year; `Some(None)` when it was left empty.
    pub(in crate::service) fn time_ahead(
        &self,
        checks: &mut Checks,
        now: DateTime<Utc>,
        earliest: DateTime<Utc>,
        too_early: &str,
    ) -> Option<Option<DateTime<Utc>>> {
        const FIELD: &str = "starts";
        let text = self.text(FIELD).trim();
        if text.is_empty() {
            return Some(None);
        }
        let formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"];
        let time: Option<DateTime<Utc>> = formats
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
            .map(|time| time.and_utc());
        let wrong = match time {
            Some(time) if time < earliest => too_early,
            Some(time) if time > now + PLANNED_AHEAD => "Choose a time within a year.",
            Some(time) => return Some(Some(time)),
            None => "Enter a date and a time in UTC, for example 2026-12-01 09:00.",
        };
        checks.note(FIELD, wrong);
        None
    }
}

/// Notes what the rules themselves refuse, beside the field it is about.
fn note_errors(checks: &mut Checks, policy: &MeasurementPolicy) {
    for error in policy.errors() {
        let (sli, message) = match error {
            PolicyError::AboveWhole(sli) => (sli, "Enter at most 100 %."),
            PolicyError::Window(sli) => (sli, "Enter 1 to 40320 minutes, which are 28 days."),
            PolicyError::MinBad(sli) => (sli, "Enter at least 1: an alert needs a bad event."),
            PolicyError::Settle(sli) => (sli, "Enter at most 60 minutes."),
        };
        let Some(fields) = RuleFields::of(sli) else { continue };
        let field = match error {
            PolicyError::AboveWhole(_) => fields.slo,
            PolicyError::Window(_) => fields.window,
            PolicyError::MinBad(_) => fields.min_bad,
            PolicyError::Settle(_) => fields.settle,
        };
        checks.note(field, message);
    }
}

/// What differs between two versions, number by number.
pub(in crate::service) fn changes(before: &MeasurementPolicy, after: &MeasurementPolicy) -> Vec<PolicyChange> {
    let minutes = |n: u32| format!("{n} min");
    let mut changes = Vec::new();
    for ((sli, old), (_, new)) in rows(before).zip(rows(after)) {
        let numbers = [
            ("objective over 28 days", old.slo.to_string(), new.slo.to_string()),
            (
                "alert below",
                old.alert.threshold.to_string(),
                new.alert.threshold.to_string(),
            ),
            (
                "alert window",
                minutes(old.alert.window_minutes),
                minutes(new.alert.window_minutes),
            ),
            (
                "bad events for an alert",
                old.alert.min_bad.to_string(),
                new.alert.min_bad.to_string(),
            ),
            ("settling", minutes(old.settle_minutes), minutes(new.settle_minutes)),
        ];
        changes.extend(numbers.into_iter().filter(|(_, before, after)| before != after).map(
            |(what, before, after)| PolicyChange {
                about: sli.name(),
                what,
                before,
                after,
            },
        ));
    }
    changes
}
