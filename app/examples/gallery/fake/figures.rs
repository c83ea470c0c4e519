//! Made-up figures: a month with one planned downtime, one short outage and one breach that is still open.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rampart_app::model::*;
use rampart_domain::access::Actor;

use super::{ago, apps, now};

/// Small, and the same with every run.
fn noise(i: i64) -> f64 {
    let mixed = (i.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64) >> 33).unsigned_abs() % 10_000;
    mixed as f64 / 10_000.0
}

/// The rate of a five-minute stretch. `calm` leaves the outages out.
fn rate(at: DateTime<Utc>, calm: bool) -> Option<f64> {
    let before = (now() - at).num_minutes();
    if (20_000..20_300).contains(&before) {
        return None;
    }
    if calm {
        return Some(if noise(before) > 0.999 { 99.2 } else { 100.0 });
    }
    Some(match before {
        0..42 => 60.0,
        6_500..6_560 => 0.0,
        20_300..20_380 => 80.0,
        b if noise(b) > 0.997 => 80.0,
        _ => 100.0,
    })
}

/// A chart of the time from `from` to now in columns of `step` seconds.
pub(crate) fn chart(title: &str, from: DateTime<Utc>, to: DateTime<Utc>, step: i64, calm: bool) -> Chart {
    let columns = (to - from).num_seconds() / step;
    let points = (0..columns).filter_map(|column| {
        let at = from + TimeDelta::seconds(column * step);
        let rates: Vec<f64> = (0..(step / 300).max(1))
            .filter_map(|i| rate(at + TimeDelta::seconds(i * 300), calm))
            .collect();
        let low = rates.iter().copied().reduce(f64::min)?;
        Some(ChartPoint {
            at,
            low,
            high: rates.iter().copied().fold(low, f64::max),
        })
    });
    let within = |span: &(DateTime<Utc>, DateTime<Utc>)| span.1 > from && span.0 < to;
    let excluded = ExcludedSpan {
        from: ago(6_560),
        to: ago(6_500),
        reason: "planned downtime".to_owned(),
    };
    Chart {
        title: title.to_owned(),
        from,
        to,
        step,
        resolution: 300,
        slo: 99.9,
        points: points.collect(),
        excluded: if calm || !within(&(excluded.from, excluded.to)) {
            Vec::new()
        } else {
            vec![excluded]
        },
        breaches: if calm {
            Vec::new()
        } else {
            [(ago(20_380), ago(20_300)), (ago(42), now())]
                .into_iter()
                .filter(within)
                .collect()
        },
    }
}

pub(crate) fn month(calm: bool) -> Chart {
    chart(
        "App availability, 26 October to 23 November",
        ago(28 * 1_440),
        now(),
        2_400,
        calm,
    )
}

pub(crate) fn days(key: &str, calm: bool) -> Vec<DayRow> {
    let today = now().date_naive();
    (0..28)
        .rev()
        .map(|back| {
            let date = today - TimeDelta::days(back);
            let bad = match back {
                _ if calm => 0,
                0 => 17,
                4 => 60,
                14 => 16,
                _ => u64::from(back % 9 == 5),
            };
            DayRow {
                date,
                good: if back == 0 { 872 } else { 1_440 } - bad,
                bad,
                percent: Some(if back == 4 { 100.0 } else { 100.0 - bad as f64 / 14.4 }),
                excluded_minutes: if back == 4 && !calm { 60 } else { 0 },
                silent_minutes: if back == 13 { 300 } else { 0 },
                breaches: u32::from(bad > 10),
                p50_ms: Some(84 + back as u64),
                p95_ms: Some(212 + 3 * back as u64),
                p99_ms: Some(480 + 7 * (back as u64 % 5)),
                href: Some(format!("/apps/{key}/metrics?series=a&day={date}")),
            }
        })
        .collect()
}

pub(crate) fn minutes() -> Vec<MinuteRow> {
    (0..60)
        .map(|i| MinuteRow {
            at: ago(92 - i),
            good: u64::from(i < 50 || i % 3 == 0),
            bad: u64::from(i >= 50 && i % 3 != 0),
            excluded: (20..24).contains(&i).then(|| "planned downtime".to_owned()),
        })
        .collect()
}

