//! Pages rendered on made-up services: what must be on them, and what must never be.

#![allow(clippy::unwrap_used, reason = "a test may simply stop")]

#[path = "../examples/gallery/fake/mod.rs"]
#[allow(dead_code, reason = "the gallery uses more of it")]
mod fake;

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    http::Request,
};
use fake::{Fake, now, people};
use leptos::prelude::provide_context;
use rampart_app::{
    form::{CarriedForm, FieldError, FormState},
    pages::App,
    request::{Assets, Platform, ServicesRef, Viewer},
    ui::shell,
};

/// What a page is asked with.
#[derive(Clone, Default)]
struct Ask {
    who: &'static str,
    refused: Option<FormState>,
    carried: Option<CarriedForm>,
}

/// The status and the text of the page at `path`.
async fn ask(path: &str, ask: Ask) -> (u16, String) {
    // Listing the routes also starts the executor.
    let _ = leptos_axum::generate_route_list(App);
    let viewer = Viewer {
        actor: people::actor(ask.who),
        now: now(),
        flash: None,
        alert: None,
        platform: Platform {
            name: "Atlassian".to_owned(),
            designation: "Cloud Fortified".to_owned(),
        },
        demonstration: false,
        assets: Assets {
            script: "rampart-1".to_owned(),
            style: "rampart-2".to_owned(),
        },
        request_id: "request-7".to_owned(),
    };
    let services: ServicesRef = Arc::new(Fake);
    let context = move || {
        provide_context(viewer.clone());
        provide_context(services.clone());
        if let Some(state) = ask.refused.clone() {
            provide_context(state);
        }
        if let Some(form) = ask.carried.clone() {
            provide_context(form);
        }
    };
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = leptos_axum::render_app_async_with_context(context, shell)(request).await;
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    // Marks between texts, and the spaces within numbers, are not what these tests are about.
    let text = String::from_utf8(body.to_vec())
        .unwrap()
        .replace("<!>", "")
        .replace(['\u{a0}', '\u{202f}'], " ");
    (status, text)
}

async fn owner(path: &str) -> String {
    let (status, text) = ask(
        path,
        Ask {
            who: "owner",
            ..Ask::default()
        },
    )
    .await;
    assert_eq!(status, 200, "{path}");
    text
}

