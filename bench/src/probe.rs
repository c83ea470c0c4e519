//! The prober: 10,000 targets once a minute from one server, then single probes as fast as they go beside the blackbox
//! exporter.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use url::Url;

use crate::blackbox::Blackbox;
use crate::machine;
use crate::prober::{self, Rate};
use crate::rampart::{Database, Rampart, Settings};
use crate::seed::Seed;
use crate::table::{Table, number};
use crate::target::Target;

const APPS: usize = 500;
/// An app has at most so many base URLs.
const URLS: usize = 20;
/// Every target is probed once before anything is measured.
const WARM_UP: Duration = Duration::from_secs(60);
/// How often memory is read.
const READ_EVERY: Duration = Duration::from_secs(5);
/// Probes at once, flat out.
const IN_FLIGHT: usize = 64;
/// Each prober has so many turns of so many seconds.
const TURNS: usize = 3;
const TURN_SECONDS: u64 = 10;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The server's program
    #[arg(long)]
    rampart: PathBuf,
    /// How long 10,000 targets are probed, after a minute to warm up, over each of HTTP and HTTPS
    #[arg(long, default_value_t = 120)]
    seconds: u64,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("rampart-bench-").tempdir()?;
    let target = Target::start(folder.path())?;
    let (http, https) = (
        format!("http://127.0.0.1:{}", target.ports.http),
        format!("https://localhost:{}", target.ports.https),
    );
    flat_out(&folder, &target, "HTTP", &http).await?;
    flat_out(&folder, &target, "HTTPS", &https).await?;
    many(&args, &target, &folder.path().join("http"), "HTTP", &http).await?;
    many(&args, &target, &folder.path().join("https"), "HTTPS", &https).await
}

/// One server probes 10,000 targets once a minute.
async fn many(args: &Args, target: &Target, data: &Path, scheme: &str, origin: &str) -> Result<()> {
    println!("{} targets over {scheme}: load {} before", APPS * URLS, machine::load());
    let database = Database::Sqlite(data.to_owned());
    let seed = Seed::new(&database).await?;
    seed.apps(APPS, |app| {
        (0..URLS)
            .map(|url| format!("{origin}/t/{}", app * URLS + url))
            .collect()
    })
    .await?;
    seed.close().await;
    let rampart = Rampart::start(&Settings {
        program: &args.rampart,
        database,
        target,
        trusts_target: true,
    })?;
    tokio::time::sleep(WARM_UP).await;

    let (before, usage) = (rampart.sample().await?, rampart.process.usage()?);
    let target_usage = target.process.usage()?;
    let mut resident = 0.0_f64;
    let end = tokio::time::Instant::now() + Duration::from_secs(args.seconds);
    while tokio::time::Instant::now() < end {
        tokio::time::sleep_until(end.min(tokio::time::Instant::now() + READ_EVERY)).await;
        resident = resident.max(rampart.process.resident()?);
    }
    let (after, used) = (rampart.sample().await?, rampart.process.used_since(usage)?);
    let target_used = target.process.used_since(target_usage)?;

    let count = |outcome: &str| {
        let series = format!("rampart_probes_total{{outcome=\"{outcome}\"}}");
        after.value(&series) - before.value(&series)
    };
    let expected = (APPS * URLS) as f64 * used.wall.as_secs_f64() / 60.0;
    let late = after.quantile_bound(&before, "rampart_probe_start_lateness_seconds", 0.99)?;
    let (evaluations, evaluating) = (
        after.value("rampart_evaluation_duration_seconds_count")
            - before.value("rampart_evaluation_duration_seconds_count"),
        after.value("rampart_evaluation_duration_seconds_sum")
            - before.value("rampart_evaluation_duration_seconds_sum"),
    );
    let mut table = Table::new();
    table.at_most("lateness of starts, p99 (bound of its bucket)", 250.0, late * 1e3, "ms");
    table.at_most("processors", 1.0, used.cores(), "cores");
    table.at_most("resident memory, most", 150.0, resident, "MB");
    table.at_least("good probes of those due", 99.0, count("good") / expected * 100.0, "%");
    table.tell(
        "good, bad, not measured",
        format!("{}, {}, {}", count("good"), count("bad"), count("not_measured")),
    );
    table.tell(
        "one evaluation",
        format!("{} ms", number(evaluating * 1e3 / evaluations)),
    );
    table.tell("processors that the target used", number(target_used.cores()));
    table.print(&format!("{} targets a minute over {scheme}", APPS * URLS));
    Ok(())
}

/// Both probers by turns on the same URL.
async fn flat_out(folder: &tempfile::TempDir, target: &Target, scheme: &str, origin: &str) -> Result<()> {
    println!("flat out over {scheme}: load {} before", machine::load());
    let url: Url = format!("{origin}/health").parse()?;
    let blackbox = Blackbox::start(folder.path(), &target.authority).await?;
    let (mut ours, mut theirs) = (Rate::default(), Rate::default());
    for _ in 0..TURNS {
        let (probed, authority) = (url.clone(), target.authority.clone());
        let turn = move || prober::measure(&probed, IN_FLIGHT, TURN_SECONDS, &authority);
        ours = ours.plus(tokio::task::spawn_blocking(turn).await??);
        theirs = theirs.plus(blackbox.measure(&url, IN_FLIGHT, TURN_SECONDS).await?);
    }
    ensure!(theirs.probes > 0, "the exporter probed nothing");
    let mut table = Table::new();
    let ratio = ours.per_second() / theirs.per_second();
    table.at_least("probes per second, ratio", 3.0, ratio, "×");
    table.tell(
        "probes per second: Rampart, blackbox exporter",
        format!("{}, {}", number(ours.per_second()), number(theirs.per_second())),
    );
    table.tell(
        "processor seconds per 1,000 probes: Rampart, blackbox exporter",
        format!(
            "{}, {} (ratio {})",
            number(ours.cpu_per_thousand()),
            number(theirs.cpu_per_thousand()),
            number(theirs.cpu_per_thousand() / ours.cpu_per_thousand())
        ),
    );
    table.print(&format!("Flat out over {scheme}, {IN_FLIGHT} probes at once"));
    Ok(())
}
