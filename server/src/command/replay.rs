//! `rampart replay`: what the escalation engine makes of a file of facts, on any machine (SPEC section 6, `escalation.md`).

use std::{
    fs::File,
    io::{self, BufWriter, Read, Write},
    process::ExitCode,
    sync::mpsc::{SyncSender, sync_channel},
    thread,
};

use chrono::{DateTime, Utc};
use clap::Args;
use rampart_domain::escalation::{Decision, EscalationPolicy, Fact, Replay as Engine, parse_time};
use serde::Serialize;

use super::misused;

/// So much is read at once.
const BLOCK: u64 = 4 << 20;

#[derive(Args)]
pub(super) struct Replay {
    /// The policy at the beginning, as JSON; - reads standard input.
    #[arg(long, value_name = "FILE")]
    policy: String,
    /// The facts, one a line as JSON, in order of time; - reads standard input.
    #[arg(long, value_name = "FILE")]
    facts: String,
    /// The last instant that is decided on, such as 2026-11-23T10:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: DateTime<Utc>,
    /// Add to each decision a sentence that says what it means.
    #[arg(long)]
    explain: bool,
}

#[derive(Serialize)]
struct Explained<'a> {
    #[serde(flatten)]
    decision: &'a Decision,
    explanation: &'a str,
}

impl Replay {
    /// Prints one decision a line once everything has been read and is valid. Exit code 0, or 2 when something is not.
    pub(super) fn run(&self) -> ExitCode {
        let decisions = match self.decisions() {
            Ok(decisions) => decisions,
            Err(wrong) => return misused(&wrong),
        };
        match self.print(&decisions) {
            Ok(()) => ExitCode::SUCCESS,
            // Whoever reads has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("rampart: the decisions cannot be written: {error}");
                ExitCode::FAILURE
            }
        }
    }

    fn decisions(&self) -> Result<Vec<Decision>, String> {
        if self.policy == "-" && self.facts == "-" {
            return Err("--policy and --facts cannot both be standard input".to_owned());
        }
        let policy = open(&self.policy).and_then(|mut input| {
            let mut text = String::new();
            input.read_to_string(&mut text).map(|_| text)
        });
        let policy = policy.map_err(|error| format!("--policy {}: {error}", self.policy))?;
        let policy = EscalationPolicy::parse(&policy).map_err(|error| format!("--policy {}: {error}", self.policy))?;
        let facts = open(&self.facts).map_err(|error| format!("--facts {}: {error}", self.facts))?;
        let at_line =
            |place: usize, wrong: &dyn std::fmt::Display| format!("{}, line {}: {wrong}", self.facts, place + 1);
        let mut engine = Engine::new(policy);
        if let Err((place, wrong)) = read(facts, &mut engine) {
            // What an earlier line refers to has not been looked at yet.
            return Err(match engine.check() {
                Err((earlier, contradiction)) => at_line(earlier, &contradiction),
                Ok(()) => at_line(place, &wrong),
            });
        }
        let decisions = engine.decisions(self.until);
        decisions.map_err(|(place, contradiction)| at_line(place, &contradiction))
    }

    fn print(&self, decisions: &[Decision]) -> io::Result<()> {
        let mut output = BufWriter::new(io::stdout().lock());
        for decision in decisions {
            if self.explain {
                let explanation = &decision.explanation;
                serde_json::to_writer(&mut output, &Explained { decision, explanation })?;
            } else {
                serde_json::to_writer(&mut output, decision)?;
            }
            output.write_all(b"\n")?;
        }
        output.flush()
    }
}

fn open(name: &str) -> io::Result<Box<dyn Read + Send>> {
    Ok(match name {
        "-" => Box::new(io::stdin()),
        file => Box::new(File::open(file).and_then(|file| match file.metadata()?.is_dir() {
            true => Err(io::ErrorKind::IsADirectory.into()),
            false => Ok(file),
        })?),
    })
}

/// Reads facts into the engine. One thread reads and parses while this one takes them in.
fn read(input: impl Read + Send, engine: &mut Engine) -> Result<(), (usize, String)> {
    thread::scope(|scope| {
        let (send, receive) = sync_channel(4);
        scope.spawn(move || parse(input, &send));
        for (place, fact) in receive.into_iter().flatten().enumerate() {
            let added = fact.and_then(|fact| engine.add(fact).map_err(|wrong| wrong.to_string()));
            added.map_err(|wrong| (place, wrong))?;
        }
        Ok(())
    })
}

/// Sends what stands on each line, in blocks, until there is nothing more or nobody listens.
fn parse(mut input: impl Read, send: &SyncSender<Vec<Result<Fact, String>>>) {
    let mut rest = Vec::new();
    loop {
        let mut block = std::mem::take(&mut rest);
        let read = match input.by_ref().take(BLOCK).read_to_end(&mut block) {
            Ok(read) => read,
            Err(error) => {
                let _ = send.send(vec![Err(format!("it cannot be read: {error}"))]);
                return;
            }
        };
        let is_end = read == 0;
        if !is_end {
            rest = block.split_off(block.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
        } else if block.is_empty() {
            return;
        }
        let lines = block.strip_suffix(b"\n").unwrap_or(&block);
        let facts = match block.is_empty() {
            true => Vec::new(),
            false => lines.split(|byte| *byte == b'\n').map(fact).collect(),
        };
        if send.send(facts).is_err() || is_end {
            return;
        }
    }
}

fn fact(line: &[u8]) -> Result<Fact, String> {
    let line = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
    if line.trim().is_empty() {
        return Err("it is blank".to_owned());
    }
    Fact::parse(line).map_err(|error| error.to_string())
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    parse_time(text).ok_or_else(|| "a time is written as in 2026-11-23T10:00:00Z, in UTC and whole seconds".to_owned())
}
