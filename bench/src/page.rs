//! The page of an app with four weeks of data, under load; the server's memory when idle, and its cold start.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use http::{Request, header};
use http_body_util::Full;

use crate::http_client::Connection;
use crate::large::{self, Large};
use crate::load::Load;
use crate::rampart::{Database, Rampart, Settings};
use crate::seed::{OWNER, PASSWORD, Seed, app_key};
use crate::table::{Table, number};
use crate::target::Target;

/// Each with a page of its own.
const APPS: usize = 20;
const PER_SECOND: u32 = 200;
/// Until buffers and caches are what they stay.
const WARM_UP: Duration = Duration::from_secs(5);
const STARTS: usize = 10;
/// How long nobody asks anything before memory is read.
const IDLE: Duration = Duration::from_secs(10);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The server's program
    #[arg(long)]
    rampart: PathBuf,
    /// How long the page is loaded
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Where the database of 10,000 apps is kept between runs
    #[arg(long)]
    data: PathBuf,
    /// An empty PostgreSQL database to measure on as well
    #[arg(long)]
    postgres: Option<String>,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("rampart-bench-").tempdir()?;
    let target = Target::start(folder.path())?;
    let sqlite = Database::Sqlite(folder.path().join("data"));
    measure(&args, &target, sqlite, "App page on SQLite").await?;
    if let Some(url) = args.postgres.clone() {
        measure(&args, &target, Database::Postgres(url), "App page on PostgreSQL").await?;
    }
    measure_large(&args, &target).await
}

/// The pages of some of 10,000 apps, whose series are counted event by event.
async fn measure_large(args: &Args, target: &Target) -> Result<()> {
    let title = "Pages on a database of 10,000 apps";
    let large = Large::kept(&args.data).await?;
    // The server goes on writing; what is kept stays as it is.
    let copy = tempfile::Builder::new()
        .prefix("rampart-bench-")
        .tempdir_in(&args.data)?;
    for file in ["rampart.db", "metrics.db"] {
        std::fs::copy(large.folder.join(file), copy.path().join(file))?;
    }
    let rampart = Rampart::start(&Settings {
        program: &args.rampart,
        database: Database::Sqlite(copy.path().to_owned()),
        target,
        trusts_target: false,
    })?;
    let cookie = rampart.sign_in(OWNER, PASSWORD).await?;
    let mut table = Table::new();
    for (name, page, limit) in [("app page", "", 30.0), ("metrics page", "/metrics", 50.0)] {
        println!("{title}: {name}, {PER_SECOND} requests a second for {} s", args.seconds);
        let keys = (0..APPS).map(|n| app_key(n * large::APPS / APPS));
        let paths: Vec<String> = keys.map(|key| format!("/apps/{key}{page}")).collect();
        let load = |duration| Load {
            address: rampart.address,
            cookie: cookie.clone(),
            paths: paths.clone(),
            per_second: PER_SECOND,
            duration,
        };
        load(WARM_UP).run().await?;
        let before = rampart.process.usage()?;
        let latencies = load(Duration::from_secs(args.seconds)).run().await?;
        let used = rampart.process.used_since(before)?;
        table.at_most(
            format!("{name} at {PER_SECOND} requests/s, p99"),
            limit,
            latencies.quantile(0.99),
            "ms",
        );
        let [p50, p90, p999] = [0.5, 0.9, 0.999].map(|share| number(latencies.quantile(share)));
        table.tell("… p50, p90, p99.9", format!("{p50}, {p90}, {p999} ms"));
        let per_page = used.cpu.as_secs_f64() * 1e3 / latencies.count() as f64;
        table.tell("… processor time per page", format!("{} ms", number(per_page)));
    }
    table.at_most("most memory", 512.0, rampart.process.peak()?, "MB");
    table.print(title);
    Ok(())
}

