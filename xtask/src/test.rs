//! Every test there is, with what they need.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde::Deserialize;

use crate::checkout::Checkout;
use crate::postgres::Postgres;
use crate::report::{Report, Tally};
use crate::{bundle, process, tools};

/// What a shell reports for a command that Ctrl-C ended.
const STOPPED: u8 = 130;

/// Formatting, lints, and all tests: Rust ones on SQLite and PostgreSQL, and end-to-end in a browser
///
/// Installs Chromium and PostgreSQL where it may (as root, with apt-get), starts a PostgreSQL of its
/// own and removes it at the end. A failing step does not keep the others from running. The last line
/// says how many tests passed and how many failed.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Run one part only
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// Run only the fault tests, in their long form
    #[arg(
        long,
        value_name = "MINUTES",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "30",
        value_parser = clap::value_parser!(u64).range(1..),
        conflicts_with_all = ["only", "filter"]
    )]
    soak: Option<u64>,
    /// Run only tests whose name (end-to-end: title or file) contains one of these, and no lints
    filter: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Rust,
    End2end,
}

pub(crate) fn run(checkout: &Checkout, args: &Args) -> Result<ExitCode> {
    let rust = args.only != Some(Part::End2end) && args.soak.is_none();
    let end2end = args.only != Some(Part::Rust) && args.soak.is_none();

    let mut needed = vec![tools::POSTGRESQL];
    if end2end {
        needed.push(tools::CHROMIUM);
    }
    tools::install_missing(&needed)?;
    tools::rust_components()?;
    if end2end {
        tools::npm_packages(checkout)?;
    }
    bundle::prepare(checkout)?;
    let postgres = Postgres::start(tools::POSTGRESQL.path()?)?;

    let mut report = Report::default();
    if let Some(minutes) = args.soak {
        run_faults(checkout, minutes, &postgres, &mut report);
    }
    if rust {
        run_rust(checkout, args, &postgres, &mut report);
    }
    if end2end {
        run_end2end(checkout, args, &postgres, &mut report);
    }
    drop(postgres);
    let passed = report.finish();
    Ok(match (process::stopped(), passed) {
        (true, _) => ExitCode::from(STOPPED),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::FAILURE,
    })
}

fn run_rust(checkout: &Checkout, args: &Args, postgres: &Postgres, report: &mut Report) {
    if args.filter.is_empty() {
        report.command(checkout.cargo().args(["fmt", "--all", "--check"]));
        report.command(
            checkout
                .cargo()
                .args(["clippy", "--workspace", "--all-targets"])
                .args(["--", "-D", "warnings"]),
        );
    }
    let mut tests = checkout.cargo();
    tests
        .args(["test", "--workspace", "--no-fail-fast"])
        .env("RAMPART_TEST_POSTGRES", postgres.url());
    if !args.filter.is_empty() {
        tests.arg("--").args(&args.filter);
    }
    report.tests(&mut tests, count_cargo);

    let deny = "cargo deny check";
    if !args.filter.is_empty() {
        return;
    }
    if tools::find_program("cargo-deny").is_some() {
        report.command(checkout.cargo().args(["deny", "check"]));
    } else {
        report.skip(deny, "cargo-deny is not installed");
    }
}

/// The fault tests for so many minutes. Two at a time, so that both engines are tested for all of them.
fn run_faults(checkout: &Checkout, minutes: u64, postgres: &Postgres, report: &mut Report) {
    let mut tests = checkout.cargo();
    tests
        .args(["test", "--package", "rampart-server", "--test", "it", "--"])
        .args(["faults::", "--test-threads", "2"])
        .env("RAMPART_TEST_POSTGRES", postgres.url())
        .env("RAMPART_SOAK", (minutes * 60).to_string());
    report.tests(&mut tests, count_cargo);
}

fn run_end2end(checkout: &Checkout, args: &Args, postgres: &Postgres, report: &mut Report) {
    let bundled = report.step("bundle", || bundle::build(checkout).map(|()| Tally::default()));
    let built = report.command(checkout.cargo().args(["build", "--package", "rampart-server"]));

    let folder = checkout.path("end2end");
    let mut playwright = Command::new("npx");
    playwright
        .args(["--no-install", "playwright", "test"])
        .current_dir(&folder)
        .env("RAMPART_BIN", checkout.built("debug/rampart"))
        .env("RAMPART_TEST_POSTGRES", postgres.url());
    if !args.filter.is_empty() {
        // The filter may be meant for the Rust tests alone.
        playwright.args(["--pass-with-no-tests", "--grep", &either(&args.filter)]);
    }
    if !(bundled && built) {
        report.skip(&process::describe(&playwright), "what it tests was not built");
        return;
    }
    report.tests(&mut playwright, |command| {
        let chromium = tools::CHROMIUM.path()?;
        let results = folder.join("test-results/report.json");
        // Not to be taken for this run's, should it end before it writes its own.
        fs::remove_file(&results).ok();
        let status = process::run(command.env("CHROMIUM", chromium))?;
        Ok((count_playwright(&results)?, status))
    });
}

/// A pattern for what contains one of the texts.
fn either(texts: &[String]) -> String {
    let escape = |text: &String| {
        text.chars().fold(String::new(), |mut pattern, character| {
            if !character.is_alphanumeric() && character.is_ascii() && character != ' ' {
                pattern.push('\\');
            }
            pattern.push(character);
            pattern
        })
    };
    texts.iter().map(escape).collect::<Vec<_>>().join("|")
}

fn count_cargo(command: &mut Command) -> Result<(Tally, ExitStatus)> {
    let mut total = Tally::default();
    let status = process::run_watched(command, |line| {
        if let Some(tally) = Tally::of_cargo_line(line) {
            total += tally;
        }
    })?;
    Ok((total, status))
}

#[derive(Deserialize)]
struct PlaywrightReport {
    stats: PlaywrightStats,
}

#[derive(Deserialize)]
struct PlaywrightStats {
    expected: u64,
    unexpected: u64,
    flaky: u64,
    skipped: u64,
}

fn count_playwright(report: &Path) -> Result<Tally> {
    let text = fs::read(report).context("Playwright left no report")?;
    let stats = serde_json::from_slice::<PlaywrightReport>(&text)?.stats;
    Ok(Tally {
        passed: stats.expected,
        // A test that fails at first is a test that fails.
        failed: stats.unexpected + stats.flaky,
        skipped: stats.skipped,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_soak_lasts_half_an_hour_unless_told_otherwise() {
        #[derive(clap::Parser)]
        struct Cli {
            #[command(flatten)]
            args: Args,
        }
        let soak = |arguments: &[&str]| {
            let arguments = ["test"].iter().chain(arguments);
            <Cli as clap::Parser>::try_parse_from(arguments).map(|cli| cli.args.soak)
        };
        assert_eq!(soak(&[]).unwrap(), None);
        assert_eq!(soak(&["--soak"]).unwrap(), Some(30));
        assert_eq!(soak(&["--soak=5"]).unwrap(), Some(5));
        assert!(soak(&["--soak=0"]).is_err() && soak(&["--soak", "filter"]).is_err());
    }

    #[test]
    fn filters_are_taken_literally() {
        let texts = ["a mail (drill)".to_owned(), "b.spec".to_owned()];
        assert_eq!(either(&texts), r"a mail \(drill\)|b\.spec");
    }
}
