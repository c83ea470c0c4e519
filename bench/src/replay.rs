//! The escalation engine over 10,000 apps with five years of history: `rampart replay`, and what-if through its page.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use http::{Request, header};
use http_body_util::Full;
use rampart_domain::access::StaffRole;
use rampart_domain::escalation::{EscalationPolicy, Fact, FactKind, Text, show_time};
use rampart_domain::id::UserId;
use rampart_server::random;
use rampart_server::service::Passwords;
use rampart_server::store::accounts;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection as _, QueryBuilder, query, query_as};
use uuid::Uuid;

use crate::http_client::Connection;
use crate::process::Process;
use crate::rampart::{Database, Rampart, Settings};
use crate::seed::{PASSWORD, Seed, app_key};
use crate::table::{Table, number};
use crate::target::Target;

const APPS: usize = 10_000;
const YEARS: i64 = 5;
/// Facts of an app: its designation, then breaches and misses with their ends, and now and then something else.
const FACTS: usize = 250;
const MANAGER: &str = "manager@bench.test";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The server's program
    #[arg(long)]
    rampart: PathBuf,
    /// How often each is measured
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("rampart-bench-").tempdir()?;
    let title = format!("Escalation of {APPS} apps with {YEARS} years of history");
    let until = DateTime::from_timestamp(1_790_000_000, 0).context("a time")?;
    println!("{title}: {} facts", APPS * FACTS);
    let facts = history(until);
    let mut table = Table::new();
    replay(&args, folder.path(), &facts, until, &mut table)?;
    what_if(&args, folder.path(), facts, &mut table).await?;
    table.print(&title);
    Ok(())
}

/// `rampart replay` over a file.
fn replay(args: &Args, folder: &Path, facts: &[Fact], until: DateTime<Utc>, table: &mut Table) -> Result<()> {
    let (policy, lines) = (folder.join("policy.json"), folder.join("facts.jsonl"));
    fs::write(&policy, serde_json::to_string(&EscalationPolicy::standard())?)?;
    let mut file = BufWriter::new(File::create(&lines)?);
    for fact in facts {
        serde_json::to_writer(&mut file, fact)?;
        file.write_all(b"\n")?;
    }
    file.into_inner().map_err(|error| error.into_error())?.sync_all()?;
    let mut seconds = Vec::new();
    let (mut peak, mut decisions) = (0.0_f64, 0);
    for _ in 0..args.runs {
        let decided = folder.join("decisions.jsonl");
        let mut command = Command::new(&args.rampart);
        command
            .arg("replay")
            .arg("--policy")
            .arg(&policy)
            .arg("--facts")
            .arg(&lines);
        command
            .arg("--until")
            .arg(show_time(until))
            .stdout(File::create(&decided)?);
        let began = Instant::now();
        let mut process = Process::start(&mut command)?;
        while !process.has_ended()? {
            // What it used most is not known any more once it has ended.
            peak = peak.max(process.peak().unwrap_or_default());
            std::thread::sleep(Duration::from_millis(5));
        }
        seconds.push(began.elapsed().as_secs_f64());
        decisions = BufReader::new(File::open(&decided)?).lines().count();
    }
    ensure!(decisions > APPS, "only {decisions} decisions came of it");
    seconds.sort_by(f64::total_cmp);
    table.at_most("`rampart replay`, median", 2.0, seconds[seconds.len() / 2], "s");
    table.tell("… worst", format!("{} s", number(seconds[seconds.len() - 1])));
    table.tell("… decisions", decisions.to_string());
    table.at_most("… most memory", 1_000.0, peak, "MB");
    Ok(())
}

