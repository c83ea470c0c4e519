//! What products told about some of the apps: page loads, installation callbacks and webhooks, and synthetic tests.
//!
//! Bad events are so far apart that no alert condition ever holds: breaches of the demonstration are those of health checks.

use std::time::Duration;

use rampart_domain::{
    count::{MINUTES_PER_DAY, Minute, MinuteRange, MinuteRecord},
    id::SeriesId,
    policy::{MINUTES_KEPT, OWN_MINUTES_KEPT},
    sli::{
        Group::{self, Dfr, Prod},
        Product::{self, Bitbucket, Confluence, Jira, Jsm},
        SeriesKey,
        Sli::{self, IframeLoad, InstallationCallback, Synthetic, WebhookDelivery},
    },
};

use crate::{
    random::{self, Seeded},
    store::{self, Db, Store, counts, own_minutes, series},
};

/// Products began to send events so many days before the end.
const DAYS: i64 = 60;
/// At most one bad event falls into a stretch of so many minutes.
const STRETCH: i64 = 5;

/// Events of one kind.
struct Stream {
    app: &'static str,
    product: Product,
    sli: Sli,
    group: Group,
    /// In 1,000 minutes about noon on a working day.
    pace: u32,
    /// In a week, at most.
    bad: u32,
    /// In a week, at most, in the last ten days.
    bad_lately: u32,
    latency_ms: u64,
    /// The app publishes its own events too: so many percent of the generic ones.
    own: Option<u32>,
}

const fn stream(app: &'static str, product: Product, sli: Sli, pace: u32, bad: u32, latency_ms: u64) -> Stream {
    Stream {
        app,
        product,
        sli,
        group: Prod,
        pace,
        bad,
        bad_lately: bad,
        latency_ms,
        own: None,
    }
}

impl Stream {
    const fn lately(self, bad_lately: u32) -> Self {
        Self { bad_lately, ..self }
    }

    const fn own(self, percent: u32) -> Self {
        Self {
            own: Some(percent),
            ..self
        }
    }

    const fn early(self) -> Self {
        Self { group: Dfr, ..self }
    }
}

const TIMESHEETS: &str = "example.kestrel.timesheets";
const RELEASES: &str = "example.brassteapot.release-notes";
const DIAGRAMS: &str = "example.paperlantern.diagrams";
const GIT: &str = "example.mossystone.git-insights";
const BURN_UP: &str = "example.velvethammer.burn-up";
const CHECKLISTS: &str = "example.sevengeese.checklists";

static STREAMS: [Stream; 20] = [
    stream(TIMESHEETS, Jira, IframeLoad, 5_200, 110, 780).own(92),
    stream(TIMESHEETS, Jsm, IframeLoad, 1_900, 25, 910),
    stream(TIMESHEETS, Jira, InstallationCallback, 90, 0, 240),
    stream(TIMESHEETS, Jira, WebhookDelivery, 3_400, 40, 120),
    stream(TIMESHEETS, Jsm, WebhookDelivery, 700, 4, 130),
    stream(TIMESHEETS, Jira, IframeLoad, 60, 3, 820).early(),
    stream(TIMESHEETS, Jira, Synthetic, 200, 9, 400).early(),
    stream(RELEASES, Jira, IframeLoad, 2_600, 30, 640),
    stream(RELEASES, Confluence, IframeLoad, 1_700, 22, 690).own(31),
    stream(RELEASES, Confluence, InstallationCallback, 40, 0, 310),
    stream(RELEASES, Confluence, WebhookDelivery, 900, 5, 95),
    stream(DIAGRAMS, Confluence, IframeLoad, 3_400, 90, 1_340).lately(900),
    stream(DIAGRAMS, Confluence, WebhookDelivery, 800, 3, 180),
    stream(GIT, Bitbucket, IframeLoad, 1_100, 12, 720),
    stream(GIT, Bitbucket, WebhookDelivery, 4_100, 60, 150).lately(230),
    stream(GIT, Bitbucket, InstallationCallback, 30, 0, 205),
    stream(BURN_UP, Jira, IframeLoad, 2_300, 45, 1_120),
    stream(BURN_UP, Jira, WebhookDelivery, 600, 2, 210),
    stream(CHECKLISTS, Jira, IframeLoad, 900, 6, 430),
    stream(CHECKLISTS, Jira, Synthetic, 200, 2, 350).early(),
];

/// Writes the events of an app that is measured from `first` on.
pub(super) async fn write(
    store: &Store,
    seed: u64,
    app: (rampart_domain::id::AppId, &str),
    first: Minute,
    end: Minute,
) -> store::Result<()> {
    let (id, app_key) = app;
    let range = MinuteRange::new(first.max(end - DAYS * MINUTES_PER_DAY), end);
    for stream in STREAMS.iter().filter(|s| s.app == app_key) {
        let key = SeriesKey {
            product: stream.product,
            sli: stream.sli,
            group: stream.group,
            target: String::new(),
        };
        let begun = range.start.start();
        let mut tx = store.portal.begin().await?;
        let counted = SeriesId(random::id(begun));
        series::begin(&mut tx, counted, id, &key, begun).await?;
        let replaced = match stream.own {
            Some(_) => {
                let new = SeriesId(random::id(begun));
                let source = series::Source::Replaced;
                Some(series::begin_from(&mut tx, new, id, &key, source, begun).await?)
            }
            None => None,
        };
        tx.commit().await?;
        let chance = Seeded::new(seed)
            .named(app_key)
            .named(stream.product.as_str())
            .named(stream.sli.as_str())
            .named(stream.group.as_str());
        let told = Told { stream, chance, end };
        told.write(&store.metrics, counted, replaced, range).await?;
    }
    Ok(())
}

