//! Demonstration data: that it repeats itself, that it is what the rules make of it, and that every page can show it.

mod breaches;
mod command;
mod pages;
mod repeats;
mod states;
mod target;

use rampart_server::{
    demo::{self, Settings},
    service::Service,
};

use crate::support::{database::TestDatabase, portal::Portal};

/// The least history that holds every story, ending on a Monday before noon.
fn settings(seed: u64) -> Settings {
    Settings {
        seed,
        until: "2026-11-23T11:00:00Z".parse().unwrap(),
        days: demo::FEWEST_DAYS,
        port: 3101,
    }
}

/// A portal on this database that may probe the made-up apps.
async fn portal_on(database: TestDatabase) -> Portal {
    let settings = [
        ("RAMPART_PROBE_ALLOW_NETWORKS", "127.0.0.0/8"),
        ("RAMPART_PROBE_ALLOW_PORTS", "3101"),
    ];
    Portal::on(database, &settings).await
}

async fn fill(service: &Service, seed: u64) -> Result<(), String> {
    demo::fill(service, &settings(seed)).await.map_err(|e| format!("{e:#}"))
}

/// A demonstration on SQLite.
async fn filled() -> Portal {
    let portal = portal_on(TestDatabase::sqlite().await).await;
    fill(&portal.service, 1).await.unwrap();
    portal
}
