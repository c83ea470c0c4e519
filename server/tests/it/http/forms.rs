use http::StatusCode;

use crate::support::{
    html::{main, text},
    portal::{Browser, PASSWORD, Portal, new_app},
};

/// Replaces the value of a field.
fn with<'a>(mut fields: Vec<(&'a str, &'a str)>, name: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    fields
        .iter_mut()
        .filter(|(n, _)| *n == name)
        .for_each(|(_, v)| *v = value);
    fields
}

#[tokio::test]
async fn a_form_with_one_bad_field_comes_back_filled() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    for (field, value, message) in [
        (
            "key",
            "com/example",
            "An app key has letters, digits, dots, hyphens and underscores only",
        ),
        ("name", "  ", "Enter the app&#x27;s name."),
        ("base_urls", "app.example.com", "is not a URL"),
        (
            "base_urls",
            "ftp://app.example.com",
            "Only http and https URLs can be probed",
        ),
        (
            "base_urls",
            "https://me:pw@app.example.com",
            "Leave out the user name and password",
        ),
        ("base_urls", "https://10.1.2.3", "10.1.2.3"),
        ("base_urls", "http://[::1]", "::1"),
        ("base_urls", "https://app.example.com:8443", "8443"),
        ("health_path", "health", "A path begins with"),
        ("alert_address", "on-call", "A mail address has one @"),
        ("kind", "banana", "Choose Connect, Forge or Other."),
        ("products", "banana", "There is no product"),
    ] {
        let answer = portal
            .post(
                &mut owner,
                "/apps/new",
                &with(new_app(&partner, "com.example.app"), field, value),
            )
            .await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}={value}");
        let page = main(&answer.body);
        let shown = text(&page).replace("&#x27;", "'");
        assert!(
            shown.contains(&message.replace("&#x27;", "'")),
            "{field}={value}: {shown}"
        );
        assert!(
            page.contains("ops@example.com") && page.contains("support@example.com"),
            "the other fields are kept"
        );
        assert!(
            page.contains(&format!("href=\"#new-app-{field}\"")),
            "the summary leads to the field: {page}"
        );
        assert!(
            page.contains(&format!("id=\"new-app-{field}-error\"")),
            "the message is beside the field: {page}"
        );
    }
    assert!(
        !portal.get(&mut owner, "/apps").await.body.contains("com.example.app"),
        "nothing was registered"
    );
}

#[tokio::test]
async fn what_is_typed_is_shown_as_text_never_as_markup() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    let hostile = "</textarea></title><script>alert(1)</script>\"'&";
    let fields = with(
        with(new_app(&partner, "com.example.app"), "operations_contacts", hostile),
        "name",
        hostile,
    );
    let answer = portal.post(&mut owner, "/apps/new", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    for path in [
        "/apps",
        "/apps/com.example.app",
        "/apps/com.example.app/settings",
        "/apps/com.example.app/breaches",
    ] {
        let page = portal.get(&mut owner, path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(!page.body.contains("<script>alert"), "{path}");
        assert!(!page.body.contains("</textarea></title>"), "{path}");
    }
}

#[tokio::test]
async fn a_session_that_ended_loses_nothing_that_was_typed() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    portal.clock.advance(chrono::TimeDelta::hours(13));

    let contacts = "Zoë <zoe@example.com>\nline two & \"three\"";
    let fields = with(new_app(&partner, "com.example.app"), "operations_contacts", contacts);
    let answer = portal.post(&mut owner, "/apps/new", &fields).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(
        text(&main(&answer.body)).contains("What you typed is kept"),
        "{}",
        answer.body
    );
    assert!(answer.body.contains("name=\"carried_action\" value=\"/apps/new\""));

    // A slip in the password keeps it too.
    let carried: Vec<(String, &str)> = fields.iter().map(|(n, v)| (format!("carried.{n}"), *v)).collect();
    let sign_in = |password: &'static str| {
        let own = [
            ("mail", "owner@kestrel-labs.test"),
            ("password", password),
            ("carried_action", "/apps/new"),
        ];
        own.into_iter()
            .chain(carried.iter().map(|(n, v)| (n.as_str(), *v)))
            .collect::<Vec<_>>()
    };
    let mut browser = Browser::default();
    let answer = portal.post(&mut browser, "/sign-in", &sign_in("wrong")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer.body.contains("name=\"carried_action\" value=\"/apps/new\""),
        "{}",
        answer.body
    );

    let answer = portal.post(&mut browser, "/sign-in", &sign_in(PASSWORD)).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, "/apps/com.example.app")
    );
    let settings = portal.get(&mut browser, "/apps/com.example.app/settings").await;
    assert!(settings.body.contains("Zoë &lt;zoe@example.com"), "{}", settings.body);
}

#[tokio::test]
async fn a_carried_form_that_is_refused_comes_back_filled() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (partner, _) = portal.partner(&mut admin, "Kestrel Labs").await;
    let fields = with(new_app(&partner, "com.example.app"), "health_path", "no-slash");
    let carried: Vec<(String, &str)> = fields.iter().map(|(n, v)| (format!("carried.{n}"), *v)).collect();
    let own = [
        ("mail", "owner@kestrel-labs.test"),
        ("password", PASSWORD),
        ("carried_action", "/apps/new"),
    ];
    let all: Vec<(&str, &str)> = own
        .into_iter()
        .chain(carried.iter().map(|(n, v)| (n.as_str(), *v)))
        .collect();
    let mut browser = Browser::default();
    let answer = portal.post(&mut browser, "/sign-in", &all).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("value=\"no-slash\""), "{}", answer.body);
    assert_eq!(
        portal.get(&mut browser, "/apps").await.status,
        StatusCode::OK,
        "the sign-in itself worked"
    );
}

#[tokio::test]
async fn two_people_at_once_overwrite_nothing() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    let mut member = portal.member(&mut owner, &partner, "Mia").await;
    portal.register(&mut owner, &partner, "com.example.app").await;
    let change = |name: &'static str| {
        vec![
            ("name", name),
            ("kind", "connect"),
            ("products", "jira"),
            ("support_contact", "s"),
            ("operations_contacts", "o"),
            ("version", "1"),
        ]
    };
    let path = "/apps/com.example.app/settings";
    assert_eq!(
        portal.post(&mut owner, path, &change("First name")).await.status,
        StatusCode::SEE_OTHER
    );
    let answer = portal.post(&mut member, path, &change("Second name")).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(
        answer.body.contains("First name") && answer.body.contains("Second name"),
        "both texts are shown: {}",
        answer.body
    );
    let page = portal.get(&mut owner, "/apps/com.example.app").await;
    assert!(page.body.contains("First name") && !page.body.contains("Second name"));
}

#[tokio::test]
async fn a_form_address_that_is_loaded_again_leads_to_its_page() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let answer = portal.get(&mut admin, "/apps/com.example%2Eapp/health-check").await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, "/apps/com.example.app/settings")
    );
}
