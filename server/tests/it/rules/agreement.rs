//! Pages and `rampart slo` say the same of the same minute.

use std::time::Duration;

use chrono::TimeDelta;
use rampart_domain::{
    count::MinuteRange,
    exclusion::{ExclusionKind, LedgerEntry},
    id::{AppId, SeriesId},
    sli::{Group, Product, Sli},
};
use rampart_server::{
    random,
    service::ingest::{Event, Outcome, Source},
    store::{Scope, apps, ledger, series},
};

use super::breach::measured;
use crate::support::{
    database::{TestDatabase, on_both_engines},
    html::{main, text},
    portal::{Browser, Portal},
};

on_both_engines!(
    pages_agree_with_the_report_on_every_indicator,
    a_budget_is_followed_to_its_minutes,
    own_and_generic_volumes_are_compared_for_staff,
    apps_by_indicators_name_the_worst_product,
);

/// The text of a page, with plain spaces and signs.
fn shown(body: &str) -> String {
    text(&main(body))
        .replace(['\u{a0}', '\u{202f}'], " ")
        .replace("&lt;", "<")
}

struct World {
    portal: Portal,
    owner: Browser,
    availability: SeriesId,
    app: AppId,
}

impl World {
    async fn new(database: TestDatabase) -> Self {
        let (portal, mut owner, availability) = measured(database).await;
        portal.get(&mut owner, "/apps").await;
        let app = apps::by_key(&portal.service.store.portal, Scope::system(), "com.example.app").await;
        let app = app.unwrap().unwrap().id;
        Self {
            portal,
            owner,
            availability,
            app,
        }
    }

    async fn happen(&self, product: Product, sli: Sli, source: Source, good: usize, bad: usize) {
        let outcomes = std::iter::repeat_n(Outcome::Good, good).chain(std::iter::repeat_n(Outcome::Bad, bad));
        let events = outcomes.map(|outcome| Event {
            app: self.app,
            product,
            sli,
            group: Group::Prod,
            at: self.portal.clock.minute(),
            outcome,
            latency: Some(Duration::from_millis(240)),
            source,
        });
        self.portal.service.ingest(events.collect(), None).await.unwrap();
    }

    async fn page(&mut self, path: &str) -> String {
        let answer = self.portal.get(&mut self.owner, path).await;
        assert_eq!(answer.status, http::StatusCode::OK, "{path}");
        shown(&answer.body)
    }

    async fn series(&self, product: Product, sli: Sli) -> SeriesId {
        let all = series::of_apps(&self.portal.service.store.portal, Scope::system(), &[self.app]).await;
        let all = all.unwrap();
        let found = all.iter().find(|s| s.key.sli == sli && s.key.product == product);
        found.unwrap().id
    }

