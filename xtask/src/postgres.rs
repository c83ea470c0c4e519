//! A PostgreSQL cluster of the tests' own: made at the start, gone at the end.

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use nix::unistd::{User, geteuid};
use tempfile::TempDir;

use crate::process;

/// How often another port is tried, when somebody took the free one before the server did.
const ATTEMPTS: u32 = 3;

/// Stopped and removed when dropped.
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
}

impl Postgres {
    /// Makes and starts a cluster with the programs in the given folder.
    pub(crate) fn start(programs: PathBuf) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("rampart-postgres-")
            .tempdir()
            .context("cannot make a temporary folder")?;
        if geteuid().is_root() {
            // PostgreSQL refuses to run as root.
            let user = User::from_name("postgres")?.context("there is no user postgres")?;
            chown(folder.path(), Some(user.uid.as_raw()), Some(user.gid.as_raw()))
                .context("cannot hand a folder to the user postgres")?;
        }
        let mut cluster = Self {
            programs,
            folder,
            port: 0,
        };
        process::run_quietly(
            cluster
                .program("initdb")
                .arg("--pgdata")
                .arg(cluster.data())
                .args(["--username", "postgres", "--auth", "trust"])
                .args(["--encoding", "UTF8", "--locale", "C", "--no-sync"]),
        )?;
        let mut attempt = 1;
        while let Err(error) = cluster.listen() {
            if attempt == ATTEMPTS {
                let log = fs::read_to_string(cluster.log()).unwrap_or_default();
                return Err(error.context(format!("PostgreSQL does not start:\n{log}")));
            }
            attempt += 1;
        }
        Ok(cluster)
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn listen(&mut self) -> Result<()> {
        self.port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        // Nothing in here outlives the run, so nothing has to reach a disk. Many tests with a
        // pool each are more connections than the default allows.
        let settings = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{}' \
             -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=500",
            self.port,
            self.folder.path().display(),
        );
        process::run_quietly(
            self.pg_ctl("start")
                .args(["--wait", "--timeout", "60"])
                .arg("--log")
                .arg(self.log())
                .args(["--options", &settings]),
        )?;
        Ok(())
    }

    fn pg_ctl(&self, action: &str) -> Command {
        let mut command = self.program("pg_ctl");
        command.args([OsStr::new(action), OsStr::new("--pgdata"), self.data().as_os_str()]);
        command
    }

    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if geteuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path());
        command
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    fn log(&self) -> PathBuf {
        self.path("log")
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.folder.path()).join(name)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if !self.data().join("postmaster.pid").exists() {
            return;
        }
        let stop = process::run_quietly(self.pg_ctl("stop").args(["--mode", "immediate", "--wait"]));
        if let Err(error) = stop {
            eprintln!("error: the tests' PostgreSQL was not stopped: {error:#}");
        }
    }
}
