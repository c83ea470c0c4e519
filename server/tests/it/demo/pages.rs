use http::StatusCode;
use rampart_server::{
    demo::PASSWORD,
    store::{Scope, apps, episodes},
};

use super::filled;
use crate::support::portal::{Browser, Portal};

async fn signed_in(portal: &Portal, mail: &str) -> Browser {
    let mut browser = Browser::default();
    let answer = portal
        .post(&mut browser, "/sign-in", &[("mail", mail), ("password", PASSWORD)])
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{mail}: {}", answer.body);
    browser
}

async fn shows(portal: &Portal, browser: &mut Browser, path: &str) {
    let answer = portal.get(browser, path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    assert!(
        answer.body.contains("Demonstration data"),
        "{path} does not say that it is made up"
    );
    assert!(!answer.body.contains("went wrong"), "{path}: {}", answer.body);
}

/// Who owns what is at `domain`.
fn owner_at(domain: &str) -> &'static str {
    rampart_server::demo::sign_ins()
        .find(|(mail, role)| mail.ends_with(&format!("@{domain}.example")) && role.starts_with("Owner"))
        .unwrap()
        .0
}

#[tokio::test]
async fn every_page_of_every_app_can_be_read_by_staff_and_its_partner() {
    let portal = filled().await;
    let db = &portal.service.store.portal;
    let mut manager = signed_in(&portal, "priya@platform.example").await;
    let mut owners: Vec<(String, Browser)> = Vec::new();
    let mut seen = 0;
    for archived in [false, true] {
        let filter = apps::Filter {
            search: "",
            archived,
            partner: None,
        };
        for app in apps::list(db, Scope::system(), filter, 0, 100).await.unwrap() {
            let domain = app.key.split('.').nth(1).unwrap().to_owned();
            if !owners.iter().any(|(d, _)| *d == domain) {
                owners.push((domain.clone(), signed_in(&portal, owner_at(&domain)).await));
            }
            let owner = &mut owners.iter_mut().find(|(d, _)| *d == domain).unwrap().1;
            let mut paths: Vec<String> = ["", "/metrics", "/breaches", "/settings"]
                .iter()
                .map(|page| format!("/apps/{}{page}", app.key))
                .collect();
            let latest = episodes::of_app(db, Scope::system(), app.id, 0, 1).await.unwrap();
            paths.extend(
                latest
                    .iter()
                    .map(|e| format!("/apps/{}/breaches/{}", app.key, e.incident_id)),
            );
            for path in &paths {
                shows(&portal, &mut manager, path).await;
                shows(&portal, owner, path).await;
            }
            seen += 1;
        }
    }
    assert_eq!((seen, owners.len()), (24, 8));
    for path in ["/apps", "/apps?archived=yes", "/partners", "/audit", "/account"] {
        shows(&portal, &mut manager, path).await;
    }
    let mut administrator = signed_in(&portal, "ada@platform.example").await;
    for path in ["/partners", "/people", "/audit", "/mail", "/account"] {
        shows(&portal, &mut administrator, path).await;
    }
    shows(&portal, &mut Browser::default(), "/sign-in").await;
}

#[tokio::test]
async fn what_is_real_does_not_say_that_it_is_made_up() {
    let portal = Portal::new().await;
    let answer = portal.get(&mut Browser::default(), "/sign-in").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!answer.body.contains("Demonstration data"));
}