    async fn exclude(&self, range: MinuteRange) {
        let entry = LedgerEntry {
            id: random::id(self.portal.clock.now()),
            app: None,
            sli: None,
            product: None,
            target: None,
            range,
            kind: ExclusionKind::DataGap,
            authority: "a test".to_owned(),
            revoked: false,
        };
        let mut tx = self.portal.service.store.portal.begin().await.unwrap();
        ledger::enter(&mut tx, &entry, None, self.portal.clock.now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
}

async fn pages_agree_with_the_report_on_every_indicator(database: TestDatabase) {
    let mut world = World::new(database).await;
    let begun = world.portal.clock.minute();
    // Every minute is different, so that a window that is off by one minute shows.
    for n in 0..30 {
        for (sli, good) in [
            (Sli::IframeLoad, 40 + n),
            (Sli::InstallationCallback, 20 + n),
            (Sli::WebhookDelivery, 60 + n),
        ] {
            world
                .happen(Product::Jira, sli, Source::Platform, good, n % 4 + usize::from(n > 25))
                .await;
        }
        world.portal.live(world.availability, 1, n % 5 != 0).await;
    }
    world.exclude(MinuteRange::new(begun + 2, begun + 4)).await;
    let report = world
        .portal
        .service
        .slo_report("com.example.app", world.portal.clock.now())
        .await
        .unwrap();
    assert_eq!(report.series.len(), 4);
    let overview = world.page("/apps/com.example.app").await;
    let metrics = world.page("/apps/com.example.app/metrics").await;
    let actor = world.portal.actor("owner@kestrel-labs.test").await;
    let page = rampart_app::services::Services::app_overview(&*world.portal.service, &actor, "com.example.app")
        .await
        .unwrap();
    let counted: Vec<u64> = report.series.iter().map(|s| s.raw.good + s.raw.bad).collect();
    assert!(counted.windows(2).all(|pair| pair[0] != pair[1]), "{counted:?}");
    for (of_report, of_page) in report.series.iter().zip(&page.slis) {
        let counts = &of_report.adjusted;
        assert_eq!(of_page.budget.counted, counts.good + counts.bad, "{}", of_page.name);
        assert_eq!(of_page.budget.bad, of_report.budget.used);
        assert!((of_page.budget.left - of_report.budget.remaining).abs() < 1e-9);
        assert_eq!(of_page.budget_raw.counted, of_report.raw.good + of_report.raw.bad);
        assert_ne!(
            of_page.budget_raw.counted, of_page.budget.counted,
            "two minutes are excluded"
        );
        let cut = |percent: f64| format!("{:.1} %", (percent * 10.0 + 1e-6).floor() / 10.0);
        let rate = cut(counts.rate_percent.unwrap());
        assert!(overview.contains(&rate), "{rate}: {overview}");
        let counted = format!("{} {} ", rampart_app::ui::figure::count(counts.good), counts.bad);
        assert!(metrics.contains(&counted), "{counted}: {metrics}");
        // What settles later does not see the last minutes.
        let alert = &of_report.alert.rate;
        if of_report.sli != "installation_callback" {
            assert!(overview.contains(&cut(alert.rate_percent.unwrap())), "{overview}");
        }
    }
}

async fn a_budget_is_followed_to_its_minutes(database: TestDatabase) {
    let mut world = World::new(database).await;
    let begun = world.portal.clock.minute();
    world.portal.live(world.availability, 10, true).await;
    world.portal.live(world.availability, 4, false).await;
    world.portal.live(world.availability, 50, true).await;
    world.portal.live(world.availability, 7, false).await;
    world.portal.live(world.availability, 9, true).await;
    world.exclude(MinuteRange::new(begun + 11, begun + 13)).await;
    let overview = world.page("/apps/com.example.app").await;
    assert!(overview.contains("Where it went"), "{overview}");
    assert!(overview.contains("met again on"), "{overview}");
    let series = world.availability;
    let page = world
        .page(&format!("/apps/com.example.app/metrics/budget?series={series}"))
        .await;
    // The worst hour comes first; two of the four bad minutes of the other are excluded.
    assert!(
        page.contains("23 Nov, 10:00 7 – 63.1 %") && page.contains("23 Nov, 09:00 2 "),
        "{page}"
    );
    assert!(page.find("10:00 7 ") < page.find("09:00 2 "), "{page}");
    assert!(
        page.contains("2 hours with bad events") && page.contains("2 minutes"),
        "{page}"
    );
    assert!(
        page.contains("23 Nov, 09:11 23 Nov, 09:13 2 0 2 data gap: a test"),
        "{page}"
    );
    assert!(
        page.contains("9 bad minutes in 28 days, where a target of 99.9 % allows <0.1: 8.9 min over"),
        "{page}"
    );
    let hour = format!("/apps/com.example.app/metrics?series={series}&day=2026-11-23&hour=10");
    let budget = format!("/apps/com.example.app/metrics/budget?series={series}");
    let linked = world.portal.get(&mut world.owner, &budget).await.body;
    assert!(linked.contains(&hour.replace('&', "&amp;")), "{linked}");
    let hour = world.page(&hour).await;
    assert!(
        hour.contains("The server answered 503"),
        "the probes themselves: {hour}"
    );
    let none = world
        .portal
        .get(&mut world.owner, "/apps/com.example.app/metrics/budget?series=nonsense");
    assert_eq!(none.await.status, http::StatusCode::NOT_FOUND);
}

async fn own_and_generic_volumes_are_compared_for_staff(database: TestDatabase) {
    let mut world = World::new(database).await;
    let mut reviewer = world.portal.staff("Rita", &["reviewer"]).await;
    let metrics = "/apps/com.example.app/metrics";
    let flag = "own volume differs";
    world
        .happen(Product::Jira, Sli::IframeLoad, Source::Platform, 5, 0)
        .await;
    world.portal.live(world.availability, 7, true).await;
    assert!(world.page(metrics).await.contains("source: generic events"));
    for (own, generic, differs) in [(3, 6, false), (0, 1, true)] {
        world
            .happen(Product::Jira, Sli::IframeLoad, Source::OwnApp, own, 0)
            .await;
        world
            .happen(Product::Jira, Sli::IframeLoad, Source::Platform, generic, 0)
            .await;
        let seen = world.page(metrics).await;
        assert!(seen.contains("source: the app’s own events"), "{seen}");
        assert!(!seen.contains(flag), "partners are not told: {seen}");
        let answer = world.portal.get(&mut reviewer, metrics).await;
        let seen = shown(&answer.body);
        assert_eq!(seen.contains(flag), differs, "{seen}");
        assert_eq!(seen.contains("3 own, 7 generic in 24 h"), differs, "{seen}");
    }
    // Sixteen minutes after the last own event, generic ones count again.
    world.portal.clock.advance(TimeDelta::minutes(16));
    assert!(world.page(metrics).await.contains("source: generic events"));
}

async fn apps_by_indicators_name_the_worst_product(database: TestDatabase) {
    let mut world = World::new(database).await;
    world
        .happen(Product::Jira, Sli::WebhookDelivery, Source::Platform, 99, 1)
        .await;
    world
        .happen(Product::Confluence, Sli::WebhookDelivery, Source::Platform, 90, 10)
        .await;
    world.portal.live(world.availability, 12, true).await;
    let page = world.page("/apps/levels").await;
    assert!(
        page.contains("90.0 % , Webhook delivery below 99 % Confluence"),
        "{page}"
    );
    assert!(page.contains("100 % , App availability meets 99.9 %"), "{page}");
    assert!(page.contains("breach open since 23 Nov"), "{page}");
    assert!(page.contains("– not measured"), "{page}");
    let id = world.series(Product::Confluence, Sli::WebhookDelivery).await;
    let answer = world.portal.get(&mut world.owner, "/apps/levels?order=3").await;
    assert!(
        answer
            .body
            .contains(&format!("/apps/com.example.app/metrics?series={id}"))
    );
}
