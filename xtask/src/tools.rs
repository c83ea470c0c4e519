//! What has to be on the machine: found, installed where we may, else named in one line.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::assets::Hash;
use crate::checkout::Checkout;
use crate::process;

/// The `wasm32-unknown-unknown` target. Added explicitly: rustup may be told not to add anything on demand.
pub(crate) fn wasm_target() -> Result<()> {
    let target = "wasm32-unknown-unknown";
    let library = process::run_quietly(Command::new("rustc").args(["--print", "target-libdir", "--target", target]))?;
    if Path::new(library.trim()).is_dir() {
        return Ok(());
    }
    ensure!(
        find_program("rustup").is_some(),
        "install Rust's standard library for {target}"
    );
    process::run_successfully(Command::new("rustup").args(["target", "add", target]))
}

/// rustfmt and clippy.
pub(crate) fn rust_components() -> Result<()> {
    for (component, command) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        let works = process::run_quietly(Command::new("cargo").args([command, "--version"]));
        if works.is_ok() {
            continue;
        }
        ensure!(find_program("rustup").is_some(), "install {component}");
        process::run_successfully(Command::new("rustup").args(["component", "add", component]))?;
    }
    Ok(())
}

/// Something that Debian has a package for.
pub(crate) struct SystemTool {
    name: &'static str,
    package: &'static str,
    find: fn() -> Option<PathBuf>,
}

pub(crate) const CHROMIUM: SystemTool = SystemTool {
    name: "Chromium (or set CHROMIUM to a browser of its kind)",
    package: "chromium",
    find: find_chromium,
};

/// Found by its folder of programs.
pub(crate) const POSTGRESQL: SystemTool = SystemTool {
    name: "PostgreSQL's server (initdb, pg_ctl, postgres)",
    package: "postgresql",
    find: find_postgresql,
};

/// What probes are compared with.
pub(crate) const BLACKBOX_EXPORTER: SystemTool = SystemTool {
    name: "Prometheus's blackbox exporter",
    package: "prometheus-blackbox-exporter",
    find: || find_program("prometheus-blackbox-exporter"),
};

/// What the ingest of events is compared with.
pub(crate) const VICTORIA_METRICS: SystemTool = SystemTool {
    name: "VictoriaMetrics",
    package: "victoria-metrics",
    find: || find_program("victoria-metrics"),
};

impl SystemTool {
    pub(crate) fn path(&self) -> Result<PathBuf> {
        (self.find)().with_context(|| format!("install {}", self.name))
    }
}

/// Installs those of the tools that are missing, when we are root on a machine with apt-get.
pub(crate) fn install_missing(tools: &[SystemTool]) -> Result<()> {
    let missing: Vec<_> = tools.iter().filter(|tool| (tool.find)().is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !nix::unistd::geteuid().is_root() || find_program("apt-get").is_none() {
        let names: Vec<_> = missing.iter().map(|tool| tool.name).collect();
        bail!("install {}", names.join(" and "));
    }
    let packages = missing.iter().map(|tool| tool.package);
    let apt = || {
        let mut command = Command::new("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            // Packages start no services in run level 1: the tests have a database server of their own.
            .env("RUNLEVEL", "1");
        command
    };
    process::run_successfully(apt().args(["--quiet", "update"]))?;
    process::run_successfully(
        apt()
            .args(["--quiet", "--yes", "--no-install-recommends", "install"])
            .args(packages),
    )
}

/// The packages of end2end, exactly as locked.
pub(crate) fn npm_packages(checkout: &Checkout) -> Result<()> {
    ensure!(find_program("npm").is_some(), "install Node.js 20 or later, with npm");
    let locked = Hash::of_paths(checkout, &["end2end/package.json", "end2end/package-lock.json"])?;
    let installed = checkout.path("end2end/node_modules/.installed");
    if fs::read_to_string(&installed).is_ok_and(|hash| hash == locked) {
        return Ok(());
    }
    process::run_successfully(
        Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(checkout.path("end2end"))
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"),
    )?;
    fs::write(&installed, locked).with_context(|| format!("cannot write {}", installed.display()))
}

pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

fn find_chromium() -> Option<PathBuf> {
    if let Some(given) = env::var_os("CHROMIUM") {
        return Some(given.into());
    }
    ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find_map(find_program)
}

/// Debian keeps the server's programs out of PATH, one folder per version: the newest is taken.
fn find_postgresql() -> Option<PathBuf> {
    let mut folders: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    folders.sort();
    folders
        .into_iter()
        .rev()
        .map(|(_, folder)| folder)
        .chain(env::split_paths(&env::var_os("PATH").unwrap_or_default()))
        .find(|folder| {
            ["initdb", "pg_ctl", "postgres"]
                .iter()
                .all(|program| folder.join(program).is_file())
        })
}
