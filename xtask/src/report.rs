//! What the steps of a test run came to.

use std::fmt;
use std::ops::AddAssign;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::process;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    /// Reads a line such as `test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; …`.
    pub(crate) fn of_cargo_line(line: &str) -> Option<Self> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let count = |word: &str| {
            counts.split("; ").find_map(|part| {
                let (number, name) = part.split_once(' ')?;
                (name == word).then(|| number.parse().ok())?
            })
        };
        Some(Self {
            passed: count("passed")?,
            failed: count("failed")?,
            skipped: count("ignored")?,
        })
    }

    /// A step that fails without one test to blame (it does not compile, say) is one failure.
    fn with_status(mut self, status: ExitStatus) -> Self {
        if !status.success() && self.failed == 0 {
            self.failed = 1;
        }
        self
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// The line that ends a test run.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[derive(Default)]
pub(crate) struct Report {
    lines: Vec<String>,
    total: Tally,
}

impl Report {
    /// Runs one step, announces it and says how long it took. True when nothing failed in it.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<Tally>) -> bool {
        if process::stopped() {
            self.skip(name, "stopped");
            return false;
        }
        println!("\n== {name}");
        let start = Instant::now();
        let tally = work().unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Tally {
                failed: 1,
                ..Tally::default()
            }
        });
        let verdict = if tally.failed == 0 { "ok" } else { "FAILED" };
        let line = format!("{verdict:<7} {name} ({})", seconds(start.elapsed()));
        println!("== {line}");
        self.lines.push(line);
        self.total += tally;
        tally.failed == 0
    }

    /// A step that is one command, whose exit status is all that counts.
    pub(crate) fn command(&mut self, command: &mut Command) -> bool {
        let name = process::describe(command);
        self.step(&name, || Ok(Tally::default().with_status(process::run(command)?)))
    }

    /// A step that is one command, with tests counted from what it prints or leaves behind.
    pub(crate) fn tests(
        &mut self,
        command: &mut Command,
        count: impl FnOnce(&mut Command) -> Result<(Tally, ExitStatus)>,
    ) -> bool {
        let name = process::describe(command);
        self.step(&name, || {
            count(command).map(|(tally, status)| tally.with_status(status))
        })
    }

    pub(crate) fn skip(&mut self, name: &str, reason: &str) {
        let line = format!("skipped {name}: {reason}");
        println!("\n== {line}");
        self.lines.push(line);
    }

    /// Prints the steps again, then the totals as the last line. True when nothing failed.
    pub(crate) fn finish(self) -> bool {
        println!();
        for line in &self.lines {
            println!("{line}");
        }
        if self.total.skipped > 0 {
            println!("tests skipped by themselves: {}", self.total.skipped);
        }
        println!("{}", self.total);
        self.total.failed == 0
    }
}

pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_cargos_line() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.01s";
        let expected = Tally {
            passed: 12,
            failed: 3,
            skipped: 1,
        };
        assert_eq!(Tally::of_cargo_line(line), Some(expected));
    }

    #[test]
    fn other_lines_count_nothing() {
        for line in [
            "",
            "running 3 tests",
            "test result: ",
            "test a ... ok",
            "test result: ok. x passed; 0 failed",
        ] {
            assert_eq!(Tally::of_cargo_line(line), None, "{line}");
        }
    }

    #[test]
    fn the_last_line_is_exact() {
        let tally = Tally {
            passed: 7,
            failed: 0,
            skipped: 2,
        };
        assert_eq!(tally.to_string(), "7 passed, 0 failed");
    }

    #[test]
    fn a_step_that_fails_outright_is_one_failure() {
        let mut report = Report::default();
        assert!(!report.step("breaks", || anyhow::bail!("on purpose")));
        assert!(report.step("works", || Ok(Tally {
            passed: 2,
            ..Tally::default()
        })));
        assert_eq!(report.total.to_string(), "2 passed, 1 failed");
    }
}
