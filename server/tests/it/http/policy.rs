//! The page and the editor of the measurement policy.

use http::StatusCode;
use rampart_domain::policy::Policies;
use rampart_server::store::{Scope, audit, policies};

use crate::{
    rules::policy::version,
    support::{
        html::{main, text},
        portal::Portal,
    },
};

const REVIEW: &str = "/policies/measurement/review";
const PUBLISH: &str = "/policies/measurement/publish";

async fn stored(portal: &Portal) -> Policies {
    policies::all(&portal.service.store.portal).await.unwrap()
}

#[tokio::test]
async fn everybody_who_is_signed_in_reads_the_rules() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (_, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    for browser in [&mut owner, &mut admin] {
        let page = text(&main(&portal.get(browser, "/policies/measurement").await.body));
        assert!(page.contains("Version 1 holds since the beginning"), "{page}");
        assert!(
            page.contains("Iframe load : 95 % of the page loads of 28 days have to be good.")
                && page.contains("of the past 24 hours are good"),
            "{page}"
        );
        assert!(!page.contains("Change the rules"), "{page}");
    }
}

#[tokio::test]
async fn a_version_is_looked_at_before_it_is_published() {
    let portal = Portal::new().await;
    let mut manager = portal.staff("Pia", &["program_manager"]).await;
    let fields = version("1", &[("availability.slo", "99.5"), ("iframe_load.min_bad", "10")]);
    let review = portal.post(&mut manager, REVIEW, &fields).await;
    assert_eq!(review.status, StatusCode::OK);
    let page = text(&main(&review.body));
    assert!(
        page.contains("App availability, objective over 28 days: 99.9 % → 99.5 %"),
        "{page}"
    );
    assert!(page.contains("Iframe load, bad events for an alert: 5 → 10"), "{page}");
    assert!(page.contains("takes over within two minutes"), "{page}");
    assert_eq!(
        stored(&portal).await,
        Policies::default(),
        "nothing is published by looking"
    );

    let answer = portal.post(&mut manager, PUBLISH, &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let page = text(&main(&portal.get(&mut manager, "/policies/measurement").await.body));
    assert!(
        page.contains("Published: version 2 holds from 23 Nov 2026, 09:02 UTC on."),
        "{page}"
    );
    assert!(
        page.contains("Version 1 holds") && page.contains("Version 2 takes over on 23 Nov 2026, 09:02 UTC :"),
        "{page}"
    );
    portal.clock.advance(chrono::TimeDelta::minutes(2));
    let page = text(&main(&portal.get(&mut manager, "/policies/measurement").await.body));
    assert!(page.contains("Version 2 holds since 23 Nov 2026, 09:02 UTC"), "{page}");
    assert!(page.contains("Agreed with the partners."), "{page}");

    let log = audit::list(
        &portal.service.store.portal,
        Scope::system(),
        &audit::Filter::default(),
        10,
    )
    .await
    .unwrap();
    let row = log.iter().find(|row| row.action == "policy.published").unwrap();
    assert_eq!(row.why.as_deref(), Some("Agreed with the partners."));
    assert!(
        row.before.contains("\"objective\":\"99.9 %\"") && row.after.contains("\"objective\":\"99.5 %\""),
        "{row:?}"
    );
    let shown = portal.get(&mut manager, "/audit?action=policy.published").await.body;
    assert!(
        text(&main(&shown)).contains("App availability, objective 99.9 % 99.5 %"),
        "{}",
        text(&main(&shown))
    );
}

#[tokio::test]
async fn what_cannot_be_used_comes_back_as_it_was_typed() {
    let portal = Portal::new().await;
    let mut manager = portal.staff("Pia", &["program_manager"]).await;
    for (field, value, message) in [
        ("availability.slo", "99.99999", "Enter a percentage from 0 to 100"),
        ("availability.threshold", "101", "Enter a percentage from 0 to 100"),
        ("webhook_delivery.window", "0", "Enter 1 to 40320 minutes"),
        ("webhook_delivery.window", "soon", "Enter a whole number."),
        ("iframe_load.min_bad", "0", "Enter at least 1"),
        ("iframe_load.settle", "61", "Enter at most 60 minutes."),
        (
            "starts",
            "2026-11-23T09:01",
            "This time has passed, or is less than two minutes away.",
        ),
        ("starts", "2027-12-23T09:01", "Choose a time within a year."),
        ("starts", "tomorrow", "Enter a date and a time in UTC"),
        ("reason", "  ", "Enter why the rules change."),
    ] {
        for path in [REVIEW, PUBLISH] {
            let fields = version("1", &[("availability.slo", "99.5"), (field, value)]);
            let fields: Vec<_> = fields
                .into_iter()
                .map(|(name, typed)| (name, if name == field { value } else { typed }))
                .collect();
            let answer = portal.post(&mut manager, path, &fields).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field} {value}");
            assert!(answer.body.contains(message), "{field} {value}: {}", answer.body);
            if field != "reason" {
                assert!(
                    answer.body.contains(&format!("value=\"{value}\"")),
                    "{field}: {}",
                    answer.body
                );
                assert!(answer.body.contains("Agreed with the partners."));
            }
        }
    }
    let same = portal.post(&mut manager, REVIEW, &version("1", &[])).await;
    assert_eq!(same.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(same.body.contains("Nothing differs from version 1."));
    assert_eq!(stored(&portal).await, Policies::default());
}

#[tokio::test]
async fn two_who_publish_at_once_see_each_others_version() {
    let portal = Portal::new().await;
    let mut first = portal.staff("Pia", &["program_manager"]).await;
    let mut second = portal.staff("Paul", &["program_manager"]).await;
    let answer = portal
        .post(&mut first, PUBLISH, &version("1", &[("availability.slo", "99.5")]))
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let mine = [("availability.slo", "99.8"), ("reason", "Mine & <only> mine")];
    for path in [PUBLISH, REVIEW] {
        let answer = portal.post(&mut second, path, &version("1", &mine)).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        let page = text(&main(&answer.body));
        assert!(
            page.contains("Pia published version 2 on 23 Nov 2026 at 09:00 UTC, after you had begun."),
            "{page}"
        );
        assert!(page.contains("Saved meanwhile by somebody else: 99.5"), "{page}");
        assert!(!page.contains("Saved meanwhile by somebody else: nothing"), "{page}");
        assert!(
            answer.body.contains("value=\"99.8\"") && answer.body.contains("Mine &amp; &lt;only> mine"),
            "{}",
            answer.body
        );
        assert!(
            answer.body.contains("name=\"version\" value=\"2\""),
            "sent again, it is based on version 2"
        );
    }
    let answer = portal.post(&mut second, PUBLISH, &version("2", &mine)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(stored(&portal).await.latest().version, 3);
    let page = text(&main(&portal.get(&mut first, "/policies/measurement").await.body));
    assert!(
        page.contains("App availability, objective over 28 days: 99.5 % → 99.8 %"),
        "{page}"
    );
}

#[tokio::test]
async fn a_planned_version_waits_unless_a_newer_one_replaces_it() {
    let portal = Portal::new().await;
    let mut manager = portal.staff("Pia", &["program_manager"]).await;
    let planned = version("1", &[("availability.slo", "99.5"), ("starts", "2026-12-01T00:00")]);
    assert_eq!(
        portal.post(&mut manager, PUBLISH, &planned).await.status,
        StatusCode::SEE_OTHER
    );
    let editor = text(&main(
        &portal.get(&mut manager, "/policies/measurement/edit").await.body,
    ));
    assert!(
        editor.contains("Version 2 is published and takes over on 1 Dec 2026, 00:00 UTC"),
        "{editor}"
    );
    let sooner = version("2", &[("availability.slo", "99.8")]);
    let review = text(&main(&portal.post(&mut manager, REVIEW, &sooner).await.body));
    assert!(
        review.contains("Version 2, planned for 1 Dec 2026, 00:00 UTC , will not take over"),
        "{review}"
    );
    assert_eq!(
        portal.post(&mut manager, PUBLISH, &sooner).await.status,
        StatusCode::SEE_OTHER
    );
    portal.clock.advance(chrono::TimeDelta::minutes(3));
    let page = text(&main(&portal.get(&mut manager, "/policies/measurement").await.body));
    assert!(
        page.contains("Version 3 holds") && page.contains("Version 2 never held"),
        "{page}"
    );
}
