//! Made-up people, partners, audit rows and mails.

use rampart_app::model::*;
use rampart_domain::access::{Actor, Membership, PartnerRole, StaffRole};

use super::ago;

pub(crate) const KESTREL: &str = "01931c2e-0000-7000-8000-000000000001";

pub(crate) fn kestrel() -> PartnerRef {
    PartnerRef {
        id: KESTREL.to_owned(),
        name: "Kestrel Labs".to_owned(),
    }
}

pub(crate) fn other() -> PartnerRef {
    PartnerRef {
        id: "01931c2e-0000-7000-8000-000000000002".to_owned(),
        name: "Blue Heron Software".to_owned(),
    }
}

/// "owner", "member", "staff", or one role of the staff alone; anybody else is not signed in.
pub(crate) fn actor(who: &str) -> Option<Actor> {
    let member = |role| {
        vec![Membership {
            partner: KESTREL.parse().unwrap(),
            role,
        }]
    };
    let (name, memberships, staff) = match who {
        "owner" => ("Sam Ferro", member(PartnerRole::Owner), Vec::new()),
        "member" => ("Robin Vale", member(PartnerRole::Member), Vec::new()),
        "staff" => (
            "Kim Oduya",
            Vec::new(),
            vec![StaffRole::ProgramManager, StaffRole::Administrator],
        ),
        role => ("Kim Oduya", Vec::new(), vec![role.parse().ok()?]),
    };
    Some(Actor {
        user: "01931c2e-0000-7000-8000-0000000000aa".parse().unwrap(),
        name: name.to_owned(),
        mail: "sam@kestrel.example".to_owned(),
        memberships,
        staff,
        address: None,
        session: None,
    })
}

pub(crate) fn partners() -> PartnersPage {
    let row = |p: PartnerRef, apps, members, archived| PartnerRow {
        id: p.id,
        name: p.name,
        apps,
        members,
        archived_at: archived,
    };
    PartnersPage {
        rows: vec![
            row(other(), 12, 9, None),
            row(kestrel(), 3, 4, None),
            row(
                PartnerRef {
                    id: "x".to_owned(),
                    name: "Old Mill Tools".to_owned(),
                },
                0,
                1,
                Some(ago(90_000)),
            ),
        ],
        may_create: true,
    }
}

fn invitation(mail: &str, roles: &str, expired: bool) -> InvitationRow {
    InvitationRow {
        id: mail.to_owned(),
        mail: mail.to_owned(),
        roles: roles.to_owned(),
        invited_by: "Sam Ferro".to_owned(),
        expires_at: ago(-7_200),
        expired,
    }
}

pub(crate) fn partner(actor: &Actor) -> PartnerPage {
    let member = |id: &str, name: &str, role: &str, is_self, seen| MemberRow {
        id: id.to_owned(),
        name: name.to_owned(),
        mail: format!("{id}@kestrel.example"),
        role: role.to_owned(),
        is_self,
        last_seen: seen,
    };
    let owner = actor.is_staff() || actor.memberships.iter().any(|m| m.role == PartnerRole::Owner);
    PartnerPage {
        id: KESTREL.to_owned(),
        name: "Kestrel Labs".to_owned(),
        version: 3,
        archived_at: None,
        members: vec![
            member("sam", "Sam Ferro", "owner", true, Some(ago(0))),
            member("robin", "Robin Vale", "member", false, Some(ago(190))),
            member(
                "alex",
                "Alexandra Wintermeyer-Constantinou",
                "member",
                false,
                Some(ago(9_000)),
            ),
            member("jo", "Jo Tan", "member", false, None),
        ],
        invitations: vec![
            invitation("pat@kestrel.example", "Member", false),
            invitation("lee@kestrel.example", "Owner", true),
        ],
        may_edit: actor.is_staff(),
        may_manage_members: owner,
        tokens: owner.then(|| tokens("synthetic:write")),
    }
}

pub(crate) fn tokens(scope: &str) -> Vec<TokenRow> {
    let token = |id: &str, name: &str, expires: i64, used: Option<i64>| TokenRow {
        id: id.to_owned(),
        name: name.to_owned(),
        scope: scope.to_owned(),
        created_by: "Sam Ferro".to_owned(),
        created_at: ago(90_000),
        expires_at: ago(-expires),
        expired: expires < 0,
        last_used_at: used.map(ago),
    };
    vec![
        token("t1", "Nightly tests of the export to spreadsheets", 400_000, Some(60)),
        token("t2", "Old build server", -3_000, Some(4_000)),
        token("t3", "Trial", 9_000, None),
    ]
}

