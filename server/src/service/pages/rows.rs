//! Rows that several pages show.

use chrono::{DateTime, Utc};
use rampart_app::model::{Assessment, BreachRow, Budget, Closing, MailRow, MailState, MissRow, ProbeRow, Standing};
use rampart_domain::{
    alert,
    count::{Counts, Minute},
    policy::Ppm,
    sli::{SeriesKey, Sli},
    slo,
};

use crate::store::{assessments, episodes::Episode, misses::Miss, outbox::Mail, probes::Probe};

pub(super) fn budget(slo: Ppm, counts: Counts, sli: Sli) -> Budget {
    let budget = slo::Budget::of(slo, counts);
    Budget {
        counted: counts.total(),
        bad: counts.bad,
        allowed: budget.allowed_events(),
        left: budget.remaining_events(),
        share: budget.remaining_share(),
        in_minutes: sli == Sli::Availability,
    }
}

/// A base URL without its scheme, for reading.
pub(super) fn short_url(url: &str) -> String {
    url.split_once("://").map_or(url, |(_, rest)| rest).to_owned()
}

/// "App Availability" as it is said in a sentence and in tables.
pub(super) fn indicator(key: &SeriesKey) -> String {
    let name = key.metric_name();
    if key.sli == Sli::Availability {
        "App availability".to_owned()
    } else {
        name
    }
}

pub(super) fn miss(miss: &Miss) -> MissRow {
    MissRow {
        excused: miss.excused,
        indicator: indicator(&miss.key),
        target: (!miss.key.target.is_empty()).then(|| short_url(&miss.key.target)),
        since: miss.miss.opened_at.start(),
        ended: miss.ended.map(Minute::start),
        met_since: miss.miss.met_since.map(Minute::start).filter(|_| miss.ended.is_none()),
        slo: miss.slo.percent(),
        rate: miss.opened_with.percent().unwrap_or_default(),
    }
}

/// What was said of a breach, unless that was taken back.
fn assessment(said: &assessments::Assessment) -> Option<Assessment> {
    (said.verdict != alert::Verdict::NotLookedAt).then(|| Assessment {
        note: said.note.clone(),
        by: said.by.clone(),
        at: said.at,
    })
}

pub(super) fn standing(counted: bool, excused: bool) -> Standing {
    match (counted, excused) {
        (false, _) => Standing::Blip,
        (true, false) => Standing::Counts,
        (true, true) => Standing::Excused,
    }
}

pub(super) fn breach(app_key: &str, episode: &Episode, said: Option<&assessments::Assessment>) -> BreachRow {
    BreachRow {
        incident_id: episode.incident_id.clone(),
        indicator: indicator(&episode.key),
        target: (!episode.key.target.is_empty()).then(|| short_url(&episode.key.target)),
        opened_at: episode.episode.opened_at.start(),
        closed_at: episode.closed.map(|(tick, _)| tick.start()),
        closing: episode.closed.map(|(_, closing)| match closing {
            alert::Closing::Ok => Closing::Ok,
            alert::Closing::Unknown => Closing::Unknown,
        }),
        lowest: episode.episode.worst_value.percent().unwrap_or_default(),
        assessment: said.and_then(assessment),
        standing: standing(episode.episode.counted_at.is_some(), episode.excused),
        bad: episode.assessed.map(|a| (a.raw.bad, a.adjusted.bad)),
        href: format!("/apps/{app_key}/breaches/{}", episode.incident_id),
    }
}

pub(super) fn probe(probe: &Probe) -> ProbeRow {
    let millis = |micros: i64| micros as f64 / 1_000.0;
    let status = probe.status.map(|s| s.to_string());
    ProbeRow {
        at: probe.time(),
        good: probe.good,
        counted: probe.counted,
        outcome: status.or_else(|| probe.class.clone()).unwrap_or_default(),
        reason: probe.reason.clone(),
        address: probe.address.clone(),
        dns_ms: probe.dns.map(millis),
        connect_ms: probe.connect.map(millis),
        tls_ms: probe.tls.map(millis),
        first_byte_ms: probe.first_byte.map(millis),
        total_ms: millis(probe.total),
    }
}

/// `linked` says whether the reader may open the mail.
pub(super) fn mail(mail: &Mail, linked: bool) -> MailRow {
    let state = match (mail.sent_at, mail.failed_at, &mail.error) {
        (Some(_), _, _) => MailState::Sent,
        (None, Some(_), _) => MailState::Failed,
        (None, None, Some(_)) => MailState::Retrying,
        (None, None, None) => MailState::Queued,
    };
    let waits = matches!(state, MailState::Queued | MailState::Retrying);
    MailRow {
        id: mail.id.to_string(),
        subject: mail.subject.clone(),
        recipients: mail.recipients.0.join(", "),
        state,
        queued_at: mail.queued_at,
        sent_at: mail.sent_at,
        attempts: u32::try_from(mail.attempts).unwrap_or_default(),
        next_attempt_at: waits.then_some(mail.next_attempt_at),
        error: mail.error.clone(),
        href: linked.then(|| format!("/mail/{}", mail.id)),
    }
}

/// Start of the day that `at` is in, in days since 1970.
pub(super) fn day_of(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(86_400)
}
