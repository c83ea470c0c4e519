use chrono::TimeDelta;
use http::StatusCode;
use rampart_server::store::{Scope, apps, audit, installations};

use crate::support::{
    html::{main, text},
    portal::{Answer, Browser, Portal, SECRETS_KEY},
};

const APP: &str = "com.example.app";
const GIVEN: &str = "a secret that the partner has already";

/// A portal with a key for secrets and an app, and the owner of the app.
async fn portal() -> (Portal, Browser, Browser) {
    let portal = Portal::with(&[("RAMPART_SECRETS_KEY", SECRETS_KEY)]).await;
    let mut admin = portal.staff("Ada", &["administrator", "program_manager"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    portal.register(&mut owner, &partner, APP).await;
    (portal, admin, owner)
}

fn new<'a>(site: &'a str, secret: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("site", site),
        ("product", "jira"),
        ("group", "prod"),
        ("module_types", "generalPages\n\nadminPages\ngeneralPages"),
        ("secret", secret),
    ]
}

async fn add(portal: &Portal, owner: &mut Browser, fields: &[(&str, &str)]) -> Answer {
    portal
        .post(owner, &format!("/apps/{APP}/installations/new"), fields)
        .await
}

async fn settings(portal: &Portal, reader: &mut Browser) -> String {
    text(&main(&portal.get(reader, &format!("/apps/{APP}/settings")).await.body))
}

/// The ids of the app's installations.
async fn ids(portal: &Portal) -> Vec<String> {
    let db = &portal.service.store.portal;
    let app = apps::by_key(db, Scope::system(), APP).await.unwrap().unwrap();
    let all = installations::of_app(db, Scope::system(), app.id).await.unwrap();
    all.iter().map(|i| i.id.to_string()).collect()
}

/// The secret that a page shows.
fn shown(answer: &Answer) -> String {
    let (_, rest) = answer
        .body
        .split_once("class=\"code secret\">")
        .expect("a secret is shown");
    rest.split('<').next().unwrap().to_owned()
}

/// Every audit row about installations, as text.
async fn audited(portal: &Portal) -> Vec<String> {
    let rows = audit::list(
        &portal.service.store.portal,
        Scope::system(),
        &audit::Filter::default(),
        100,
    )
    .await
    .unwrap();
    let rows = rows.into_iter().rev().filter(|row| row.subject_kind == "installation");
    rows.map(|row| format!("{} {} {} {}", row.action, row.subject, row.before, row.after))
        .collect()
}

/// Whether an installation that is valid has the secret.
async fn is_known(portal: &Portal, secret: &str) -> bool {
    let signer = portal.service.signer(APP).await.unwrap().unwrap();
    signer.knows(secret.as_bytes(), portal.clock.now())
}

