//! `rampart replay`: what the escalation engine makes of a file of facts, on any machine (SPEC section 6, `escalation.md`).

use std::{
    fs::File,
    io::{self, BufWriter, Read, Write},
    process::ExitCode,
};

use chrono::{DateTime, Utc};
use clap::Args;
use rampart_domain::escalation::{Decision, EscalationPolicy, Fact, Replay as Engine, parse_time};
use rayon::prelude::*;
use serde::Serialize;

use super::misused;

/// So much is read at once.
const BLOCK: u64 = 1 << 20;
/// So many blocks are parsed side by side.
const AT_ONCE: usize = 8;

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

/// What stands on each line of a block.
type Parsed = Vec<Result<Fact, String>>;

/// Reads facts into the engine. While it takes some in, the next ones are read and parsed.
fn read(input: impl Read + Send, engine: &mut Engine) -> Result<(), (usize, String)> {
    let mut blocks = Blocks {
        input,
        rest: Vec::new(),
        has_ended: false,
    };
    let mut place = 0;
    let mut ahead = blocks.parse();
    while !ahead.is_empty() {
        let (next, added) = rayon::join(
            || blocks.parse(),
            || {
                ahead.into_iter().flatten().try_for_each(|fact| {
                    let added = fact.and_then(|fact| engine.add(fact).map_err(|wrong| wrong.to_string()));
                    added.map_err(|wrong| (place, wrong))?;
                    place += 1;
                    Ok(())
                })
            },
        );
        added?;
        ahead = next;
    }
    Ok(())
}

/// Lines, in blocks of whole ones.
struct Blocks<R> {
    input: R,
    /// The beginning of a line that was read with the lines before it.
    rest: Vec<u8>,
    has_ended: bool,
}

impl<R: Read> Blocks<R> {
    /// What stands on the next lines; nothing at the end.
    fn parse(&mut self) -> Vec<Parsed> {
        let mut blocks: Vec<Result<Vec<u8>, String>> = Vec::new();
        while blocks.len() < AT_ONCE
            && let Some(block) = self.next()
        {
            blocks.push(block);
        }
        let parsed = blocks.into_par_iter().map(|block| match block {
            Ok(block) => parse(&block),
            Err(error) => vec![Err(error)],
        });
        parsed.collect()
    }

    fn next(&mut self) -> Option<Result<Vec<u8>, String>> {
        if self.has_ended {
            return None;
        }
        let mut block = std::mem::take(&mut self.rest);
        match self.input.by_ref().take(BLOCK).read_to_end(&mut block) {
            Ok(0) => {
                self.has_ended = true;
                (!block.is_empty()).then_some(Ok(block))
            }
            Ok(_) => {
                let end = block.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                self.rest = block.split_off(end);
                Some(Ok(block))
            }
            Err(error) => {
                self.has_ended = true;
                Some(Err(format!("it cannot be read: {error}")))
            }
        }
    }
}

fn parse(block: &[u8]) -> Parsed {
    let lines = block.strip_suffix(b"\n").unwrap_or(block);
    match block.is_empty() {
        true => Vec::new(),
        false => lines.split(|byte| *byte == b'\n').map(fact).collect(),
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
