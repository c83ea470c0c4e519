//! Who may do what, as a table that is checked in: every page and form, as every role, and what the server answers.
//!
//! Run the test with `RAMPART_BLESS=1` to write the table anew, and read the difference before it is committed.

use std::fmt::Write;

use rampart_domain::{
    action::{ActionKind, ParentKind, Priority, Step},
    id::PlanId,
};
use rampart_server::store::{Scope, actions, apps, plans};

use crate::support::portal::{Browser, Portal, SECRETS_KEY};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/authorization.txt");

/// The id of nothing.
const NOBODY: &str = "0190a000-0000-7000-8000-000000000000";

/// The remediation plan of the app, and its action, which the member proposed.
const PLAN: &str = "0190a000-0000-7000-8000-00000000000a";
const ACTION: &str = "0190a000-0000-7000-8000-00000000000b";

/// One line of the table: the method, the path, and the fields of a form.
struct Line {
    form: bool,
    path: String,
    fields: Vec<(&'static str, &'static str)>,
}

#[tokio::test]
async fn the_checked_in_table_is_what_the_server_does() {
    let columns = [
        "nobody",
        "other partner",
        "member",
        "owner",
        "reviewer",
        "incident mgr",
        "program mgr",
        "administrator",
    ];
    let mut table = format!("{:<58}", "");
    columns.iter().for_each(|c| write!(table, "{c:>15}").unwrap());
    table.push('\n');
    for number in 0..lines("", "", "").len() {
        // A portal of its own for each line: no form finds the traces of another.
        let portal = Portal::with(&[("RAMPART_SECRETS_KEY", SECRETS_KEY)]).await;
        let (mut people, keys) = people(&portal).await;
        let [key, partner, member] = keys.each_ref().map(String::as_str);
        let line = &lines(key, partner, member)[number];
        let shown = line
            .path
            .replace(NOBODY, "{nothing}")
            .replace(PLAN, "{plan}")
            .replace(ACTION, "{action}")
            .replace(partner, "{partner}")
            .replace(member, "{member}")
            .replace(key, "{app}");
        write!(
            table,
            "{:<58}",
            format!("{} {shown}", if line.form { "POST" } else { "GET" })
        )
        .unwrap();
        for browser in &mut people {
            let answer = match line.form {
                true => portal.post(browser, &line.path, &line.fields).await,
                false => portal.get(browser, &line.path).await,
            };
            write!(table, "{:>15}", answer.status.as_u16()).unwrap();
        }
        table.push('\n');
    }
    if std::env::var_os("RAMPART_BLESS").is_some() {
        std::fs::write(TABLE, &table).unwrap();
    }
    let checked_in = std::fs::read_to_string(TABLE).unwrap_or_default();
    assert_eq!(
        table, checked_in,
        "who may do what has changed; bless it if that is meant"
    );
}

