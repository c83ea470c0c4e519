//! The portal's own outages and late timers are no failures of apps (SPEC section 2.1).

use std::time::Duration;

use chrono::TimeDelta;
use rampart_domain::{count::Minute, count::MinuteRange, exclusion::Round, id::SeriesId};
use rampart_server::{
    probe::{ErrorClass, Failure, Probe},
    service::recording::Recorded,
    store::{Scope, audit, counts, episodes, probes},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

use crate::support::{
    database::{TestDatabase, on_both_engines},
    html::{main, text},
    portal::{Browser, Portal, bad_probe, good_probe},
};

on_both_engines!(
    an_outage_of_the_portal_is_a_data_gap_for_every_app,
    an_outage_that_is_nearly_forgotten_is_no_new_gap,
    apps_that_fail_while_canaries_answer_have_failed,
    a_dead_canary_alone_excuses_nothing,
    a_probe_that_was_started_late_and_failed_is_no_data,
);

/// Something in the world that answers, until it is dropped.
pub(super) struct Canary {
    url: String,
    port: u16,
    answering: JoinHandle<()>,
}

impl Canary {
    pub(super) async fn sing() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answering = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 1_024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            }
        });
        let url = format!("http://127.0.0.1:{port}/");
        Self { url, port, answering }
    }

    /// From now on connections are refused.
    pub(super) async fn dies(&mut self) {
        self.answering.abort();
        let _ = (&mut self.answering).await;
    }
}

pub(super) async fn portal(database: TestDatabase, canaries: &[&Canary]) -> (Portal, Browser, [SeriesId; 2]) {
    let list = |each: fn(&Canary) -> String| canaries.iter().map(|c| each(c)).collect::<Vec<_>>().join(",");
    let (urls, ports) = (list(|c| c.url.clone()), list(|c| c.port.to_string()));
    let settings = [
        ("RAMPART_PROBE_CANARIES", urls.as_str()),
        ("RAMPART_PROBE_ALLOW_NETWORKS", "127.0.0.0/8"),
        ("RAMPART_PROBE_ALLOW_PORTS", ports.as_str()),
    ];
    let portal = Portal::on(database, &settings).await;
    let mut admin = portal.staff("Ada", &["administrator", "reviewer"]).await;
    let mut series = Vec::new();
    let mut owner = Browser::default();
    for (name, key) in [("Kestrel Labs", "com.example.app"), ("Harbour", "com.example.other")] {
        let (partner, own) = portal.partner(&mut admin, name).await;
        if key == "com.example.app" {
            owner = own.clone();
        }
        let mut own = own;
        portal.register(&mut own, &partner, key).await;
        let answer = portal
            .post(&mut admin, &format!("/apps/{key}/measuring/start"), &[])
            .await;
        assert_eq!(answer.status, http::StatusCode::SEE_OTHER, "{}", answer.body);
        series.push(portal.series_of(key).await);
    }
    (portal, owner, [series[0], series[1]])
}

/// Lets a minute pass as [`unseen_minute`] does, and evaluates it.
pub(super) async fn minute(portal: &Portal, series: &[SeriesId], probe: &Probe) {
    unseen_minute(portal, series, probe).await;
    portal.evaluate().await;
}

/// Lets a minute pass in which every app is probed once with this outcome and the canaries are asked every ten seconds.
pub(super) async fn unseen_minute(portal: &Portal, series: &[SeriesId], probe: &Probe) {
    for second in 0..6 {
        let due = portal.clock.now();
        portal.service.ask_canaries(Round::of(due)).await.unwrap();
        if second == 2 {
            let batch: Vec<_> = series
                .iter()
                .map(|series| Recorded {
                    series: *series,
                    due,
                    late: Duration::ZERO,
                    probe: probe.clone(),
                })
                .collect();
            portal.service.record_probes(&batch).await.unwrap();
        }
        portal.clock.advance(TimeDelta::seconds(10));
    }
}

async fn episodes(portal: &Portal, series: SeriesId) -> usize {
    let db = &portal.service.store.portal;
    episodes::of_series_since(db, Scope::system(), series, Minute(0))
        .await
        .unwrap()
        .len()
}

async fn gaps(portal: &Portal) -> Vec<audit::Row> {
    let filter = audit::Filter {
        action: "ledger.data_gap".to_owned(),
        ..audit::Filter::default()
    };
    audit::list(&portal.service.store.portal, Scope::system(), &filter, 100)
        .await
        .unwrap()
}