async fn measure(args: &Args, target: &Target, database: Database, title: &str) -> Result<()> {
    println!("{title}: filling the database with {APPS} apps");
    let seed = Seed::new(&database).await?;
    let apps = seed
        .apps(APPS, |app| {
            vec![format!("http://127.0.0.1:{}/t/{app}", target.ports.http)]
        })
        .await?;
    for app in &apps {
        seed.history(app).await?;
    }
    seed.close().await;
    let paths: Vec<String> = apps.iter().map(|app| format!("/apps/{}", app.key)).collect();
    let settings = Settings {
        program: &args.rampart,
        database,
        target,
        trusts_target: false,
    };

    let rampart = Rampart::start(&settings)?;
    let cookie = rampart.sign_in(OWNER, PASSWORD).await?;
    drop(rampart);
    println!("{title}: starting {STARTS} times");
    let starts = starts(&settings, &paths[0], &cookie).await?;

    let rampart = Rampart::start(&settings)?;
    let (whole, packed) = sizes(&rampart, &paths[0], &cookie).await?;
    tokio::time::sleep(IDLE).await;
    let idle = rampart.process.resident()?;
    println!("{title}: {PER_SECOND} requests a second for {} s", args.seconds);
    let load = |duration| Load {
        address: rampart.address,
        cookie: cookie.clone(),
        paths: paths.clone(),
        per_second: PER_SECOND,
        duration,
    };
    load(WARM_UP).run().await?;
    let before = rampart.process.usage()?;
    let latencies = load(Duration::from_secs(args.seconds)).run().await?;
    let used = rampart.process.used_since(before)?;
    tokio::time::sleep(IDLE).await;

    let mut table = Table::new();
    table.at_most(
        format!("p99 at {PER_SECOND} requests/s"),
        30.0,
        latencies.quantile(0.99),
        "ms",
    );
    table.tell(
        "p50, p90, p99.9, worst",
        format!(
            "{}, {}, {}, {} ms",
            number(latencies.quantile(0.5)),
            number(latencies.quantile(0.9)),
            number(latencies.quantile(0.999)),
            number(latencies.quantile(1.0))
        ),
    );
    table.tell("requests", latencies.count().to_string());
    table.tell("processors that the server used", number(used.cores()));
    table.tell(
        "processor time per page",
        format!("{} ms", number(used.cpu.as_secs_f64() * 1e3 / latencies.count() as f64)),
    );
    table.tell("page", format!("{whole} B, {packed} B as sent"));
    table.at_most("memory, idle", 60.0, idle, "MB");
    table.tell(
        "memory, idle after the load",
        format!(
            "{} MB (most: {} MB)",
            number(rampart.process.resident()?),
            number(rampart.process.peak()?)
        ),
    );
    table.at_most("cold start to the first page, median", 300.0, starts[STARTS / 2], "ms");
    table.tell("slowest cold start", format!("{} ms", number(starts[STARTS - 1])));
    table.print(title);
    Ok(())
}

/// From the start of the process to the whole of its first page, in milliseconds, sorted.
async fn starts(settings: &Settings<'_>, path: &str, cookie: &str) -> Result<Vec<f64>> {
    let mut times = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let began = Instant::now();
        let rampart = Rampart::start(settings)?;
        get(&rampart, path, cookie, "gzip, deflate, br").await?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// Bytes of the page, and of what is sent of it to a browser.
async fn sizes(rampart: &Rampart, path: &str, cookie: &str) -> Result<(usize, usize)> {
    Ok((
        get(rampart, path, cookie, "identity").await?,
        get(rampart, path, cookie, "gzip, deflate, br").await?,
    ))
}

async fn get(rampart: &Rampart, path: &str, cookie: &str, encoding: &str) -> Result<usize> {
    let request = Request::get(path)
        .header(header::COOKIE, cookie)
        .header(header::ACCEPT, "text/html")
        .header(header::ACCEPT_ENCODING, encoding)
        .body(Full::default())?;
    let answer = Connection::open(rampart.address).await?.send(request).await?;
    ensure!(answer.status() == 200, "{path} answered {}", answer.status());
    Ok(answer.body().len())
}