/// Gives the app a plan with one action.
async fn plan(portal: &Portal) {
    let (db, now) = (&portal.service.store.portal, portal.clock.now());
    let app = apps::by_key(db, Scope::system(), "com.kestrel.app")
        .await
        .unwrap()
        .unwrap();
    let (plan, action): (PlanId, _) = (PLAN.parse().unwrap(), ACTION.parse().unwrap());
    let terms = actions::Terms {
        title: "Add a queue".to_owned(),
        description: String::new(),
        owner: actions::Owner::Named("Robin".to_owned()),
        kind: ActionKind::Prevent,
        priority: Priority::FourWeeks,
        chosen: None,
        tracker: String::new(),
    };
    let event = actions::NewEvent {
        step: Step::Propose,
        by: portal.actor("mia@member.test").await.user,
        at: now,
        text: "",
    };
    let mut tx = db.begin().await.unwrap();
    plans::open(&mut tx, plan, app.id, now).await.unwrap();
    let parent = (ParentKind::RemediationPlan, plan.0);
    actions::propose(&mut tx, action, parent, app.partner_id, &terms, event)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// One browser for each column, and the app's key, the partner's id and a member's id.
async fn people(portal: &Portal) -> (Vec<Browser>, [String; 3]) {
    let mut administrator = portal.staff("Ada", &["administrator"]).await;
    let (partner, mut owner) = portal.partner(&mut administrator, "Kestrel Labs").await;
    let (_, stranger) = portal.partner(&mut administrator, "Osprey").await;
    let member = portal.member(&mut owner, &partner, "Mia").await;
    portal.member(&mut owner, &partner, "Max").await;
    portal.register(&mut owner, &partner, "com.kestrel.app").await;
    let reviewer = portal.staff("Rea", &["reviewer"]).await;
    let incident_manager = portal.staff("Ian", &["incident_manager"]).await;
    let program_manager = portal.staff("Pia", &["program_manager"]).await;
    plan(portal).await;
    let other_member = portal.actor("max@member.test").await.user.to_string();
    let people = vec![
        Browser::default(),
        stranger,
        member,
        owner,
        reviewer,
        incident_manager,
        program_manager,
        administrator,
    ];
    (people, ["com.kestrel.app".to_owned(), partner, other_member])
}

fn lines(key: &str, partner: &str, member: &str) -> Vec<Line> {
    let page = |path: String| Line {
        form: false,
        path,
        fields: Vec::new(),
    };
    let form = |path: String, fields: &[(&'static str, &'static str)]| Line {
        form: true,
        path,
        fields: fields.to_vec(),
    };
    let app = format!("/apps/{key}");
    let partner_page = format!("/partners/{partner}");
    vec![
        page("/apps".to_owned()),
        page("/apps/levels".to_owned()),
        page("/apps/new".to_owned()),
        page(app.clone()),
        page(format!("{app}/metrics")),
        page(format!("{app}/metrics/budget")),
        page(format!("{app}/breaches")),
        page(format!("{app}/ledger")),
        page(format!("{app}/escalation")),
        page(format!("{app}/escalation/AAAAAAAAAAA")),
        page(format!("{app}/escalation/policy.json")),
        page(format!("{app}/escalation/facts.jsonl")),
        page(format!("{app}/approval")),
        page(format!("{app}/readiness")),
        page(format!("{app}/readiness/review")),
        page(format!("{app}/readiness/questions/data_recovery")),
        page(format!("{app}/remediation")),
        page(format!("{app}/remediation/{PLAN}")),
        page(format!("{app}/settings")),
        page("/partners".to_owned()),
        page("/partners/new".to_owned()),
        page(partner_page.clone()),
        page("/people".to_owned()),
        page("/tokens".to_owned()),
        page("/policies/measurement".to_owned()),
        page("/policies/measurement/edit".to_owned()),
        page("/approvals".to_owned()),
        page("/readiness".to_owned()),
        page("/requirements".to_owned()),
        page("/escalation".to_owned()),
        page("/ledger".to_owned()),
        page("/ledger/new".to_owned()),
        page(format!("/ledger/{NOBODY}")),
        page("/audit".to_owned()),
        page("/audit.csv".to_owned()),
        page("/mail".to_owned()),
        page("/account".to_owned()),
        page("/nowhere".to_owned()),
        // Every form with something wrong in it: 422 means that the person may, and only the fields are refused.
        form("/apps/new".to_owned(), &[("partner", "none")]),
        form(format!("{app}/settings"), &[]),
        form(format!("{app}/health-check"), &[("health_path", "x")]),
        form(format!("{app}/excluded-sites"), &[("excluded_sites", "a b")]),
        form(format!("{app}/burn-rate-alerts"), &[("version", "0")]),
        form(format!("{app}/alert-address"), &[("address", "x")]),
        form(format!("{app}/breaches/{NOBODY}/assessment"), &[]),
        form(format!("{app}/breaches/{NOBODY}/assessment/withdraw"), &[]),
        form(format!("{app}/measuring/stop"), &[("why", "")]),
        form(format!("{app}/installations/new"), &[("site", "")]),
        form(format!("{app}/installations/{NOBODY}/rotate"), &[]),
        form(format!("{app}/installations/{NOBODY}/modules"), &[]),
        form(format!("{app}/installations/{NOBODY}/end"), &[]),
        form(format!("{app}/escalation/decide/designate"), &[("why", "")]),
        form(format!("{app}/escalation/decide/decline-demotion"), &[("why", "")]),
        form(format!("{app}/escalation/decide/appeal"), &[("why", "")]),
        form(format!("{app}/escalation/decide/close-appeal"), &[("why", "")]),
        form(format!("{app}/remediation/{PLAN}/contact"), &[]),
        form(format!("{app}/remediation/{PLAN}/actions/new"), &[]),
        form(format!("{app}/remediation/{PLAN}/actions/{ACTION}/edit"), &[]),
        form(format!("{app}/remediation/{PLAN}/actions/{ACTION}/decline"), &[]),
        form(format!("{app}/remediation/{PLAN}/actions/{ACTION}/verify"), &[]),
        form(format!("{app}/remediation/{PLAN}/actions/{ACTION}/complete"), &[]),
        form(format!("{app}/remediation/{PLAN}/actions/{ACTION}/waive"), &[]),
        form(format!("{app}/remediation/{PLAN}/comment"), &[]),
        form(format!("{app}/remediation/{PLAN}/comments/{NOBODY}/edit"), &[]),
        form(format!("{app}/approval/ask"), &[]),
        form(format!("{app}/approval/series/{NOBODY}/confirm"), &[]),
        form(format!("{app}/approval/series/{NOBODY}/flag"), &[]),
        form(format!("{app}/approval/reviews/{NOBODY}/answer"), &[]),
        form(format!("{app}/approval/instances/new"), &[]),
        form(format!("{app}/approval/instances/{NOBODY}/remove"), &[]),
        form(format!("{app}/approval/training"), &[]),
        form(format!("{app}/approval/items/trial_ticket/ask"), &[("why", "")]),
        form(format!("{app}/approval/items/trial_ticket/waive"), &[("why", "")]),
        form(format!("{app}/approval/items/trial_ticket/decline"), &[("why", "")]),
        form(format!("{app}/approval/items/trial_ticket/take-back"), &[("why", "")]),
        form(format!("{app}/approval/approve"), &[("why", "")]),
        form(format!("{app}/approval/refuse"), &[("why", "")]),
        form(format!("{app}/approval/comment"), &[]),
        form(format!("{app}/approval/comments/{NOBODY}/edit"), &[]),
        form(
            format!("{app}/readiness/answers"),
            &[("stores_data-version", "0"), ("stores_data-value", "x")],
        ),
        form(format!("{app}/readiness/submit"), &[]),
        form(
            format!("{app}/readiness/review/1/answers"),
            &[("stores_data-verdict", "x")],
        ),
        form(format!("{app}/readiness/review/1/accept-others"), &[]),
        form(format!("{app}/readiness/review/1/decide"), &[]),
        form(format!("{app}/readiness/questions/data_recovery/comment"), &[]),
        form(
            format!("{app}/readiness/questions/data_recovery/comments/{NOBODY}/edit"),
            &[],
        ),
        form(format!("{app}/readiness/questions/data_recovery/resolve"), &[]),
        form(format!("{app}/readiness/questions/data_recovery/reopen"), &[]),
        form(format!("{app}/readiness/withdrawal"), &[]),
        form(format!("{app}/readiness/withdrawal/call-off"), &[]),
        form(format!("{app}/escalation/set-aside"), &[("why", "")]),
        form("/escalation/freeze".to_owned(), &[("why", "")]),
        form("/escalation/thaw".to_owned(), &[("why", "")]),
        form("/escalation/keep-freeze".to_owned(), &[("why", "")]),
        // Nothing can be wrong with these: 303 means that it was done, 409 that somebody in an earlier column did it.
        form(format!("{app}/alert-address/resend"), &[]),
        form(format!("{app}/measuring/start"), &[]),
        form(format!("{app}/archive"), &[]),
        form(format!("{app}/restore"), &[]),
        form("/partners/new".to_owned(), &[("name", "")]),
        form(format!("{partner_page}/edit"), &[("name", "")]),
        form(format!("{partner_page}/archive"), &[]),
        form(format!("{partner_page}/invite"), &[("mail", "x"), ("role", "member")]),
        form(format!("{partner_page}/members/{member}/role"), &[("role", "x")]),
        form(format!("{partner_page}/members/{member}/remove"), &[]),
        form(format!("{partner_page}/tokens/new"), &[("name", "")]),
        form(format!("{partner_page}/tokens/{member}/revoke"), &[]),
        form("/tokens/new".to_owned(), &[("name", "")]),
        form(format!("/tokens/{member}/revoke"), &[]),
        form("/people/invite".to_owned(), &[("mail", "x")]),
        form(format!("/people/{member}/roles"), &[("roles", "x")]),
        form(format!("/people/{member}/disable"), &[]),
        form(format!("/people/{member}/enable"), &[]),
        form("/policies/measurement/review".to_owned(), &[("version", "1")]),
        form("/policies/measurement/publish".to_owned(), &[("version", "1")]),
        form("/ledger/new".to_owned(), &[("why", "")]),
        form(format!("/ledger/{NOBODY}/revoke"), &[]),
        form(format!("/mail/{NOBODY}/retry"), &[]),
        form("/account/password".to_owned(), &[("password", "x")]),
    ]
}
