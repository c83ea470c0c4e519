//! The apps of the demonstration and what becomes of them.

use rampart_domain::{
    count::MINUTES_PER_DAY,
    sli::Product::{self, Bitbucket, Compass, Confluence, Jira, Jsm},
};

use super::story::{Cause, MINUTES_PER_HOUR, Noise, Spell, Url, What};

#[derive(Clone, Copy, Debug)]
pub(super) struct App {
    pub key: &'static str,
    pub name: &'static str,
    /// Its place among the partners.
    pub partner: usize,
    pub kind: &'static str,
    pub products: &'static [Product],
    pub health_path: &'static str,
    /// How many days before the end measuring began, or, where it did not, the app was registered.
    pub age: i64,
    pub urls: &'static [Url],
    pub measured: Measured,
    pub alerts: Alerts,
}

/// Whether and until when an app is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measured {
    Always,
    NotYet,
    /// Stopped so many minutes before the end.
    Stopped(i64, &'static str),
    /// Stopped so many minutes before the end, and started again at the end.
    Again(i64, &'static str),
    /// Archived after three quarters of its time.
    Archived,
}

/// Where the alerts go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alerts {
    /// To an address that was confirmed.
    Confirmed(&'static str),
    /// To the owners, until this address is confirmed.
    Pending(&'static str),
    /// To the first address, until the second is confirmed.
    Moving(&'static str, &'static str),
    /// To the owners, since this address refuses mail in the last week.
    Dead(&'static str),
    /// To the owners; this address was asked for at the very end, and the drill mail has not gone out yet.
    Asked(&'static str),
    /// To the owners.
    Owners,
}

const fn ago(from: i64, minutes: i64, what: What) -> Spell {
    Spell {
        from,
        to: Some(from - minutes),
        what,
    }
}

const fn url(path: &'static str, pace_ms: u64, noise: Noise, spells: &'static [Spell]) -> Url {
    Url {
        path,
        pace_ms,
        noise,
        spells,
    }
}

const fn app(
    partner: usize,
    key: &'static str,
    name: &'static str,
    kind: &'static str,
    products: &'static [Product],
    age: i64,
    urls: &'static [Url],
) -> App {
    App {
        key,
        name,
        partner,
        kind,
        products,
        health_path: "/health",
        age,
        urls,
        measured: Measured::Always,
        alerts: Alerts::Owners,
    }
}

impl App {
    const fn alerting(self, address: &'static str) -> Self {
        Self {
            alerts: Alerts::Confirmed(address),
            ..self
        }
    }

    const fn with_alerts(self, alerts: Alerts) -> Self {
        Self { alerts, ..self }
    }

    const fn measured(self, measured: Measured) -> Self {
        Self { measured, ..self }
    }

    const fn checked_at(self, health_path: &'static str) -> Self {
        Self { health_path, ..self }
    }
}

const DAY: i64 = MINUTES_PER_DAY;
const HOUR: i64 = MINUTES_PER_HOUR;
const KESTREL: &str = "alerts@kestrel.example";
const TEAPOT: &str = "on-call@brassteapot.example";
const LANTERN: &str = "reliability@paperlantern.example";
const MOSSY: &str = "ops@mossystone.example";
const WHISTLE: &str = "alerts@tinwhistle.example";
const VELVET: &str = "sre@velvethammer.example";
const GEESE: &str = "on-call@sevengeese.example";

/// An address that refuses mail from so many days before the end on.
pub(super) const DEAD: (&str, i64) = ("alerts@marmalade.example", 7);

pub(super) static APPS: [App; 24] = [
    app(
        0,
        "example.kestrel.timesheets",
        "Timesheets for Jira",
        "connect",
        &[Jira, Jsm],
        365,
        &[url(
            "",
            92,
            Noise::Quiet,
            &[ago(97 * DAY + 5 * HOUR, 184, What::Down(Cause::BadGateway))],
        )],
    )
    .alerting(KESTREL),
    app(
        0,
        "example.kestrel.roadmaps",
        "Roadmap Planner",
        "connect",
        &[Jira],
        300,
        &[url("", 160, Noise::Flaky, &[])],
    )
    .alerting(KESTREL)
    .checked_at("/healthz"),
    app(
        0,
        "example.kestrel.drafts",
        "Drafts and Approvals",
        "forge",
        &[Confluence],
        3,
        &[url("", 120, Noise::Quiet, &[])],
    )
    .measured(Measured::NotYet)
    .with_alerts(Alerts::Pending("drafts@kestrel.example")),
    app(
        1,
        "example.brassteapot.release-notes",
        "Release Notes",
        "connect",
        &[Jira, Confluence],
        365,
        &[url(
            "",
            74,
            Noise::Quiet,
            &[ago(201 * DAY, 47, What::Down(Cause::Hanging))],
        )],
    )
    .alerting(TEAPOT),
    app(
        1,
        "example.brassteapot.sprint-poker",
        "Sprint Poker",
        "connect",
        &[Jira],
        210,
        &[url("", 180, Noise::Degrading, &[])],
    )
    .alerting(TEAPOT),
    app(
        1,
        "example.brassteapot.assets",
        "Asset Ledger",
        "other",
        &[Jsm],
        150,
        &[
            url("", 88, Noise::Quiet, &[]),
            url("/eu", 104, Noise::Flaky, &[]),
            url(
                "/ap",
                231,
                Noise::Quiet,
                &[Spell {
                    from: 26 * HOUR,
                    to: None,
                    what: What::Shaky(35, Cause::Hanging),
                }],
            ),
        ],
    )
    .alerting(TEAPOT)
    .checked_at("/status"),
    app(
        2,
        "example.paperlantern.diagrams",
        "Diagram Desk",
        "connect",
        &[Confluence],
        365,
        &[url(
            "",
            110,
            Noise::Quiet,
            &[
                ago(18 * DAY + 4 * HOUR, 21, What::Down(Cause::Unavailable)),
                Spell {
                    from: 52,
                    to: None,
                    what: What::Down(Cause::Unavailable),
                },
            ],
        )],
    )
    .alerting(LANTERN),
    app(
        2,
        "example.paperlantern.whiteboards",
        "Whiteboard Sync",
        "connect",
        &[Confluence, Jira],
        330,
        &[url(
            "",
            143,
            Noise::Quiet,
            &[
                ago(33 * DAY + 11 * HOUR, 2 * HOUR, What::Shaky(40, Cause::Hanging)),
                ago(33 * DAY + 9 * HOUR, 9 * HOUR + 25, What::Down(Cause::BadGateway)),
            ],
        )],
    )
    .alerting(LANTERN),
    app(
        2,
        "example.paperlantern.filters",
        "Table Filters",
        "forge",
        &[Confluence],
        120,
        &[url("", 65, Noise::Quiet, &[])],
    )
    .with_alerts(Alerts::Moving(LANTERN, "tables@paperlantern.example")),
    app(
        3,
        "example.mossystone.approvals",
        "Approval Paths",
        "connect",
        &[Jira, Jsm],
        365,
        &[url(
            "",
            97,
            Noise::Quiet,
            &[ago(9 * DAY + 2 * HOUR, 96, What::Down(Cause::Broken))],
        )],
    )
    .alerting(MOSSY),
    app(
        3,
        "example.mossystone.git-insights",
        "Git Insights",
        "connect",
        &[Bitbucket],
        250,
        &[url("", 138, Noise::Quiet, &[])],
    )
    .alerting(MOSSY),
    app(
        3,
        "example.mossystone.deploy-gate",
        "Deploy Gate",
        "forge",
        &[Bitbucket, Jira],
        20,
        &[url("", 71, Noise::Quiet, &[])],
    )
    .with_alerts(Alerts::Pending("deploys@mossystone.example")),
    app(
        4,
        "example.tinwhistle.catalogue",
        "Service Catalogue",
        "forge",
        &[Compass],
        180,
        &[url("", 84, Noise::Quiet, &[])],
    )
    .alerting(WHISTLE),
    app(
        4,
        "example.tinwhistle.rota",
        "On-call Calendar",
        "connect",
        &[Jsm],
        290,
        &[url(
            "",
            126,
            Noise::Flaky,
            &[ago(62 * DAY, 65, What::Shaky(60, Cause::Unavailable))],
        )],
    )
    .alerting(WHISTLE),
    app(
        4,
        "example.tinwhistle.wiki-importer",
        "Old Wiki Importer",
        "connect",
        &[Confluence],
        365,
        &[url("", 210, Noise::Quiet, &[])],
    )
    .measured(Measured::Archived)
    .alerting(WHISTLE),
    app(
        5,
        "example.velvethammer.burn-up",
        "Burn-up Charts",
        "connect",
        &[Jira],
        365,
        &[url(
            "",
            248,
            Noise::Quiet,
            &[ago(140 * DAY + 3 * HOUR, 31, What::Down(Cause::Broken))],
        )],
    )
    .alerting(VELVET),
    app(
        5,
        "example.velvethammer.forms",
        "Custom Forms",
        "connect",
        &[Jira, Jsm],
        80,
        &[url("", 99, Noise::Quiet, &[ago(12 * HOUR, 330, What::Fine)])],
    )
    .measured(Measured::Again(
        6 * HOUR + 30,
        "Asked for by the partner: the app moves to another data centre this morning.",
    ))
    .alerting(VELVET),
    app(
        5,
        "example.velvethammer.surveys",
        "Survey Box",
        "forge",
        &[Jsm],
        45,
        &[url("", 77, Noise::Quiet, &[])],
    )
    .with_alerts(Alerts::Asked("surveys@velvethammer.example")),
    app(
        6,
        "example.marmalade.translations",
        "Translations",
        "connect",
        &[Confluence],
        365,
        &[url(
            "",
            118,
            Noise::Quiet,
            &[
                ago(5 * DAY + 7 * HOUR, 3, What::Down(Cause::Hanging)),
                ago(118 * DAY, 75, What::Shaky(70, Cause::BadGateway)),
            ],
        )],
    )
    .with_alerts(Alerts::Dead(DEAD.0)),
    app(
        6,
        "example.marmalade.themes",
        "Portal Themes",
        "forge",
        &[Jsm],
        130,
        &[url("", 58, Noise::Quiet, &[])],
    )
    .alerting("themes@marmalade.example"),
    app(
        6,
        "example.marmalade.invoices",
        "Invoice Bridge",
        "connect",
        &[Jira],
        14,
        &[url("", 187, Noise::Flaky, &[])],
    )
    .with_alerts(Alerts::Pending("billing@marmalade.example")),
    app(
        7,
        "example.sevengeese.checklists",
        "Checklist Forge",
        "forge",
        &[Jira],
        340,
        &[url("", 61, Noise::Quiet, &[])],
    )
    .alerting(GEESE),
    app(
        7,
        "example.sevengeese.time-in-status",
        "Time in Status",
        "connect",
        &[Jira],
        200,
        &[
            url(
                "",
                133,
                Noise::Quiet,
                &[ago(15 * DAY + 6 * HOUR, 26, What::Down(Cause::Unavailable))],
            ),
            url("/eu", 129, Noise::Quiet, &[]),
        ],
    )
    .alerting(GEESE),
    app(
        7,
        "example.sevengeese.labels",
        "Label Manager",
        "connect",
        &[Confluence],
        100,
        &[url(
            "",
            95,
            Noise::Quiet,
            &[ago(12 * DAY + 3 * HOUR, 6 * HOUR, What::Fine)],
        )],
    )
    .measured(Measured::Stopped(
        12 * DAY,
        "The partner replaces the app's servers; measuring goes on afterwards.",
    ))
    .alerting(GEESE),
];
