//! Child processes: their output as it comes, and an end to them when we are told to stop.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// The process group of the running child; 0 when there is none.
static RUNNING: AtomicI32 = AtomicI32::new(0);
static STOPPED: AtomicBool = AtomicBool::new(false);

/// On SIGINT, SIGTERM and SIGHUP ends the running child, so that its step returns and what was set
/// up (a database cluster, temporary folders) is taken down on the way out. The second signal does
/// not ask any more.
pub(crate) fn stop_children_on_signals() -> Result<()> {
    ctrlc::set_handler(|| {
        let signal = if STOPPED.swap(true, Ordering::SeqCst) {
            Signal::SIGKILL
        } else {
            Signal::SIGTERM
        };
        signal_running(signal);
    })
    .context("cannot handle signals")
}

/// Whether we were told to stop.
pub(crate) fn stopped() -> bool {
    STOPPED.load(Ordering::SeqCst)
}

/// Runs a command to its end; its output is ours.
pub(crate) fn run(command: &mut Command) -> Result<ExitStatus> {
    let child = Running::spawn(command)?;
    child.wait()
}

/// Runs a command that has to succeed.
pub(crate) fn run_successfully(command: &mut Command) -> Result<()> {
    let status = run(command)?;
    ensure!(status.success(), "{} failed ({status})", describe(command));
    Ok(())
}

/// Runs a command to its end, prints its standard output as it comes and shows each line to `look`.
pub(crate) fn run_watched(command: &mut Command, mut look: impl FnMut(&str)) -> Result<ExitStatus> {
    let mut child = Running::spawn(command.stdout(Stdio::piped()))?;
    if let Some(stdout) = child.child.stdout.take() {
        let mut stdout = BufReader::new(stdout);
        let mut line = Vec::new();
        // Bytes, because a test may print what is not UTF-8.
        while stdout.read_until(b'\n', &mut line)? > 0 {
            let text = String::from_utf8_lossy(&line);
            print!("{text}");
            look(text.trim_end());
            line.clear();
        }
    }
    child.wait()
}

/// Runs a command without showing its output, unless it fails.
pub(crate) fn run_quietly(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", describe(command)))?;
    if !output.status.success() {
        bail!(
            "{} failed ({}):\n{}{}",
            describe(command),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command as one would type it.
pub(crate) fn describe(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let name = program.rsplit('/').next().unwrap_or(&program).to_owned();
    command
        .get_args()
        .fold(name, |line, argument| format!("{line} {}", argument.to_string_lossy()))
}

/// A child in a process group of its own, so that one signal reaches what it has started as well.
struct Running {
    child: Child,
}

impl Running {
    fn spawn(command: &mut Command) -> Result<Self> {
        ensure!(!stopped(), "stopped");
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot run {}", describe(command)))?;
        RUNNING.store(child.id().try_into()?, Ordering::SeqCst);
        if stopped() {
            // The signal came between the check and the note of whom to tell.
            signal_running(Signal::SIGTERM);
        }
        Ok(Self { child })
    }

    fn wait(mut self) -> Result<ExitStatus> {
        let status = self.child.wait();
        RUNNING.store(0, Ordering::SeqCst);
        status.context("lost a child process")
    }
}

fn signal_running(signal: Signal) {
    let group = RUNNING.load(Ordering::SeqCst);
    if group > 0 {
        // It may just have ended by itself, which is what is wanted.
        killpg(Pid::from_raw(group), signal).ok();
    }
}