/// From posting a draft to the whole of the page with what it would have changed.
async fn what_if(args: &Args, folder: &Path, facts: Vec<Fact>, table: &mut Table) -> Result<()> {
    let data = folder.join("data");
    let seed = Seed::new(&Database::Sqlite(data.clone())).await?;
    seed.apps(APPS, |_| Vec::new()).await?;
    let manager = accounts::Account {
        id: UserId(random::id(seed.now)),
        mail: MANAGER.to_owned(),
        name: "Mara Manager".to_owned(),
        password_hash: Passwords::new().hash(PASSWORD.to_owned()).await?,
        disabled_at: None,
    };
    let mut tx = seed.store.portal.begin().await?;
    accounts::insert(&mut tx, &manager, seed.now).await?;
    accounts::set_staff_roles(&mut tx, manager.id, &[StaffRole::ProgramManager]).await?;
    tx.commit().await?;
    seed.close().await;
    store(&data.join("rampart.db"), facts).await?;

    let target = Target::start(folder)?;
    let rampart = Rampart::start(&Settings {
        program: &args.rampart,
        database: Database::Sqlite(data),
        target: &target,
        trusts_target: false,
    })?;
    let cookie = rampart.sign_in(MANAGER, PASSWORD).await?;
    let idle = rampart.process.resident()?;
    let mut seconds = Vec::new();
    for run in 0..args.runs {
        let began = Instant::now();
        asked(&rampart, &cookie, run).await?;
        seconds.push(began.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    table.at_most("what-if through the page, median", 5.0, seconds[seconds.len() / 2], "s");
    table.tell("… worst", format!("{} s", number(seconds[seconds.len() - 1])));
    table.at_most("… most memory", 1_000.0, rampart.process.peak()?, "MB");
    table.tell("… before", format!("{} MB", number(idle)));
    Ok(())
}

/// Asks for a replay of a draft and waits until its page shows what it found.
async fn asked(rampart: &Rampart, cookie: &str, run: usize) -> Result<()> {
    let mut draft = EscalationPolicy::standard();
    draft.remediation.window_days += 1 + run as u64;
    let numbers = draft.numbers_mut().map(|(name, number)| (name, number.to_string()));
    let fields: Vec<_> = numbers.into_iter().chain([("version", "1".to_owned())]).collect();
    let request = |path: &str| {
        Request::builder()
            .uri(path)
            .header(header::COOKIE, cookie)
            .header(header::ACCEPT, "text/html")
            .header("sec-fetch-site", "same-origin")
    };
    let mut connection = Connection::open(rampart.address).await?;
    let form = request("/policies/escalation/what-if")
        .method("POST")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::from(serde_urlencoded::to_string(fields)?))?;
    let answer = connection.send(form).await?;
    ensure!(answer.status() == 303, "the form answered {}", answer.status());
    let page = answer
        .headers()
        .get(header::LOCATION)
        .context("no replay")?
        .to_str()?
        .to_owned();
    loop {
        let answer = connection.send(request(&page).body(Full::default())?).await?;
        ensure!(answer.status() == 200, "{page} answered {}", answer.status());
        let body = String::from_utf8(answer.into_body().to_vec())?;
        if !body.contains("data-unfinished") {
            ensure!(body.contains("Apps that differ"), "the replay found nothing: {body}");
            return Ok(());
        }
        // As often as the page itself looks.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Puts the facts where the server keeps them, as if its engine had worked them off.
async fn store(database: &Path, facts: Vec<Fact>) -> Result<()> {
    let mut db: SqliteConnection = SqliteConnectOptions::new().filename(database).connect().await?;
    let apps: Vec<(Uuid, String)> = query_as("select id, key from app").fetch_all(&mut db).await?;
    let ids: std::collections::HashMap<String, Uuid> = apps.into_iter().map(|(id, key)| (key, id)).collect();
    query("begin").execute(&mut db).await?;
    let last = facts.last().map_or(0, |fact| fact.at.timestamp());
    for (n, some) in facts.chunks(4_000).enumerate() {
        let mut insert = QueryBuilder::new("insert into fact (seq, id, at, app_id, kind, line) ");
        let rows = some.iter().enumerate().map(|(i, fact)| {
            let app = fact.app.as_ref().and_then(|key| ids.get(key.as_str()));
            (n * 4_000 + i + 1, fact, app.copied())
        });
        insert.push_values(rows, |mut row, (seq, fact, app)| {
            row.push_bind(seq as i64)
                .push_bind(fact.id.to_string())
                .push_bind(fact.at.timestamp())
                .push_bind(app);
            row.push_bind(fact.kind.name())
                .push_bind(serde_json::to_string(fact).unwrap_or_default());
        });
        insert.build().execute(&mut db).await?;
    }
    query("update fact_head set seq = $1, at = $2")
        .bind(facts.len() as i64)
        .bind(last)
        .execute(&mut db)
        .await?;
    query(
        "insert into standing (app_id, state, baseline, entered, paused, facts_seq, decisions)
         select id, 'none', 0, 0, false, $1, 0 from app",
    )
    .bind(facts.len() as i64)
    .execute(&mut db)
    .await?;
    query("commit").execute(&mut db).await?;
    query("analyze").execute(&mut db).await?;
    Ok(db.close().await?)
}

/// Five years of all apps, in order of time. The same every time.
fn history(until: DateTime<Utc>) -> Vec<Fact> {
    let begin = until - TimeDelta::days(365 * YEARS);
    let mut facts: Vec<(i64, usize, usize, FactKind)> = Vec::with_capacity(APPS * FACTS);
    for app in 0..APPS {
        let mut dice = Dice(app as u64);
        let mut times: Vec<i64> = (1..FACTS)
            .map(|_| dice.below(365 * YEARS as u64 * 86_400) as i64)
            .collect();
        times.push(0);
        times.sort_unstable();
        let mut open: Option<(bool, Text)> = None;
        for (n, at) in times.into_iter().enumerate() {
            let series = Text::new_static("webhook_delivery/jira");
            let kind = match (n, open.take()) {
                (0, _) => FactKind::Designated,
                (_, Some((false, breach))) => FactKind::BreachClosed { breach },
                (_, Some((true, miss))) => FactKind::SloMet { miss },
                (_, None) => match dice.below(40) {
                    0 => FactKind::RemediationCompleted,
                    1 => FactKind::DemotionDeclined { extend_days: 30 },
                    2 => FactKind::AppealOpened,
                    3 => FactKind::AppealClosed,
                    4 => FactKind::Reinstated,
                    5..8 => {
                        let miss = Text::new(format!("m{n}"));
                        open = Some((true, miss.clone()));
                        FactKind::SloMissed { miss, series }
                    }
                    _ => {
                        let breach = Text::new(format!("b{n}"));
                        open = Some((false, breach.clone()));
                        FactKind::Breach { breach, series }
                    }
                },
            };
            facts.push((at, app, n, kind));
        }
    }
    facts.sort_unstable_by_key(|(at, app, n, _)| (*at, *app, *n));
    let facts = facts.into_iter().enumerate().map(|(id, (at, app, _, kind))| Fact {
        id: format!("f{id:010}").into(),
        at: begin + TimeDelta::seconds(at),
        app: Some(app_key(app).into()),
        kind,
    });
    facts.collect()
}

/// Numbers that look random and are the same every time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