pub(crate) fn probes() -> Vec<ProbeRow> {
    (0..60)
        .map(|i| {
            let good = i < 50 || i % 3 == 0;
            ProbeRow {
                counted: true,
                at: ago(92 - i) + TimeDelta::seconds(17),
                good,
                outcome: if good { "200" } else { "time-out" }.to_owned(),
                reason: (!good)
                    .then(|| "No answer within 3 s: connected after 31 ms, then nothing was sent.".to_owned()),
                address: Some("203.0.113.7".to_owned()),
                dns_ms: Some(2.4),
                connect_ms: Some(18.0 + noise(i) * 9.0),
                tls_ms: Some(31.0),
                first_byte_ms: good.then(|| 28.0 + noise(i + 7) * 90.0),
                total_ms: if good { 84.0 + noise(i) * 120.0 } else { 3_000.0 },
            }
        })
        .collect()
}

pub(crate) fn metrics(actor: &Actor, key: &str, query: &MetricsQuery) -> MetricsPage {
    let head = apps::head(actor, key);
    let choice = |id: &str, name: &str, selected| SeriesChoice {
        id: id.to_owned(),
        name: name.to_owned(),
        selected,
    };
    let series = vec![
        choice(
            "a",
            "App availability, timesheets.kestrel.example",
            query.series.is_some(),
        ),
        choice("b", "App availability, eu.timesheets.kestrel.example", false),
    ];
    if key == "new-one" {
        return MetricsPage {
            head,
            series: Vec::new(),
            card: None,
            chart: None,
            latency: None,
            level: None,
            groups: Vec::new(),
        };
    }
    if query.series.is_none() && query.day.is_none() {
        return MetricsPage {
            head,
            series,
            card: None,
            chart: None,
            latency: None,
            level: None,
            groups: groups(key, actor.is_staff()),
        };
    }
    let base = format!("/apps/{key}/metrics?series=a&day=");
    let (chart, level) = match (query.day, query.hour) {
        (None, _) => (
            Some(month(false)),
            MetricsLevel::Month {
                until: query.until,
                previous: Some(format!("/apps/{key}/metrics?series=a&until=2026-10-26")),
                next: query.until.map(|_| format!("/apps/{key}/metrics?series=a")),
                days: days(key, false),
            },
        ),
        (Some(date), None) => (Some(day_chart(date)), day_level(&base, date)),
        (Some(date), Some(hour)) => {
            let from = date.and_hms_opt(hour, 0, 0).unwrap().and_utc();
            let level = MetricsLevel::Hour {
                from,
                day_href: format!("{base}{date}"),
                previous: Some(format!("{base}{date}&hour={}", hour.saturating_sub(1))),
                next: Some(format!("{base}{date}&hour={}", hour + 1)),
                minutes: minutes(),
                probes: probes(),
            };
            (None, level)
        }
    };
    let latency = chart.as_ref().map(|chart| LatencyChart {
        title: "Latency by day".to_owned(),
        from: chart.from,
        to: chart.to,
        step: 86_400,
        points: days(key, false)
            .iter()
            .filter_map(|day| {
                Some(LatencyPoint {
                    at: day.date.and_hms_opt(0, 0, 0)?.and_utc(),
                    p50: day.p50_ms? as f64,
                    p95: day.p95_ms? as f64,
                    p99: day.p99_ms? as f64,
                })
            })
            .collect(),
    });
    MetricsPage {
        head,
        series,
        card: groups(key, actor.is_staff()).remove(0).cards.into_iter().next(),
        chart,
        latency,
        level: Some(level),
        groups: Vec::new(),
    }
}

