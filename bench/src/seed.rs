//! Filling a database, through the store, with what is measured.

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use rampart_domain::{
    access::{Membership, PartnerRole},
    alert::{Closing, OpenEpisode},
    count::{Counts, Minute, MinuteRange, MinuteRecord},
    exclusion::{ExclusionKind, LedgerEntry},
    id::{AppId, EpisodeId, PartnerId, SeriesId, UserId},
    sli::{Group, Product, SeriesKey, Sli},
};
use rampart_server::{
    clock::Clock,
    config, random,
    service::Passwords,
    store::{
        Store, Tx, accounts,
        apps::{self, Details, HealthCheck},
        counts, episodes, ledger, partners, series,
    },
};

use crate::rampart::Database;

pub(crate) const OWNER: &str = "owner@bench.test";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Full days before today that have a figure in every minute.
const DAYS: i64 = 28;

/// A database that is being filled.
pub(crate) struct Seed {
    store: Store,
    now: DateTime<Utc>,
    partner: PartnerId,
}

/// One app with its series.
pub(crate) struct App {
    id: AppId,
    pub key: String,
    series: Vec<SeriesId>,
}

impl Seed {
    /// Makes the database, with one partner and its owner.
    pub(crate) async fn new(database: &Database) -> Result<Self> {
        let settings = match database {
            Database::Sqlite(path) => config::Database {
                url: None,
                path: path.clone(),
            },
            Database::Postgres(url) => config::Database {
                url: Some(config::Secret(url.parse()?)),
                path: std::path::PathBuf::new(),
            },
        };
        let store = Store::open(&settings).await?;
        let now = Clock::system().now();
        let partner = PartnerId(random::id(now));
        let owner = accounts::Account {
            id: UserId(random::id(now)),
            mail: OWNER.to_owned(),
            name: "Olivia Owner".to_owned(),
            password_hash: Passwords::new().hash(PASSWORD.to_owned()).await?,
            disabled_at: None,
        };
        let mut tx = store.portal.begin().await?;
        partners::insert(&mut tx, partner, "Example Software", now).await?;
        accounts::insert(&mut tx, &owner, now).await?;
        let membership = Membership {
            partner,
            role: PartnerRole::Owner,
        };
        accounts::set_membership(&mut tx, owner.id, membership).await?;
        tx.commit().await?;
        Ok(Self { store, now, partner })
    }

    /// Registers `count` apps that are being measured, each with the base URLs that `urls` gives for its number.
    pub(crate) async fn apps(&self, count: usize, urls: impl Fn(usize) -> Vec<String>) -> Result<Vec<App>> {
        let since = self.now - TimeDelta::days(DAYS + 1);
        let mut apps = Vec::with_capacity(count);
        let mut tx = self.store.portal.begin().await?;
        for number in 0..count {
            apps.push(self.app(&mut tx, number, urls(number), since).await?);
        }
        tx.commit().await?;
        Ok(apps)
    }

    async fn app(&self, tx: &mut Tx, number: usize, urls: Vec<String>, since: DateTime<Utc>) -> Result<App> {
        let id = AppId(random::id(self.now));
        let key = format!("com.example.bench{number}");
        let details = Details {
            name: format!("Benchmark {number}"),
            kind: "connect".to_owned(),
            products: vec!["jira".to_owned()],
            support_contact: "support@bench.test".to_owned(),
            operations_contacts: "operations@bench.test".to_owned(),
        };
        let health = HealthCheck {
            path: "/health".to_owned(),
            base_urls: urls.clone(),
            fails_when_down: true,
        };
        apps::insert(tx, id, self.partner, &key, &details, &health, since).await?;
        apps::set_measuring(tx, id, Some(since)).await?;
        let mut ids = Vec::with_capacity(urls.len());
        for target in urls {
            let key = SeriesKey {
                product: Product::None,
                sli: Sli::Availability,
                group: Group::Prod,
                target,
            };
            let series = SeriesId(random::id(self.now));
            series::begin(tx, series, id, &key, since).await?;
            ids.push(series);
        }
        Ok(App { id, key, series: ids })
    }

    /// Gives an app four full weeks and today's minutes, three breaches and a planned downtime.
    pub(crate) async fn history(&self, app: &App) -> Result<()> {
        let today = Minute::of(self.now).day();
        for &series in &app.series {
            let mut tx = self.store.metrics.begin().await?;
            for day in today - DAYS..today {
                let minutes: Vec<MinuteRecord> = MinuteRange::of_day(day).iter().map(record).collect();
                counts::import_day(&mut tx, series, day, &minutes, true).await?;
            }
            for minute in MinuteRange::new(Minute::of_day(today), Minute::of(self.now)).iter() {
                counts::add(&mut tx, series, &record(minute)).await?;
            }
            tx.commit().await?;
        }
        let mut tx = self.store.portal.begin().await?;
        let series = *app.series.first().context("the app has no series")?;
        for days_ago in [3, 11, 19] {
            self.breach(&mut tx, app, series, Minute::of_day(today - days_ago) + 600)
                .await?;
        }
        let begin = Minute::of_day(today - 6) + 120;
        let downtime = LedgerEntry {
            id: random::id(self.now),
            app: Some(app.id.0),
            sli: None,
            product: None,
            target: None,
            range: MinuteRange::new(begin, begin + 120),
            kind: ExclusionKind::PlannedDowntime,
            authority: "announced maintenance".to_owned(),
            revoked: false,
        };
        ledger::enter(&mut tx, &downtime, self.now).await?;
        Ok(tx.commit().await?)
    }

    async fn breach(&self, tx: &mut Tx, app: &App, series: SeriesId, opened: Minute) -> Result<()> {
        let id = EpisodeId(random::id(opened.start()));
        let episode = OpenEpisode {
            opened_at: opened,
            window_start: opened - 5,
            last_held: opened + 9,
            last_defined: opened + 20,
            last_mail: opened,
            last_value: Counts::new(5, 0),
            worst_value: Counts::new(2, 3),
            counted_at: Some(opened + 5),
        };
        episodes::insert(tx, id, series, app.id, &random::incident_id(), &episode).await?;
        Ok(episodes::update(tx, id, &episode, Some((opened + 20, Closing::Ok))).await?)
    }

    pub(crate) async fn close(self) {
        self.store.close().await;
    }
}

/// A minute as the prober leaves it: one probe of 60 to 160 ms, of which one in 1,500 fails, spread as if by chance.
fn record(minute: Minute) -> MinuteRecord {
    let mixed = minute.0.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let mut record = MinuteRecord::new(minute);
    if mixed.is_multiple_of(1_500) {
        record.all = Counts::new(0, 1);
    } else {
        record.all = Counts::new(1, 0);
        record
            .latency
            .record(std::time::Duration::from_millis(60 + mixed % 100));
    }
    record
}