/// A stream with its chance.
struct Told<'a> {
    stream: &'a Stream,
    chance: Seeded,
    end: Minute,
}

impl Told<'_> {
    async fn write(
        &self,
        db: &Db,
        counted: SeriesId,
        replaced: Option<SeriesId>,
        range: MinuteRange,
    ) -> store::Result<()> {
        let mut tx = db.begin().await?;
        for day in range.start.day()..=(range.end - 1).day() {
            let Some(part) = MinuteRange::of_day(day).intersect(range) else {
                continue;
            };
            let keep = self.end - part.end < MINUTES_KEPT;
            let own: Vec<MinuteRecord> = part.iter().filter_map(|m| self.minute(m, self.stream.own)).collect();
            counts::import_day(&mut tx, counted, day, &own, keep).await?;
            let Some(replaced) = replaced else { continue };
            let generic: Vec<MinuteRecord> = part.iter().filter_map(|m| self.minute(m, None)).collect();
            counts::import_day(&mut tx, replaced, day, &generic, keep).await?;
            let recent = own.iter().filter(|r| self.end - r.minute < OWN_MINUTES_KEPT);
            let recent: Vec<_> = recent.map(|record| (counted, record.minute, replaced)).collect();
            own_minutes::note(&mut tx, &recent).await?;
        }
        tx.commit().await
    }

    /// What happened in a minute; `None` when nothing did.
    fn minute(&self, minute: Minute, percent: Option<u32>) -> Option<MinuteRecord> {
        let events = self.events(minute) * u64::from(percent.unwrap_or(100));
        // A part of an event is one now and then.
        let events = (events + u64::from(self.chance.named("part").below(place(minute), 100))) / 100;
        if events == 0 {
            return None;
        }
        let mut record = MinuteRecord::new(minute);
        record.all.bad = u64::from(self.is_bad(minute));
        record.all.good = events - record.all.bad;
        let latencies = self.chance.named("latency");
        for event in 0..record.all.good {
            record
                .latency
                .record(self.latency(latencies, place(minute) * 16 + event));
        }
        Some(record)
    }

    /// More at noon than at night, and on working days than at weekends.
    fn events(&self, minute: Minute) -> u64 {
        let from_noon = (minute.0.rem_euclid(MINUTES_PER_DAY) - 780).unsigned_abs();
        let percent = 100 - from_noon.min(1_440 - from_noon) * 85 / 720;
        // The first day of 1970 was a Thursday.
        let is_weekend = (minute.day() + 3).rem_euclid(7) >= 5;
        let percent = if is_weekend { percent * 35 / 100 } else { percent };
        let thousandths = u64::from(self.stream.pace) * percent / 100;
        (thousandths + u64::from(self.chance.below(place(minute), 1_000))) / 1_000
    }

    /// Whether one of the minute's events is bad.
    fn is_bad(&self, minute: Minute) -> bool {
        let in_a_week = if self.end - minute < 10 * MINUTES_PER_DAY {
            self.stream.bad_lately
        } else {
            self.stream.bad
        };
        let number = minute.0.div_euclid(STRETCH);
        let chance = self.chance.named("bad");
        // How many stretches a week has, ten times.
        let is_bad = chance.below(place(Minute(number)), 20_160) < in_a_week * 10;
        is_bad && i64::from(chance.below(place(Minute(-number)), 5)) == minute.0.rem_euclid(STRETCH)
    }

    /// Most are near the usual, some take twice as long, a few much longer.
    fn latency(&self, chance: Seeded, number: u64) -> Duration {
        let percent = 70
            + chance.at(number) % 60
            + match chance.at(number) >> 32 & 0xFF {
                0..=1 => 420,
                2..=14 => 110,
                _ => 0,
            };
        Duration::from_millis(self.stream.latency_ms * percent / 100)
    }
}

fn place(minute: Minute) -> u64 {
    minute.0.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use rampart_domain::policy::MeasurementPolicy;

    use super::*;

    #[test]
    fn no_alert_condition_ever_holds() {
        let end = Minute(29_750_000);
        let policy = MeasurementPolicy::standard();
        for stream in STREAMS.iter().filter(|s| s.sli.is_slo()) {
            let told = Told {
                stream,
                chance: Seeded::new(1),
                end,
            };
            let alert = policy.for_sli(stream.sli).unwrap().alert;
            let bad: Vec<u64> = (0..15 * MINUTES_PER_DAY)
                .map(|ago| u64::from(told.is_bad(end - ago)))
                .collect();
            let most = bad
                .windows(alert.window_minutes as usize)
                .map(|w| w.iter().sum::<u64>())
                .max();
            assert!(most < Some(alert.min_bad), "{} {:?}: {most:?}", stream.app, stream.sli);
            assert_eq!(bad.iter().any(|bad| *bad > 0), stream.bad > 0);
        }
    }

    #[test]
    fn nights_and_weekends_are_quiet() {
        let told = Told {
            stream: &STREAMS[0],
            chance: Seeded::new(1),
            end: Minute(29_750_000),
        };
        // A Monday.
        let monday = 20_600 - (20_600_i64 + 3).rem_euclid(7);
        let sum = |day: i64, from: i64| -> u64 {
            let start = Minute::of_day(day) + from;
            (0..120).map(|m| told.events(start + m)).sum()
        };
        let (noon, night, sunday) = (sum(monday, 720), sum(monday, 60), sum(monday + 6, 720));
        assert!(
            noon > 500 && night * 3 < noon && sunday * 2 < noon,
            "{noon} {night} {sunday}"
        );
    }
}