#[tokio::test]
async fn a_secret_is_made_and_shown_once() {
    let (portal, mut admin, mut owner) = portal().await;
    let answer = add(&portal, &mut owner, &new("acme.atlassian.net", "")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    let secret = shown(&answer);
    assert_eq!(secret.len(), 43);
    assert!(is_known(&portal, &secret).await);

    for reader in [&mut owner, &mut admin] {
        let page = settings(&portal, reader).await;
        assert!(
            page.contains("acme.atlassian.net") && page.contains("generalPages, adminPages"),
            "{page}"
        );
        assert!(!page.contains(&secret), "once");
    }
    let audited = audited(&portal).await;
    assert_eq!(audited.len(), 1);
    assert!(
        audited[0].contains("installation.added Jira at acme.atlassian.net, Production"),
        "{audited:?}"
    );
    assert!(
        audited[0].contains("made by Rampart") && !audited[0].contains(&secret),
        "{audited:?}"
    );

    // Nobody who has the database has the secret.
    let db = &portal.service.store.portal;
    let app = apps::by_key(db, Scope::system(), APP).await.unwrap().unwrap();
    let kept = installations::secrets_of_app(db, Scope::system(), app.id)
        .await
        .unwrap();
    assert_eq!(kept.len(), 1);
    assert!(!kept[0].sealed.windows(secret.len()).any(|w| w == secret.as_bytes()));
    assert_eq!(
        kept[0].key_id,
        SECRETS_KEY.parse::<rampart_server::seal::SealingKey>().unwrap().id()
    );
}

#[tokio::test]
async fn a_secret_that_is_given_is_never_shown() {
    let (portal, _, mut owner) = portal().await;
    let answer = add(&portal, &mut owner, &new("acme.atlassian.net", GIVEN)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert!(is_known(&portal, GIVEN).await);
    assert!(!settings(&portal, &mut owner).await.contains(GIVEN));
    assert!(audited(&portal).await.iter().all(|row| !row.contains(GIVEN)));

    // It would no longer tell which installation a request comes from.
    let answer = add(&portal, &mut owner, &new("other.atlassian.net", GIVEN)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("has this secret already") && !answer.body.contains(GIVEN));
    assert_eq!(ids(&portal).await.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_used_is_said_and_nothing_is_kept() {
    let (portal, _, mut owner) = portal().await;
    for (field, value, said) in [
        ("site", " ", "Enter whose installation it is."),
        (
            "product",
            "confluence",
            "Choose one of the products that the app runs in.",
        ),
        ("group", "beta", "is not a known group"),
        ("module_types", "two words", "is no module type"),
        ("secret", "too short", "32 to 512 characters; this one has 9"),
    ] {
        let mut fields = new("acme.atlassian.net", "");
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let answer = add(&portal, &mut owner, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(
            text(&answer.body).contains(said),
            "{field}: {}",
            text(&main(&answer.body))
        );
        assert!(!answer.body.contains("too short"), "a secret is not sent back");
    }
    assert_eq!(ids(&portal).await.len(), 0);
    add(&portal, &mut owner, &new("acme.atlassian.net", "")).await;
    let answer = add(&portal, &mut owner, &new("acme.atlassian.net", "")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("of this product, site and group already"));
    assert_eq!((ids(&portal).await.len(), audited(&portal).await.len()), (1, 1));
}

#[tokio::test]
async fn an_old_secret_stays_valid_for_the_time_that_was_chosen() {
    let (portal, _, mut owner) = portal().await;
    let first = shown(&add(&portal, &mut owner, &new("acme.atlassian.net", "")).await);
    let id = ids(&portal).await.remove(0);
    let rotate = format!("/apps/{APP}/installations/{id}/rotate");
    for wrong in ["", "-1", "169", "a day"] {
        let fields = [("version", "1"), ("secret", ""), ("overlap_hours", wrong)];
        let answer = portal.post(&mut owner, &rotate, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let fields = [("version", "1"), ("secret", ""), ("overlap_hours", "2")];
    let answer = portal.post(&mut owner, &rotate, &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let second = shown(&answer);
    assert_ne!(first, second);
    assert_eq!(
        portal.post(&mut owner, &rotate, &fields).await.status,
        StatusCode::CONFLICT,
        "sent again, it makes no third one"
    );
    assert!(
        settings(&portal, &mut owner)
            .await
            .contains("the one before is valid until")
    );
    assert!(is_known(&portal, &first).await && is_known(&portal, &second).await);
    portal.clock.advance(TimeDelta::hours(2) - TimeDelta::microseconds(1));
    assert!(is_known(&portal, &first).await);
    portal.clock.advance(TimeDelta::microseconds(1));
    assert!(!is_known(&portal, &first).await && is_known(&portal, &second).await);

    // At once, with one of their own.
    let fields = [("version", "2"), ("secret", GIVEN), ("overlap_hours", "0")];
    let answer = portal.post(&mut owner, &rotate, &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert!(!is_known(&portal, &second).await && is_known(&portal, GIVEN).await);
    let audited = audited(&portal).await;
    assert_eq!(audited.len(), 3);
    assert!(audited[1].contains("installation.secret_replaced") && audited[1].contains("2026-11-23T11:00:00Z"));
    assert!([&first, &second, GIVEN].iter().all(|s| !audited.concat().contains(*s)));
}

#[tokio::test]
async fn an_installation_ends_for_good() {
    let (portal, _, mut owner) = portal().await;
    add(&portal, &mut owner, &new("acme.atlassian.net", GIVEN)).await;
    let id = ids(&portal).await.remove(0);
    let modules = format!("/apps/{APP}/installations/{id}/modules");
    let answer = portal
        .post(
            &mut owner,
            &modules,
            &[("version", "1"), ("module_types", "configurePage")],
        )
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert!(settings(&portal, &mut owner).await.contains("configurePage"));
    let signer = portal.service.signer(APP).await.unwrap().unwrap();
    assert_eq!(signer.installations[0].module_types, ["configurePage"]);

    let end = format!("/apps/{APP}/installations/{id}/end");
    assert_eq!(portal.post(&mut owner, &end, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(portal.post(&mut owner, &end, &[]).await.status, StatusCode::CONFLICT);
    assert!(settings(&portal, &mut owner).await.contains("Ended"));
    assert!(!is_known(&portal, GIVEN).await);
    let fields = [("version", "3"), ("secret", ""), ("overlap_hours", "24")];
    let rotate = format!("/apps/{APP}/installations/{id}/rotate");
    assert_eq!(
        portal.post(&mut owner, &rotate, &fields).await.status,
        StatusCode::CONFLICT
    );
    // The place is free again, and so is the secret.
    let answer = add(&portal, &mut owner, &new("acme.atlassian.net", GIVEN)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert!(is_known(&portal, GIVEN).await);
    let actions: Vec<_> = audited(&portal)
        .await
        .iter()
        .map(|r| r.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(
        actions,
        [
            "installation.added",
            "installation.module_types_changed",
            "installation.ended",
            "installation.added"
        ]
    );
}

#[tokio::test]
async fn an_installation_of_another_app_is_as_one_that_does_not_exist() {
    let (portal, mut admin, mut owner) = portal().await;
    add(&portal, &mut owner, &new("acme.atlassian.net", GIVEN)).await;
    let id = ids(&portal).await.remove(0);
    let (partner, mut stranger) = portal.partner(&mut admin, "Osprey").await;
    portal.register(&mut stranger, &partner, "com.osprey.app").await;
    for what in ["rotate", "modules", "end"] {
        let path = format!("/apps/com.osprey.app/installations/{id}/{what}");
        let fields = [
            ("version", "1"),
            ("secret", ""),
            ("overlap_hours", "0"),
            ("module_types", ""),
        ];
        assert_eq!(
            portal.post(&mut stranger, &path, &fields).await.status,
            StatusCode::NOT_FOUND,
            "{what}"
        );
    }
    assert!(is_known(&portal, GIVEN).await);
}

#[tokio::test]
async fn without_a_key_it_is_said_what_the_operator_must_set() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    portal.register(&mut owner, &partner, APP).await;
    assert!(
        settings(&portal, &mut owner)
            .await
            .contains("the operator has to set secrets.key_file")
    );
    let answer = add(&portal, &mut owner, &new("acme.atlassian.net", "")).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(
        text(&answer.body).contains("secrets.key_file"),
        "{}",
        text(&main(&answer.body))
    );
    assert_eq!(ids(&portal).await.len(), 0);
}

#[tokio::test]
async fn other_servers_notice_a_change_within_seconds() {
    let (portal, _, mut owner) = portal().await;
    add(&portal, &mut owner, &new("acme.atlassian.net", GIVEN)).await;
    let id = ids(&portal).await.remove(0);
    let settings = [("RAMPART_SECRETS_KEY", SECRETS_KEY)];
    let other = Portal::at(portal.clock.clone(), portal.database.shared().await, &settings).await;
    assert!(is_known(&other, GIVEN).await);
    portal
        .post(&mut owner, &format!("/apps/{APP}/installations/{id}/end"), &[])
        .await;
    assert!(!is_known(&portal, GIVEN).await, "at once where it was done");
    portal.clock.advance(TimeDelta::seconds(10));
    assert!(!is_known(&other, GIVEN).await);
}
