//! A database of 10,000 apps with four series each, 28 full days and today. It takes minutes to fill, so it is kept for as
//! long as its days are the last ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rampart_domain::count::{Counts, Minute, MinuteRange, MinuteRecord};
use rampart_domain::id::SeriesId;
use rampart_domain::sli::{Product, Sli};
use rampart_server::clock::Clock;
use rampart_server::random;
use rampart_server::store::{Db, Store, counts};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, query};

use crate::rampart::Database;
use crate::seed::{App, DAYS, Seed};

pub(crate) const APPS: usize = 10_000;
pub(crate) const SERIES: [(Product, Sli); 4] = [
    (Product::Jira, Sli::IframeLoad),
    (Product::Confluence, Sli::IframeLoad),
    (Product::Jira, Sli::WebhookDelivery),
    (Product::Jira, Sli::InstallationCallback),
];
/// Minutes stand in rows of their own for so long before they are packed, as the server does it.
const UNPACKED: i64 = 3 * 60;
/// Series that are counted event by event; each of the others is a copy of one of them.
const ORIGINALS: usize = 40;

/// A filled database.
pub(crate) struct Large {
    /// With the databases of people and of figures, as the server keeps them.
    pub folder: PathBuf,
    /// The first minute without figures.
    pub until: Minute,
}

impl Large {
    /// The one that is kept in `folder`, made when there is none of today.
    pub(crate) async fn kept(folder: &Path) -> Result<Self> {
        let (now, mark) = (Minute::of(Clock::system().now()), folder.join("until"));
        let until = fs::read_to_string(&mark)
            .ok()
            .and_then(|text| text.parse().ok())
            .map(Minute);
        if let Some(until) = until.filter(|until| until.day() == now.day()) {
            return Ok(Self {
                folder: folder.to_owned(),
                until,
            });
        }
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder)?;
        println!("filling a database with {APPS} apps");
        let began = Instant::now();
        let until = fill(folder).await?;
        fs::write(mark, until.0.to_string())?;
        println!("it took {} s", began.elapsed().as_secs());
        Ok(Self {
            folder: folder.to_owned(),
            until,
        })
    }

    /// The size of the databases on disk, in MB.
    pub(crate) fn size(&self) -> Result<f64> {
        let sizes = ["rampart.db", "metrics.db"].map(|file| fs::metadata(self.folder.join(file)));
        let mut all = 0;
        for size in sizes {
            all += size?.len();
        }
        Ok(all as f64 / 1e6)
    }
}

async fn fill(folder: &Path) -> Result<Minute> {
    let seed = Seed::new(&Database::Sqlite(folder.to_owned())).await?;
    let apps = seed.apps_with_events(APPS, &SERIES).await?;
    let until = Minute::of(seed.now);
    let mut originals = Vec::new();
    for kind in kinds() {
        let id = SeriesId(random::id(seed.now));
        write(&seed.store, id, kind, until).await?;
        originals.push((kind, id));
    }
    seed.close().await;
    copy(&folder.join("metrics.db"), &originals, &apps).await?;
    Ok(until)
}

/// What happens in a series.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// An event a minute, of which about one in 1,500 is bad.
    Busy(usize),
    /// As that, with single bad events in the last half hour.
    Uneasy,
    /// As that, but in the last half hour most events are bad.
    Failing,
    /// An event every ten minutes, all good.
    Quiet(usize),
    /// As that, with one bad event in the last hour.
    QuietUneasy,
}

impl Kind {
    /// Two series in a hundred have bad events in the window that is looked at, and one in a thousand fails.
    fn of(app: usize, series: usize) -> Self {
        let n = app * SERIES.len() + series;
        match SERIES[series].1 {
            Sli::InstallationCallback if app % 50 == 7 => Self::QuietUneasy,
            Sli::InstallationCallback => Self::Quiet(n % ORIGINALS),
            _ if n % 1_000 == 9 => Self::Failing,
            _ if n % 50 == 9 => Self::Uneasy,
            _ => Self::Busy(n % ORIGINALS),
        }
    }

