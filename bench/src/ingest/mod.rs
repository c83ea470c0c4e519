//! Events into a server, signed one by one and in batches, beside VictoriaMetrics; then a look whether all of them are stored.

mod batches;
mod disk;
mod publish;
mod sender;
mod victoria;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};

use self::batches::Batches;
use self::publish::Publishers;
use self::sender::{Sent, send};
use self::victoria::Victoria;
use crate::rampart::{Database, Rampart, Settings};
use crate::seed::{Seed, stored_events};
use crate::table::{Table, number};
use crate::target::Target;

/// Each with one installation, which signs with a secret of its own.
const APPS: usize = 200;
/// Connections of single events, each of which sends the next as soon as the last is answered.
const CONNECTIONS: usize = 64;
/// Connections of batches.
const BATCH_CONNECTIONS: usize = 4;
/// Until buffers, caches and the secrets are what they stay.
const WARM_UP: Duration = Duration::from_secs(3);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The server's program
    #[arg(long)]
    rampart: PathBuf,
    /// How long single events, and each kind of batches, are sent
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// An empty PostgreSQL database to measure on as well
    #[arg(long)]
    postgres: Option<String>,
    /// Leave VictoriaMetrics out
    #[arg(long)]
    alone: bool,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("rampart-bench-").tempdir()?;
    let sqlite = Database::Sqlite(folder.path().join("data"));
    let syncs = disk::syncs_per_second(folder.path())?;
    measure(&args, &folder, sqlite, "Ingest on SQLite", syncs).await?;
    if let Some(url) = args.postgres.clone() {
        measure(&args, &folder, Database::Postgres(url), "Ingest on PostgreSQL", syncs).await?;
    }
    if !args.alone {
        peer(&args, &folder).await?;
    }
    Ok(())
}

async fn measure(
    args: &Args,
    folder: &tempfile::TempDir,
    database: Database,
    title: &str,
    syncs_per_second: f64,
) -> Result<()> {
    let duration = Duration::from_secs(args.seconds);
    let target = Target::start(folder.path())?;
    println!("{title}: registering {APPS} apps");
    let seed = Seed::new(&database).await?;
    let apps = seed.apps(APPS, |_| Vec::new()).await?;
    let publishers = Publishers::new(&seed, &apps).await?;
    let token = seed.platform_token().await?;
    seed.close().await;
    let batches = Batches::new(&apps, token).await?;

    let rampart = Rampart::start(&Settings {
        program: &args.rampart,
        database: database.clone(),
        target: &target,
        trusts_target: false,
    })?;
    println!("{title}: {CONNECTIONS} connections publish for {} s", args.seconds);
    let warm = send(rampart.address, CONNECTIONS, WARM_UP, |n| publishers.request(n)).await?;
    let (before, usage) = (rampart.sample().await?, rampart.process.usage()?);
    let single = send(rampart.address, CONNECTIONS, duration, |n| publishers.request(n)).await?;
    let (after, used) = (rampart.sample().await?, rampart.process.used_since(usage)?);
    let commits = after.value("rampart_ingest_commit_duration_seconds_count")
        - before.value("rampart_ingest_commit_duration_seconds_count");

    let mut table = Table::new();
    table.at_least("signed single events", 10_000.0, single.per_second(), "/s");
    table.at_most("… p99", 50.0, single.latencies.quantile(0.99), "ms");
    tell_latencies(&mut table, &single);
    table.at_most("… errors", 0.0, (single.failed + warm.failed) as f64, "");
    table.tell("… commits", format!("{}/s", number(commits / args.seconds as f64)));
    table.tell(
        "… fdatasync of 4 KiB on this disk, one after the other",
        format!("{}/s", number(syncs_per_second)),
    );
    table.tell("… processors of the server", number(used.cores()));
    table.tell("… processors of whoever sends", number(single.used.cores()));

    let mut acknowledged = single.accepted + warm.accepted;
    for (name, packed) in [("NDJSON batches", false), ("NDJSON batches, zstd", true)] {
        println!("{title}: {name} for {} s", args.seconds);
        let usage = rampart.process.usage()?;
        let sent = send(rampart.address, BATCH_CONNECTIONS, duration, |n| {
            batches.request(n, packed)
        })
        .await?;
        let used = rampart.process.used_since(usage)?;
        acknowledged += sent.accepted * batches::EVENTS as u64;
        table.at_least(name, 300_000.0, sent.per_second() * batches::EVENTS as f64, "events/s");
        tell_latencies(&mut table, &sent);
        table.at_most("… errors", 0.0, sent.failed as f64, "");
        table.tell("… processors of the server", number(used.cores()));
    }
    table.at_most("most memory of the server", 512.0, rampart.process.peak()?, "MB");
    drop(rampart);

    let stored = stored_events(&database).await?;
    table.tell("events acknowledged, and stored", format!("{acknowledged}, {stored}"));
    table.print(title);
    ensure!(
        stored == acknowledged,
        "{acknowledged} events were acknowledged, {stored} are stored"
    );
    Ok(())
}

async fn peer(args: &Args, folder: &tempfile::TempDir) -> Result<()> {
    let title = "VictoriaMetrics, the same events, answered before they are durable";
    let duration = Duration::from_secs(args.seconds);
    let victoria = Victoria::start(folder.path()).await?;
    let mut table = Table::new();
    send(victoria.address, CONNECTIONS, WARM_UP, |n| victoria.single(n)).await?;
    let usage = victoria.process.usage()?;
    let single = send(victoria.address, CONNECTIONS, duration, |n| victoria.single(n)).await?;
    let used = victoria.process.used_since(usage)?;
    table.tell(
        "single events, not signed",
        format!("{}/s", number(single.per_second())),
    );
    tell_latencies(&mut table, &single);
    table.tell("… errors", single.failed.to_string());
    table.tell("… its processors", number(used.cores()));
    let usage = victoria.process.usage()?;
    let sent = send(victoria.address, BATCH_CONNECTIONS, duration, |n| victoria.batch(n)).await?;
    let used = victoria.process.used_since(usage)?;
    let per_second = sent.per_second() * batches::EVENTS as f64;
    table.tell("batches of JSON lines", format!("{} events/s", number(per_second)));
    tell_latencies(&mut table, &sent);
    table.tell("… errors", sent.failed.to_string());
    table.tell("… its processors", number(used.cores()));
    table.tell("its most memory", format!("{} MB", number(victoria.process.peak()?)));
    table.print(title);
    Ok(())
}

fn tell_latencies(table: &mut Table, sent: &Sent) {
    let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|share| number(sent.latencies.quantile(share)));
    table.tell("… p50, p99, p99.9", format!("{p50}, {p99}, {p999} ms"));
}