pub(crate) fn staff() -> PeoplePage {
    let person = |id: &str, name: &str, roles: &[&str], is_self| PersonRow {
        id: id.to_owned(),
        name: name.to_owned(),
        mail: format!("{id}@platform.example"),
        roles: roles.iter().map(|r| (*r).to_owned()).collect(),
        is_self,
        disabled_at: (id == "lou").then(|| ago(50_000)),
        last_seen: (id != "noa").then(|| ago(200)),
    };
    PeoplePage {
        staff: vec![
            person("kim", "Kim Oduya", &["program_manager", "administrator"], true),
            person("noa", "Noa Lindqvist", &["reviewer", "incident_manager"], false),
            person("lou", "Lou Pereira", &["reviewer"], false),
        ],
        invitations: vec![invitation("ari@platform.example", "Reviewer", false)],
        roles: StaffRole::ALL
            .iter()
            .map(|r| (r.as_str().to_owned(), r.label().to_owned()))
            .collect(),
    }
}

pub(crate) fn audit(filter: AuditFilter) -> AuditPage {
    let row = |seq: i64, who: &str, action: &str, subject: &str, changes: &[(&str, &str, &str)], why: Option<&str>| {
        AuditRow {
            seq,
            at: ago((4_812 - seq) * 97),
            who: who.to_owned(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            partner: Some("Kestrel Labs".to_owned()),
            changes: changes
                .iter()
                .map(|(f, b, a)| ((*f).to_owned(), (*b).to_owned(), (*a).to_owned()))
                .collect(),
            why: why.map(str::to_owned),
            address: Some("198.51.100.24".to_owned()),
        }
    };
    let rows = if filter.who == "nobody" {
        Vec::new()
    } else {
        vec![
            row(
                4_812,
                "Sam Ferro",
                "app.edited",
                "Timesheets for Jira",
                &[("health path", "/", "/health")],
                None,
            ),
            row(
                4_811,
                "Kim Oduya",
                "app.measuring_stopped",
                "Boards Export",
                &[],
                Some("The partner moves to a new host this week."),
            ),
            row(
                4_810,
                "Kim Oduya",
                "app.measuring_started",
                "Timesheets for Jira",
                &[("measured", "no", "yes")],
                None,
            ),
            row(
                4_809,
                "Sam Ferro",
                "app.registered",
                "Timesheets for Jira",
                &[
                    ("key", "", "com.kestrel.timesheets"),
                    ("base URLs", "", "https://timesheets.kestrel.example"),
                ],
                None,
            ),
        ]
    };
    AuditPage {
        filter,
        rows,
        actions: ["app.edited", "app.measuring_started", "app.registered"]
            .map(str::to_owned)
            .to_vec(),
        next: Some(4_809),
        chain: Some(Ok(4_812)),
    }
}

pub(crate) fn mails() -> Vec<MailRow> {
    let row = |id: &str, subject: &str, state, error: Option<&str>| MailRow {
        id: id.to_owned(),
        subject: subject.to_owned(),
        recipients: "oncall@kestrel.example".to_owned(),
        state,
        queued_at: ago(40),
        sent_at: (state == MailState::Sent).then(|| ago(39)),
        attempts: if state == MailState::Queued {
            0
        } else {
            1 + u32::from(error.is_some()) * 4
        },
        next_attempt_at: matches!(state, MailState::Queued | MailState::Retrying).then(|| ago(-12)),
        error: error.map(str::to_owned),
        href: Some(format!("/mail/{id}")),
    };
    vec![
        row(
            "1",
            "ANOMALOUS: App availability of Timesheets for Jira",
            MailState::Sent,
            None,
        ),
        row(
            "2",
            "DRILL: alert address of Boards Export",
            MailState::Retrying,
            Some("451 4.7.1 Greylisted, try again later"),
        ),
        row("3", "Invitation to Atlassian Cloud Fortified", MailState::Queued, None),
        row(
            "4",
            "OK: App availability of Timesheets for Jira",
            MailState::Failed,
            Some("550 5.1.1 No such user here"),
        ),
    ]
}

pub(crate) fn mail() -> MailPage {
    let row = mails().remove(3);
    MailPage {
        row,
        message_id: "<01931c2e-5a1b-7c3d-9e2f.mail@rampart.example>".to_owned(),
        text: "App availability of Timesheets for Jira is OK again.\n\nIt was below 99.9 % from 13:50 to 14:32 UTC on 23 November 2026, \
               lowest 60.0 %.\n\nThe breach: https://rampart.example/apps/com.kestrel.timesheets/breaches/k3v9Qe1xZ0A\n"
            .to_owned(),
        partner: Some(kestrel()),
        may_retry: true,
    }
}

pub(crate) fn account(actor: &Actor) -> AccountPage {
    let session = |id: &str, agent: &str, minutes, is_current| SessionRow {
        id: id.to_owned(),
        address: Some("198.51.100.24".to_owned()),
        agent: agent.to_owned(),
        created_at: ago(minutes + 4_000),
        last_seen: ago(minutes),
        is_current,
    };
    AccountPage {
        name: actor.name.clone(),
        mail: actor.mail.clone(),
        roles: vec!["Owner at Kestrel Labs".to_owned()],
        sessions: vec![
            session("a", "Firefox on Linux", 0, true),
            session("b", "Safari on iPhone", 3_100, false),
        ],
    }
}