async fn an_outage_of_the_portal_is_a_data_gap_for_every_app(database: TestDatabase) {
    let mut canary = Canary::sing().await;
    let (portal, mut owner, series) = portal(database, &[&canary]).await;
    for _ in 0..20 {
        minute(&portal, &series, &good_probe()).await;
    }
    canary.dies().await;
    for _ in 0..5 {
        minute(&portal, &series, &bad_probe()).await;
        for series in series {
            assert_eq!(episodes(&portal, series).await, 0, "at no evaluation during the outage");
        }
    }
    let page = portal.get(&mut owner, "/apps/com.example.app").await;
    let page = text(&main(&page.body));
    assert!(page.contains("data gap: the portal itself was cut off"), "{page}");
    // Of twenty good minutes one lies in the margin of the gap.
    assert!(page.contains("23 Nov 2026 100 % 19 0 7 0"), "{page}");
    let gaps = gaps(&portal).await;
    assert!(gaps.len() > 1, "entered once, then extended");
    let ids: std::collections::BTreeSet<_> = gaps.iter().map(|row| &row.subject_id).collect();
    assert_eq!(ids.len(), 1, "one outage is one gap: {gaps:#?}");
    assert!(
        gaps.iter().all(|row| row.partner_id.is_none()),
        "no partner reads how many probes there are"
    );
}

async fn an_outage_that_is_nearly_forgotten_is_no_new_gap(database: TestDatabase) {
    let mut canary = Canary::sing().await;
    let (portal, _, series) = portal(database, &[&canary]).await;
    canary.dies().await;
    for _ in 0..5 {
        minute(&portal, &series, &bad_probe()).await;
    }
    let filed = gaps(&portal).await.len();
    assert!(filed > 0);
    // It is looked back over 26 hours: the outage leaves them minute by minute.
    portal.clock.advance(TimeDelta::minutes(26 * 60 - 6));
    for _ in 0..8 {
        portal.clock.advance(TimeDelta::minutes(1));
        portal.evaluate().await;
    }
    assert_eq!(gaps(&portal).await.len(), filed);
}

async fn apps_that_fail_while_canaries_answer_have_failed(database: TestDatabase) {
    let canary = Canary::sing().await;
    let (portal, _, series) = portal(database, &[&canary]).await;
    for _ in 0..4 {
        minute(&portal, &series, &bad_probe()).await;
    }
    assert_eq!((episodes(&portal, series[0]).await, gaps(&portal).await.len()), (1, 0));
}

async fn a_dead_canary_alone_excuses_nothing(database: TestDatabase) {
    let (mut dead, alive) = (Canary::sing().await, Canary::sing().await);
    dead.dies().await;
    let (portal, _, series) = portal(database, &[&dead, &alive]).await;
    for _ in 0..4 {
        minute(&portal, &series, &bad_probe()).await;
    }
    assert_eq!((episodes(&portal, series[0]).await, gaps(&portal).await.len()), (1, 0));
}

async fn a_probe_that_was_started_late_and_failed_is_no_data(database: TestDatabase) {
    let canary = Canary::sing().await;
    let (portal, _, [series, _]) = portal(database, &[&canary]).await;
    let db = &portal.service.store.metrics;
    let start = portal.clock.minute();
    let timeout = Probe {
        failure: Some(Failure {
            class: ErrorClass::Timeout,
            reason: "No complete answer.".to_owned(),
        }),
        ..bad_probe()
    };
    let with_total = |probe: Probe, millis| Probe {
        timings: rampart_server::probe::Timings {
            total: Duration::from_millis(millis),
            ..probe.timings
        },
        ..probe
    };
    let local = Probe {
        failure: Some(Failure {
            class: ErrorClass::Local,
            reason: "The portal ran out of sockets.".to_owned(),
        }),
        ..bad_probe()
    };
    // (milliseconds late, probe, whether it is counted)
    let cases = [
        (250, bad_probe(), true),
        (251, bad_probe(), false),
        (251, good_probe(), true),
        (0, with_total(timeout.clone(), 3_250), true),
        (0, with_total(timeout, 3_251), false),
        (0, local, false),
    ];
    for (late, probe, counted) in cases {
        let due = portal.clock.now();
        let recorded = Recorded {
            series,
            due,
            late: Duration::from_millis(late),
            probe,
        };
        portal
            .service
            .record_probes(std::slice::from_ref(&recorded))
            .await
            .unwrap();
        let minute = MinuteRange::single(portal.clock.minute());
        let stored = probes::within(db, series, minute, false, 9).await.unwrap();
        assert_eq!((stored.len(), stored[0].counted), (1, counted), "{recorded:?}");
        assert_eq!(
            !counts::minutes(db, series, minute).await.unwrap().is_empty(),
            counted,
            "{recorded:?}"
        );
        portal.clock.advance(TimeDelta::minutes(1));
    }
    let day = counts::days(db, series, start.day(), start.day() + 1).await.unwrap();
    assert_eq!((day[0].counts.good, day[0].counts.bad, day[0].minutes), (1, 2, 3));
}
