//! Filling a database, through the store, with what is measured.

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use rampart_domain::{
    access::{Membership, PartnerRole, TokenScope},
    alert::{Closing, OpenEpisode},
    count::{Counts, Minute, MinuteRange, MinuteRecord},
    exclusion::{ExclusionKind, LedgerEntry},
    id::{AppId, EpisodeId, InstallationId, PartnerId, SeriesId, TokenId, UserId},
    sli::{Group, Product, SeriesKey, Sli},
};
use rampart_server::{
    clock::Clock,
    config, random,
    seal::SealingKey,
    service::Passwords,
    store::{
        Store, Tx, accounts,
        apps::{self, Details, HealthCheck},
        counts, episodes, installations, ledger, partners, series, tokens,
    },
};

use crate::rampart::{Database, SECRETS_KEY};

pub(crate) const OWNER: &str = "owner@bench.test";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// The one of each installation.
pub(crate) const MODULE_TYPE: &str = "generalPages";

/// Full days before today that have a figure in every minute.
pub(crate) const DAYS: i64 = 28;

/// A database that is being filled.
pub(crate) struct Seed {
    pub store: Store,
    pub now: DateTime<Utc>,
    partner: PartnerId,
}

/// One app with its series.
pub(crate) struct App {
    id: AppId,
    pub key: String,
    pub series: Vec<SeriesId>,
}

impl Seed {
    /// Makes the database, with one partner and its owner.
    pub(crate) async fn new(database: &Database) -> Result<Self> {
        let store = open(database).await?;
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
        let probed = |target| SeriesKey {
            product: Product::None,
            sli: Sli::Availability,
            group: Group::Prod,
            target,
        };
        self.apps_with(count, |number| {
            let urls = urls(number);
            (urls.clone(), urls.into_iter().map(probed).collect())
        })
        .await
    }

    /// Registers `count` apps that are being measured by these events, and have no health check.
    pub(crate) async fn apps_with_events(&self, count: usize, slis: &[(Product, Sli)]) -> Result<Vec<App>> {
        let keys: Vec<SeriesKey> = slis
            .iter()
            .map(|&(product, sli)| SeriesKey {
                product,
                sli,
                group: Group::Prod,
                target: String::new(),
            })
            .collect();
        self.apps_with(count, |_| (Vec::new(), keys.clone())).await
    }

    /// `parts` gives the base URLs and the series of an app by its number.
    async fn apps_with(
        &self,
        count: usize,
        parts: impl Fn(usize) -> (Vec<String>, Vec<SeriesKey>),
    ) -> Result<Vec<App>> {
        let since = self.now - TimeDelta::days(DAYS + 1);
        let mut apps = Vec::with_capacity(count);
        let mut tx = self.store.portal.begin().await?;
        for number in 0..count {
            apps.push(self.app(&mut tx, number, parts(number), since).await?);
        }
        tx.commit().await?;
        Ok(apps)
    }

    async fn app(
        &self,
        tx: &mut Tx,
        number: usize,
        (urls, keys): (Vec<String>, Vec<SeriesKey>),
        since: DateTime<Utc>,
    ) -> Result<App> {
        let id = AppId(random::id(self.now));
        let key = app_key(number);
        let details = Details {
            name: format!("Benchmark {number}"),
            kind: "connect".to_owned(),
            products: vec!["jira".to_owned()],
            support_contact: "support@bench.test".to_owned(),
            operations_contacts: "operations@bench.test".to_owned(),
        };
        let health = HealthCheck {
            path: "/health".to_owned(),
            base_urls: urls,
            fails_when_down: true,
        };
        apps::insert(tx, id, self.partner, &key, &details, &health, since).await?;
        apps::set_measuring(tx, id, Some(since)).await?;
        let mut ids = Vec::with_capacity(keys.len());
        for key in keys {
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
        ledger::enter(&mut tx, &downtime, None, self.now).await?;
        Ok(tx.commit().await?)
    }

    /// Gives each app an installation, and returns their secrets.
    pub(crate) async fn installations(&self, apps: &[App]) -> Result<Vec<String>> {
        let sealing_key: SealingKey = SECRETS_KEY.parse()?;
        let mut secrets = Vec::with_capacity(apps.len());
        let mut tx = self.store.portal.begin().await?;
        for app in apps {
            let id = InstallationId(random::id(self.now));
            let new = installations::New {
                id,
                app: app.id,
                product: Product::Jira.as_str(),
                site: "bench.example",
                grp: Group::Prod.as_str(),
                module_types: &[MODULE_TYPE.to_owned()],
            };
            installations::insert(&mut tx, &new, self.now).await?;
            let (secret, row) = (random::Token::new(), random::id(self.now));
            let sealed = installations::Sealed {
                id: row,
                installation_id: id,
                sealed: sealing_key.seal(secret.as_str().as_bytes(), row),
                key_id: sealing_key.id().to_owned(),
                created_at: self.now,
                valid_until: None,
            };
            installations::insert_secret(&mut tx, &sealed).await?;
            secrets.push(secret.as_str().to_owned());
        }
        tx.commit().await?;
        Ok(secrets)
    }

    /// A token with which the platform sends its events.
    pub(crate) async fn platform_token(&self) -> Result<String> {
        let value = random::Token::new();
        let token = tokens::Token {
            id: TokenId(random::id(self.now)),
            partner: None,
            scope: TokenScope::Ingest,
            name: "benchmark".to_owned(),
            created_by: "benchmark".to_owned(),
            created_at: self.now,
            expires_at: self.now + TimeDelta::days(1),
            last_used_at: None,
            revoked_at: None,
        };
        let mut tx = self.store.portal.begin().await?;
        tokens::insert(&mut tx, &token, &value.hash()).await?;
        tx.commit().await?;
        Ok(value.as_str().to_owned())
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

/// The key of an app by its number.
pub(crate) fn app_key(number: usize) -> String {
    format!("com.example.bench{number}")
}

/// How many events are counted in a database, those that own ones replaced too.
pub(crate) async fn stored_events(database: &Database) -> Result<u64> {
    let store = open(database).await?;
    let series = series::ids(&store.portal).await?;
    let ever = MinuteRange::new(Minute(0), Minute::of(Clock::system().now()) + 60);
    let minutes = counts::minutes_of(&store.metrics, &series, ever).await?;
    store.close().await;
    Ok(minutes
        .values()
        .flatten()
        .map(|minute| minute.all.good + minute.all.bad)
        .sum())
}

pub(crate) async fn open(database: &Database) -> Result<Store> {
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
    Store::open(&settings).await
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
