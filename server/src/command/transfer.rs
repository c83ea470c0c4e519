//! `rampart import events` and `rampart export events`.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use rampart_domain::{
    count::{Minute, MinuteRange},
    policy::MINUTES_KEPT,
};
use sha2::{Digest, Sha256};

use super::open;
use crate::{
    clock::Clock,
    config::Config,
    service::{
        Service,
        escalation::{fact_line, initial_policy},
        transfer::{Imported, Importer},
    },
};

/// How many lines are counted in one transaction.
const PIECE: usize = 10_000;
/// No line of events is longer.
const LONGEST_LINE: u64 = 64 * 1024;

#[derive(Subcommand)]
pub(super) enum Import {
    /// Count events or minutes of another monitor, one JSON object a line.
    ///
    /// {"app","product","sli","outcome","at","group"?,"target"?} or {…,"minute","good","bad"}. A file that is imported again
    /// goes on where it stopped: what was counted is not counted twice. Do not change the lines before.
    Events(ImportEvents),
}

#[derive(Args)]
pub(super) struct ImportEvents {
    /// The file, or - for standard input.
    file: PathBuf,
}

#[derive(Subcommand)]
pub(super) enum Export {
    /// Write the counts per minute of every series, one JSON object a line, as `import events` reads them.
    Events(ExportEvents),
    /// Write what the escalation engine rests on, one fact a line, as `rampart replay --facts` reads it.
    Facts(ExportFacts),
    /// Write the escalation policy before any was published, as `rampart replay --policy` reads it.
    Policy,
}

#[derive(Args)]
pub(super) struct ExportFacts {
    /// Only those of this app and those of all apps.
    #[arg(long, value_name = "KEY")]
    app: Option<String>,
}

#[derive(Args)]
pub(super) struct ExportEvents {
    /// Only those of this app.
    #[arg(long, value_name = "KEY")]
    app: Option<String>,
    /// From this minute on [default: as far as minutes are kept]
    #[arg(long, value_name = "TIME")]
    from: Option<DateTime<Utc>>,
    /// Up to, not including, this minute [default: the present]
    #[arg(long, value_name = "TIME")]
    to: Option<DateTime<Utc>>,
}

impl Import {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let Self::Events(ImportEvents { file }) = self;
        let (input, bytes): (Box<dyn Read>, Option<u64>) = if file.as_os_str() == "-" {
            (Box::new(io::stdin()), None)
        } else {
            let opened = File::open(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let bytes = opened.metadata()?.len();
            (Box::new(opened), Some(bytes))
        };
        let service = open(config, Clock::system()).await?;
        let result = import(&service, &mut BufReader::new(input), &progress(bytes)).await;
        service.store.close().await;
        result
    }
}

fn progress(bytes: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    match bytes {
        Some(bytes) => ProgressBar::new(bytes).with_style(
            ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        ),
        None => ProgressBar::new_spinner(),
    }
}

async fn import(service: &Service, input: &mut impl BufRead, bar: &ProgressBar) -> anyhow::Result<ExitCode> {
    let mut importer = Importer::default();
    let mut hash = Sha256::new();
    let (mut first, mut known) = (1_u64, 0_u64);
    loop {
        let lines = piece(input, &mut hash)?;
        if lines.is_empty() {
            break;
        }
        let so_far = hash.clone().finalize();
        match importer.import(service, &so_far, first, &lines).await? {
            Imported::Counted => {}
            Imported::Known => known += lines.len() as u64,
            Imported::Refused(refused) => {
                bar.finish_and_clear();
                eprintln!(
                    "rampart: {refused}\nThe lines before line {first} are counted, none from it on. Mend the line and import the file \
                     again: what is counted is not counted twice."
                );
                return Ok(ExitCode::FAILURE);
            }
        }
        first += lines.len() as u64;
        bar.inc(lines.iter().map(|line| line.len() as u64 + 1).sum());
    }
    bar.finish_and_clear();
    println!("{} lines counted, {known} counted before", first - 1 - known);
    Ok(ExitCode::SUCCESS)
}

/// The next lines, without their ends; none at the end of the input.
fn piece(input: &mut impl BufRead, hash: &mut Sha256) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut lines = Vec::new();
    while lines.len() < PIECE {
        let mut line = Vec::new();
        let read = input.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        anyhow::ensure!(
            line.ends_with(b"\n") || (read as u64) < LONGEST_LINE,
            "a line is longer than {LONGEST_LINE} bytes; is this a file of events?"
        );
        hash.update(&line);
        while line.last().is_some_and(u8::is_ascii_whitespace) {
            line.pop();
        }
        lines.push(line);
    }
    Ok(lines)
}

impl Export {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        match self {
            Self::Events(events) => events.run(config).await,
            Self::Facts(facts) => facts.run(config).await,
            Self::Policy => {
                print!("{}", initial_policy());
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

impl ExportFacts {
    async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let service = open(config, Clock::system()).await?;
        let facts = service.exported_facts(self.app.as_deref()).await;
        service.store.close().await;
        let Some(facts) = facts? else {
            eprintln!(
                "rampart: there is no app with the key {:?}",
                self.app.unwrap_or_default()
            );
            return Ok(ExitCode::FAILURE);
        };
        let mut out = BufWriter::new(io::stdout().lock());
        for fact in &facts {
            out.write_all(fact_line(fact).as_bytes())?;
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

impl ExportEvents {
    async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let Self { app, from, to } = self;
        let clock = Clock::system();
        let range = MinuteRange::new(
            from.map_or(clock.minute() - MINUTES_KEPT, Minute::of),
            to.map_or(clock.minute() + 1, Minute::of),
        );
        let service = open(config, clock).await?;
        let series = service.exported_series(app.as_deref()).await?;
        if let Some(app) = app.filter(|_| series.is_empty()) {
            service.store.close().await;
            eprintln!("rampart: nothing was measured of an app with the key {app:?}");
            return Ok(ExitCode::FAILURE);
        }
        let mut out = BufWriter::new(io::stdout().lock());
        for series in series {
            for line in service.export(&series, range).await? {
                serde_json::to_writer(&mut out, &line)?;
                out.write_all(b"\n")?;
            }
        }
        out.flush()?;
        service.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
