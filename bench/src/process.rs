//! Other processes: started, measured and ended.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

/// How long a process may take to end before it is killed.
const PATIENCE: Duration = Duration::from_secs(15);

/// A process that ends with the value.
pub(crate) struct Process {
    name: String,
    child: Child,
}

/// What a process has used.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    at: Instant,
    /// Processor time since its start, in user and kernel mode together.
    cpu: Duration,
}

/// What a process used between two times.
#[derive(Clone, Copy)]
pub(crate) struct Used {
    pub cpu: Duration,
    pub wall: Duration,
}

impl Used {
    /// Processors that were busy with it.
    pub(crate) fn cores(&self) -> f64 {
        self.cpu.as_secs_f64() / self.wall.as_secs_f64()
    }
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot run {name}"))?;
        Ok(Self { name, child })
    }

    /// Starts a process and returns the first line that it prints. What it prints later is thrown away.
    pub(crate) fn start_and_read(command: &mut Command) -> Result<(Self, String)> {
        let mut process = Self::start(command.stdout(Stdio::piped()))?;
        let stdout = process.child.stdout.take().context("it has no standard output")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        ensure!(!line.is_empty(), "{} ended at once", process.name);
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        Ok((process, line.trim_end().to_owned()))
    }

    /// Whether it has ended, as it should.
    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        let status = self.child.try_wait()?;
        if let Some(status) = status {
            ensure!(status.success(), "{} failed: {status}", self.name);
        }
        Ok(status.is_some())
    }

    pub(crate) fn usage(&self) -> Result<Usage> {
        usage(&self.child.id().to_string())
    }

    pub(crate) fn used_since(&self, start: Usage) -> Result<Used> {
        let now = self.usage()?;
        Ok(now.since(start))
    }

    /// Resident memory now, in MB (10^6 bytes).
    pub(crate) fn resident(&self) -> Result<f64> {
        self.memory("VmRSS:")
    }

    /// The most resident memory it ever had, in MB.
    pub(crate) fn peak(&self) -> Result<f64> {
        self.memory("VmHWM:")
    }

    fn memory(&self, field: &str) -> Result<f64> {
        memory(&self.child.id().to_string(), field).with_context(|| format!("{} has ended", self.name))
    }

    fn signal(&self, signal: Signal) {
        if let Ok(Some(pid)) = i32::try_from(self.child.id()).map(Pid::from_raw) {
            // It may just have ended by itself, which is what is wanted.
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if asked.elapsed() > PATIENCE {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Usage {
    pub(crate) fn since(self, start: Self) -> Used {
        Used {
            cpu: self.cpu - start.cpu,
            wall: self.at - start.at,
        }
    }
}

/// What this process has used.
pub(crate) fn own_usage() -> Result<Usage> {
    usage("self")
}

/// The most resident memory that this process ever had, in MB.
pub(crate) fn own_peak() -> Result<f64> {
    memory("self", "VmHWM:")
}

/// A field of a process's status that is in kibibytes, in MB.
fn memory(process: &str, field: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kibibytes: f64 = line
        .and_then(|line| line.split_whitespace().next())
        .with_context(|| format!("no {field} in /proc"))?
        .parse()?;
    Ok(kibibytes * 1_024.0 / 1e6)
}

fn usage(process: &str) -> Result<Usage> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).context("a process has ended")?;
    // The name of the program comes second, in parentheses, and may contain anything.
    let (_, fields) = stat.rsplit_once(')').context("/proc/…/stat has another form")?;
    // Fields 14 and 15 of proc_pid_stat(5); the third is the first here.
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().unwrap_or_default())
        .sum();
    Ok(Usage {
        at: Instant::now(),
        cpu: Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64),
    })
}