    fn record(self, minute: Minute, until: Minute) -> Option<MinuteRecord> {
        let seed = match self {
            Self::Busy(n) | Self::Quiet(n) => n as u64,
            _ => 1,
        };
        let mixed = (minute.0.unsigned_abs() * 64 + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let ago = until - minute;
        let is_bad = match self {
            Self::Busy(_) => ago > 60 && mixed.is_multiple_of(1_500),
            Self::Uneasy => ago <= 30 && minute.0 % 6 == 0,
            Self::Failing => ago <= 30 && minute.0 % 6 != 0,
            Self::Quiet(_) | Self::QuietUneasy if minute.0 % 10 != 0 => return None,
            Self::Quiet(_) => false,
            Self::QuietUneasy => ago <= 60 && ago > 50,
        };
        let mut record = MinuteRecord::new(minute);
        if is_bad {
            record.all = Counts::new(0, 1);
        } else {
            record.all = Counts::new(1, 0);
            record.latency.record(Duration::from_millis(60 + mixed % 100));
        }
        Some(record)
    }
}

fn kinds() -> impl Iterator<Item = Kind> {
    let numbered = (0..ORIGINALS).flat_map(|n| [Kind::Busy(n), Kind::Quiet(n)]);
    numbered.chain([Kind::Uneasy, Kind::Failing, Kind::QuietUneasy])
}

/// Counts a series, and packs what is old enough.
async fn write(store: &Store, series: SeriesId, kind: Kind, until: Minute) -> Result<()> {
    let today = until.day();
    let mut tx = store.metrics.begin().await?;
    for day in today - DAYS..=today {
        let end = Minute::of_day(day + 1).min(until - UNPACKED);
        let packed = MinuteRange::new(Minute::of_day(day), end.max(Minute::of_day(day)));
        let minutes: Vec<MinuteRecord> = packed.iter().filter_map(|minute| kind.record(minute, until)).collect();
        counts::import_day(&mut tx, series, day, &minutes, true).await?;
    }
    let unpacked = MinuteRange::new(until - UNPACKED, until);
    let minutes: Vec<_> = unpacked
        .iter()
        .filter_map(|minute| Some((series, kind.record(minute, until)?)))
        .collect();
    counts::add_all(&mut tx, &minutes).await?;
    Ok(tx.commit().await?)
}

/// Gives every series of the apps the rows of the original that it is like, and takes the originals away. Counting them all
/// through the store would take an hour.
async fn copy(file: &Path, originals: &[(Kind, SeriesId)], apps: &[App]) -> Result<()> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .pragma("synchronous", "off")
        .pragma("cache_size", "-65536");
    let mut connection = options.connect().await?;
    let run = async |connection: &mut SqliteConnection, text: String| {
        query(sqlx::AssertSqlSafe(text)).execute(connection).await.map(|_| ())
    };
    run(
        &mut connection,
        "create temp table copy (id blob primary key, original blob not null)".to_owned(),
    )
    .await?;
    for (number, app) in apps.iter().enumerate() {
        for (place, series) in app.series.iter().enumerate() {
            let kind = Kind::of(number, place);
            let original = originals.iter().find(|(other, _)| *other == kind);
            let (_, original) = original.context("a series is like nothing")?;
            query("insert into copy (id, original) values ($1, $2)")
                .bind(series.0)
                .bind(original.0)
                .execute(&mut connection)
                .await?;
        }
    }
    for (table, columns) in [
        ("count_day", "day, good, bad, minutes, latency"),
        ("count_hour", "hour, good, bad, latency"),
        ("count_packed", "day, until, counts, latency"),
        (
            "count_minute",
            "minute, good, bad, late_good, late_bad, excluded_platform_fault, excluded_site, excluded_scanner, latency",
        ),
    ] {
        let named = columns.split(", ").map(|column| format!("original.{column}"));
        let named: Vec<String> = named.collect();
        run(
            &mut connection,
            format!(
                "insert into {table} (series_id, {columns}) select copy.id, {} from copy
                 cross join {table} original on original.series_id = copy.original order by copy.id",
                named.join(", ")
            ),
        )
        .await?;
        run(
            &mut connection,
            format!("delete from {table} where series_id in (select original from copy)"),
        )
        .await?;
        run(&mut connection, "pragma wal_checkpoint(truncate)".to_owned()).await?;
    }
    connection.close().await?;
    Ok(())
}

/// Both databases, opened: that of people and rules as a copy in `scratch`, so that what is decided is forgotten again.
pub(crate) async fn open_apart(large: &Path, scratch: &Path) -> Result<Store> {
    fs::copy(large.join("rampart.db"), scratch.join("rampart.db"))?;
    let figures: Db = crate::seed::open(&Database::Sqlite(large.to_owned())).await?.metrics;
    let people = crate::seed::open(&Database::Sqlite(scratch.to_owned())).await?.portal;
    Ok(Store {
        portal: people,
        metrics: figures,
    })
}