fn refusal(form: &str, field: &str, values: &[(&str, &str)]) -> Option<FormState> {
    Some(FormState {
        form: form.to_owned(),
        values: values.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        errors: vec![FieldError {
            field: field.to_owned(),
            message: "Not like this.".to_owned(),
        }],
        message: None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_answers() {
    let app = "/apps/com.kestrel.timesheets";
    for path in [
        "/apps",
        "/apps/new",
        app,
        "/apps/levels",
        "/apps/levels?order=state&q=nothing",
        &format!("{app}/metrics"),
        &format!("{app}/metrics?series=a"),
        &format!("{app}/metrics/budget?series=a"),
        &format!("{app}/metrics?day=2026-11-23"),
        &format!("{app}/metrics?day=2026-11-23&hour=13"),
        &format!("{app}/breaches"),
        &format!("{app}/breaches/excused"),
        &format!("{app}/ledger"),
        "/apps/good/ledger",
        &format!("{app}/settings"),
        &format!("{app}/escalation"),
        "/apps/new-one/escalation",
        "/apps/stopped/escalation",
        &format!("{app}/escalation/Qm3v9K7xZ0A"),
        &format!("{app}/remediation"),
        &format!("{app}/remediation/earlier"),
        "/apps/good/remediation",
        &format!("{app}/approval"),
        "/apps/new-one/approval",
        "/approvals",
        "/requirements",
        "/approvals?q=none",
        &format!("{app}/readiness"),
        &format!("{app}/readiness/review"),
        "/apps/good/readiness/review",
        "/apps/expired/readiness",
        &format!("{app}/readiness/questions/data_recovery"),
        "/apps/good/readiness/questions/data_recovery",
        "/readiness",
        "/readiness?q=none",
        "/escalation",
        "/escalation?q=none",
        "/ledger",
        "/ledger?q=none",
        "/ledger/waiver",
        "/ledger/new",
        "/ledger/new?why=drill",
        "/partners",
        "/partners/new",
        "/partners/1",
        "/people",
        "/audit",
        "/mail",
        "/mail/1",
        "/account",
    ] {
        let (status, text) = ask(
            path,
            Ask {
                who: "staff",
                ..Ask::default()
            },
        )
        .await;
        assert_eq!(status, 200, "{path}");
        assert_eq!(text.matches("<h1").count(), 1, "{path} has one main heading");
        assert!(text.contains(" · Rampart</title>"), "{path} has a title");
        assert!(
            !text.contains("style="),
            "{path} has no inline styles, which the browser would refuse"
        );
        assert!(!text.contains(" onclick="), "{path} has no inline handlers");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_form_keeps_what_was_typed_beside_the_reason() {
    let refused = refusal(
        "app-details",
        "name",
        &[("name", "My \"app\" <b>"), ("kind", "forge"), ("version", "6")],
    );
    let (_, text) = ask(
        "/apps/good/settings",
        Ask {
            who: "owner",
            refused,
            ..Ask::default()
        },
    )
    .await;
    assert!(text.contains("role=\"alert\""));
    assert!(
        text.contains("href=\"#app-details-name\""),
        "the summary leads to the field"
    );
    assert!(text.contains("id=\"app-details-name-error\""));
    assert!(text.contains("aria-invalid=\"true\""));
    assert!(
        text.contains("value=\"My &quot;app&quot; &lt;b>\"") || text.contains("value=\"My &quot;app&quot; &lt;b&gt;\""),
        "{text}"
    );
    assert!(
        text.contains("name=\"version\" value=\"6\""),
        "an edit that was refused still rests on the version it began with"
    );
    let health = text.split("id=\"health-check\"").last().unwrap();
    assert!(health.contains("value=\"/health\""), "the other forms are fresh");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_shows_both_texts() {
    let refused = refusal("app-details", "version", &[("name", "Mine"), ("version", "6")]);
    let (_, text) = ask(
        "/apps/good/settings",
        Ask {
            who: "owner",
            refused,
            ..Ask::default()
        },
    )
    .await;
    assert!(text.contains("value=\"Mine\""));
    assert!(text.contains("Saved meanwhile by somebody else: <q>Timesheets for Jira</q>"));
    assert!(
        text.contains("name=\"version\" value=\"7\""),
        "sending again is a decision"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_area_keeps_every_line() {
    let refused = refusal(
        "health-check",
        "base_urls",
        &[("base_urls", "\nhttps://a.example\n</textarea><b>")],
    );
    let (_, text) = ask(
        "/apps/good/settings",
        Ask {
            who: "owner",
            refused,
            ..Ask::default()
        },
    )
    .await;
    let area = text.split("id=\"health-check-base_urls\"").nth(1).unwrap();
    let area = area.split("</textarea>").next().unwrap().split_once('>').unwrap().1;
    assert!(area.starts_with("\n\nhttps://a.example\n&lt;/textarea"), "{area:?}");
    assert!(!area.contains("<!"), "no marks within: {area:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn states_are_words() {
    for (key, word, sentence) in [
        ("good", "On target", "every service level is on target"),
        ("below", "Below target", "7 Dec 2026"),
        ("new-one", "Not measured", "Staff of Atlassian start it here"),
        ("unknown", "No data", "Nothing was counted in the last 15 minutes"),
        ("archived", "Archived", "This app is archived"),
        (
            "com.kestrel.timesheets",
            "Breach open",
            "It closes once the condition has not held for 15 minutes",
        ),
    ] {
        let text = owner(&format!("/apps/{key}")).await;
        assert!(text.contains(word), "{key}: {word}");
        assert!(text.contains(sentence), "{key}: {sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_stay_text() {
    let text = owner("/apps/hostile").await;
    assert!(!text.contains("<script>alert"));
    assert!(text.contains("<title>&lt;script>alert(1)&lt;/script> &amp; "));
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_their_status_and_say_what_next() {
    let signed_in = || Ask {
        who: "owner",
        ..Ask::default()
    };
    let (status, text) = ask("/nowhere", signed_in()).await;
    assert!(status == 404 && text.contains("There is no such page"));
    let (status, foreign) = ask("/apps/missing", signed_in()).await;
    assert_eq!(status, 404);
    assert!(foreign.contains("There is no such page"));
    let (status, text) = ask("/apps/forbidden", signed_in()).await;
    assert!(status == 403 && text.contains("Only reviewers start the measuring"));
    let (status, text) = ask("/apps/broken", signed_in()).await;
    assert!(status == 500 && text.contains("request-7"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_navigation_offers_what_the_reader_may_do() {
    let links = |text: String| text.split("</nav>").next().unwrap().matches("<a ").count();
    let member = ask(
        "/apps",
        Ask {
            who: "member",
            ..Ask::default()
        },
    )
    .await
    .1;
    assert!(member.contains(">Team<") && !member.contains(">People<") && !member.contains(">Audit<"));
    let staff = ask(
        "/apps",
        Ask {
            who: "staff",
            ..Ask::default()
        },
    )
    .await
    .1;
    assert!(staff.contains(">People<") && staff.contains(">Mail<") && staff.contains(">Partners<"));
    assert!(links(staff) > links(member));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_excused_breach_names_what_excuses_it() {
    let text = owner("/apps/com.kestrel.timesheets/breaches/excused").await;
    assert!(text.contains("href=\"/apps/com.kestrel.timesheets/ledger?entry=waiver\""));
    assert!(text.contains("60 of its 60 bad events") && text.contains("It is excused, since all of its breaches are."));
    let list = owner("/apps/com.kestrel.timesheets/breaches").await;
    assert!(list.contains("0 adjusted") && !list.contains("17 adjusted"), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiver_is_confirmed_only_where_its_effect_is_shown() {
    let ask_staff = async |path| {
        let staff = Ask {
            who: "staff",
            ..Ask::default()
        };
        ask(path, staff).await.1
    };
    let fresh = ask_staff("/ledger/new").await;
    assert!(!fresh.contains("File this waiver</button>") && !fresh.contains("name=\"shown\""));
    let shown = ask_staff("/ledger/new?app=com.kestrel.timesheets&why=a%20%22drill%22").await;
    assert!(shown.contains("What it changes") && shown.contains("File this waiver</button>"));
    assert!(shown.contains("type=\"hidden\" name=\"why\" value=\"a &quot;drill&quot;\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_who_may_not_edit_see_no_forms() {
    let text = ask(
        "/apps/good/settings",
        Ask {
            who: "staff",
            ..Ask::default()
        },
    )
    .await
    .1;
    assert!(!text.contains("id=\"app-details\"") && !text.contains("id=\"archive-app\""));
    assert!(text.contains("id=\"stop-measuring\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sign_in_page_carries_a_form_along_without_scripts() {
    let carried = CarriedForm {
        action: "/apps/new".to_owned(),
        values: vec![("name".to_owned(), "a \"b\"".to_owned())],
    };
    let (_, text) = ask(
        "/sign-in?next=/apps",
        Ask {
            carried: Some(carried),
            ..Ask::default()
        },
    )
    .await;
    assert!(text.contains("name=\"carried_action\" value=\"/apps/new\""));
    assert!(text.contains("name=\"carried.name\" value=\"a &quot;b&quot;\""));
    assert!(text.contains("Your session had ended"));
    assert!(text.contains("name=\"next\" value=\"/apps\""));
    assert!(
        !text.contains("modulepreload"),
        "no script is fetched before the sign-in"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_time_links_need_no_sign_in() {
    let (_, new) = ask("/invitation/t", Ask::default()).await;
    assert!(new.contains("name=\"password_again\"") && new.contains("autocomplete=\"new-password\""));
    let (_, known) = ask("/invitation/known", Ask::default()).await;
    assert!(!known.contains("name=\"password_again\"") && known.contains("autocomplete=\"current-password\""));
    let (_, address) = ask("/alert-address/t", Ask::default()).await;
    assert!(address.contains("action=\"/alert-address/t\""));
    let (status, _) = ask("/invitation/missing", Ask::default()).await;
    assert_eq!(status, 404);
}

async fn staff(path: &str) -> String {
    let who = "staff";
    let (status, text) = ask(path, Ask { who, ..Ask::default() }).await;
    assert_eq!(status, 200, "{path}");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ladder_marks_the_present_step_in_words_and_says_what_is_asked() {
    let page = owner("/apps/com.kestrel.timesheets/escalation").await;
    let step = page.split("aria-current=\"step\"").nth(1).unwrap();
    let step = step.split("</li>").next().unwrap();
    assert!(step.contains("In remediation") && step.contains("now"), "{step}");
    assert_eq!(page.matches("aria-current=\"step\"").count(), 1);
    assert!(page.contains("Agree on a plan with the platform and complete its actions before the deadline."));
    assert!(page.contains("10 Jan 2027, 14:32 UTC"), "by when");
    assert!(page.contains("0 of 3 further breaches"));
    assert!(page.contains("id=\"decide-appeal\"") && !page.contains("id=\"decide-freeze\""));
    assert!(
        staff("/apps/com.kestrel.timesheets/escalation")
            .await
            .contains("Asked of Kestrel Labs: ")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_question_has_its_fields_and_what_is_asked_of_it_beside_it() {
    let page = owner("/apps/com.kestrel.timesheets/readiness").await;
    assert!(page.contains("name=\"data_recovery-value\"") && page.contains("name=\"cover_hours-zone\""));
    assert!(page.contains("Change requested</strong> by Ines Okafor"), "{page}");
    assert!(
        page.contains("href=\"#q-team_communication\""),
        "what is missing is linked"
    );
    assert!(!page.contains("/readiness/submit\""), "something is missing");
    let read = staff("/apps/com.kestrel.timesheets/readiness").await;
    assert!(!read.contains("id=\"answers\"") && read.contains("Restore the latest backup."));
    let review = staff("/apps/com.kestrel.timesheets/readiness/review").await;
    assert!(review.contains("<ins>2. Restore the latest backup and count the rows.</ins>"));
    assert!(
        review.contains("id=\"review\"") && review.contains("name=\"data_recovery-verdict\""),
        "one form holds every answer and the decision"
    );
    assert!(review.contains("name=\"decision\"") && review.contains("/decide\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announced_withdrawal_is_said_to_all_and_called_off_by_who_may() {
    let page = owner("/apps/expired/readiness").await;
    assert!(
        page.contains("The designation will be withdrawn on ") && page.contains("Nobody answered the four notices.")
    );
    assert!(!page.contains("id=\"call-withdrawal-off\""));
    let page = staff("/apps/expired/readiness").await;
    assert!(page.contains("id=\"call-withdrawal-off\"") && !page.contains("id=\"announce-withdrawal\""));
    let queue = staff("/readiness").await;
    assert!(queue.contains("The designation is withdrawn on "));
    assert!(queue.contains("From ") && queue.contains("may announce the withdrawal."));
    assert!(queue.contains("href=\"/apps/com.kestrel.timesheets/readiness/review\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_decided_now_says_why() {
    let page = staff("/apps/appealed/escalation").await;
    assert!(page.contains("An appeal is open. Decide on it first"));
    assert!(!page.contains("id=\"decide-confirm-demotion\"") && page.contains("id=\"decide-close-appeal\""));
    assert!(page.contains("Paused: "));
    let page = owner("/apps/good/escalation").await;
    assert!(page.contains("There is nothing to appeal") && !page.contains("id=\"decide-appeal\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_decision_comes_back_open_with_its_reason() {
    let values = [("why", "Nobody could <log in>."), ("extend_days", "0")];
    let (_, page) = ask(
        "/apps/proposed/escalation",
        Ask {
            who: "staff",
            refused: refusal("decide-decline-demotion", "extend_days", &values),
            ..Ask::default()
        },
    )
    .await;
    let form = page.split("id=\"decide-decline-demotion\"").nth(1).unwrap();
    let form = form.split("</form>").next().unwrap();
    assert!(
        form.contains("Not like this.") && form.contains("Nobody could &lt;log in>."),
        "{form}"
    );
    let tags = page
        .split("<details ")
        .skip(1)
        .map(|rest| rest.split('>').next().unwrap());
    assert_eq!(tags.filter(|tag| tag.contains("open")).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn partners_are_not_told_what_an_engine_stopped_at() {
    let page = owner("/apps/stopped/escalation").await;
    assert!(page.contains("The platform looks into it") && !page.contains("no breach of this app"));
    assert!(
        staff("/apps/stopped/escalation")
            .await
            .contains("no breach of this app that came before")
    );
    let new = owner("/apps/new-one/escalation").await;
    assert!(new.contains("This app is not Cloud Fortified yet") && new.contains("A program manager of the platform"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_counts_states_and_freezes_everything() {
    let board = staff("/escalation").await;
    assert!(board.contains("Engine stopped") && board.contains("id=\"freeze-all\""));
    let frozen = staff("/escalation?state=demoted").await;
    assert!(frozen.contains("Every app is frozen.") && frozen.contains("id=\"thaw-all\""));
    assert!(frozen.contains("Old Mill Charts") && !frozen.contains("Boards Export"));
    assert!(staff("/escalation?q=none").await.contains("No app matches"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_state_below_good_standing_is_a_badge_of_the_app() {
    assert!(owner("/apps/com.kestrel.timesheets").await.contains("In remediation"));
    assert!(!owner("/apps/good").await.contains("In good standing"));
    assert!(owner("/apps").await.contains("In remediation"));
}