/// All series at a glance.
fn groups(key: &str, is_staff: bool) -> Vec<SeriesGroup> {
    let card = |id: &str, name: &str, slo: Option<f64>, bad: u64| SeriesCard {
        name: name.to_owned(),
        target: (id == "a").then(|| "timesheets.kestrel.example".to_owned()),
        href: format!("/apps/{key}/metrics?series={id}"),
        slo,
        month: Some(100.0 - bad as f64 / 403.2),
        month_raw: Some(100.0 - bad as f64 / 380.0),
        good: 40_320 - bad,
        bad,
        trend: days(key, id == "c").iter().map(|day| day.percent).collect(),
        p50_ms: Some(84),
        p95_ms: Some(212),
        p99_ms: Some(1_480),
        budget: slo.map(|_| {
            let (budget, raw) = (apps::budget(bad, 40_320), apps::budget(bad + 4, 40_380));
            (budget, raw, format!("/apps/{key}/metrics/budget?series={id}"))
        }),
        outlook: Outlook {
            exhausted_on: NaiveDate::from_ymd_opt(2026, 12, 4).filter(|_| slo.is_some() && bad < 41),
            met_again_on: NaiveDate::from_ymd_opt(2026, 12, 7).filter(|_| slo.is_some() && bad > 40),
        },
        breach_since: (id == "a").then(|| ago(42)),
        source: name.contains("Iframe").then_some(SourceInUse::Own),
        volumes: (is_staff && id == "b").then_some(Volumes {
            own: 3_120,
            generic: 8_450,
        }),
        complete_until: Some(ago(1)),
    };
    vec![
        SeriesGroup {
            name: "Production",
            cards: vec![
                card("a", "App availability", Some(99.9), 32),
                card("b", "Jira Iframe Load Success Rate", Some(95.0), 59),
                card("c", "Jira Webhook Delivery Success Rate", Some(99.0), 0),
            ],
        },
        SeriesGroup {
            name: "Developer first rollout",
            cards: vec![card("d", "Jira Synthetic Success Rate", None, 12)],
        },
    ]
}

pub(crate) fn budget_page(actor: &Actor, key: &str, page: u32) -> BudgetPage {
    let spent = |back: i64, bad: u64| SpentRow {
        from: ago(back).date_naive().and_hms_opt(9, 0, 0).unwrap().and_utc(),
        bad,
        good: 60 - bad,
        bad_minutes: bad as u32,
        share: Some(bad as f64 / 40.3),
        href: format!("/apps/{key}/metrics?series=a&day=2026-11-19&hour=9"),
    };
    BudgetPage {
        head: apps::head(actor, key),
        choices: vec![
            (
                "App availability".to_owned(),
                format!("/apps/{key}/metrics/budget?series=a"),
                true,
            ),
            (
                "Jira Webhook Delivery Success Rate".to_owned(),
                format!("/apps/{key}/metrics/budget?series=c"),
                false,
            ),
        ],
        name: "App availability · timesheets.kestrel.example".to_owned(),
        slo: 99.9,
        month: Some(99.9206),
        month_raw: Some(99.77),
        budget: apps::budget(32, 40_320),
        budget_raw: apps::budget(92, 40_380),
        outlook: Outlook {
            exhausted_on: NaiveDate::from_ymd_opt(2026, 12, 4),
            met_again_on: None,
        },
        from: ago(28 * 1_440 + 1),
        to: ago(1),
        rows: vec![spent(0, 17), spent(20_000, 14), spent(3_000, 1)],
        total: 3,
        page,
        pages: 1,
        excluded: vec![ExcludedRow {
            from: ago(6_560),
            to: ago(6_500),
            minutes: 60,
            good: 0,
            bad: 60,
            reason: "planned downtime: window of 19 November".to_owned(),
            href: format!("/apps/{key}/metrics?series=a&day=2026-11-19&hour=1"),
        }],
        excluded_minutes: 60,
        href: format!("/apps/{key}/metrics/budget?series=a"),
        series_href: format!("/apps/{key}/metrics?series=a"),
    }
}

fn day_chart(date: NaiveDate) -> Chart {
    let from = date.and_hms_opt(0, 0, 0).unwrap().and_utc();
    chart(
        "App availability, 23 November",
        from,
        from + TimeDelta::days(1),
        300,
        false,
    )
}

fn day_level(base: &str, date: NaiveDate) -> MetricsLevel {
    let from = date.and_hms_opt(0, 0, 0).unwrap().and_utc();
    let buckets = (0..174)
        .map(|i| {
            let at = from + TimeDelta::minutes(i * 5);
            let percent = rate(at, false);
            let bad = percent.map_or(0, |p| ((100.0 - p) / 20.0) as u64);
            BucketRow {
                from: at,
                good: 5 - bad,
                bad,
                percent,
                p50_ms: Some(84),
                p95_ms: Some(212),
                p99_ms: Some(480),
                excluded: (i == 40).then(|| "planned downtime".to_owned()),
                href: Some(format!("{base}{date}&hour={}", i / 12)),
            }
        })
        .collect();
    MetricsLevel::Day {
        date,
        by_hour: false,
        previous: Some(format!("{base}{}", date.pred_opt().unwrap())),
        next: None,
        buckets,
    }
}
