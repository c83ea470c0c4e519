//! The checkout at hand, the target folder it shares with others, and how cargo is called in it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Packages of this workspace; everything else in the target folder is the same for every checkout.
const OUR_PACKAGES: [&str; 5] = [
    "rampart-domain",
    "rampart-app",
    "rampart-server",
    "rampart-bench",
    "xtask",
];

pub(crate) struct Checkout {
    root: PathBuf,
    target: PathBuf,
}

impl Checkout {
    pub(crate) fn find() -> Result<Self> {
        let output = Command::new(cargo_program())
            .args(["locate-project", "--workspace", "--message-format", "plain"])
            .output()
            .context("cannot run cargo")?;
        ensure!(output.status.success(), "run this inside a checkout of Rampart");
        let manifest = PathBuf::from(String::from_utf8(output.stdout)?.trim());
        let root = manifest.parent().context("the workspace has no folder")?.to_owned();
        let target = target_folder(&root)?;
        let checkout = Self { root, target };
        checkout.claim_target()?;
        Ok(checkout)
    }

    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside)
    }

    /// A file that cargo has built, such as `debug/rampart`.
    pub(crate) fn built(&self, inside: &str) -> PathBuf {
        self.target.join(inside)
    }

    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(cargo_program());
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        // `cargo run` describes xtask to us in variables that build scripts (ring's is one) watch:
        // passed on, they would make these rebuild whenever cargo is called by hand in between.
        for (name, _) in env::vars_os() {
            let Some(name) = name.to_str() else { continue };
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                command.env_remove(name);
            }
        }
        command
    }

    /// Makes cargo build our packages anew when another checkout was the last to use the folder.
    ///
    /// Cargo takes a package of a workspace for the same one wherever the workspace lies, and
    /// compares only times: without this, a checkout older than another one's build would be
    /// given that one's binaries.
    fn claim_target(&self) -> Result<()> {
        let marker = self.target.join("last-checkout");
        let ours = self.root.to_string_lossy().into_owned();
        if fs::read_to_string(&marker).is_ok_and(|last| last == ours) {
            return Ok(());
        }
        forget_our_packages(&self.target, 2)?;
        fs::create_dir_all(&self.target)
            .and_then(|()| fs::write(&marker, ours))
            .with_context(|| format!("cannot write {}", marker.display()))
    }
}

fn cargo_program() -> String {
    env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

fn target_folder(root: &Path) -> Result<PathBuf> {
    if let Some(folder) = env::var_os("CARGO_TARGET_DIR") {
        return Ok(root.join(folder));
    }
    let cache = match env::var_os("XDG_CACHE_HOME").map(PathBuf::from) {
        Some(folder) if folder.is_absolute() => folder,
        _ => env::home_dir()
            .context("neither CARGO_TARGET_DIR nor a home folder is known")?
            .join(".cache"),
    };
    Ok(cache.join("rampart/target"))
}

/// Removes what cargo noted about our packages in `<profile>/.fingerprint` and
/// `<target triple>/<profile>/.fingerprint`.
fn forget_our_packages(folder: &Path, depth: u8) -> Result<()> {
    for profile in folders_in(folder)? {
        for notes in folders_in(&profile.join(".fingerprint"))? {
            let name = notes.file_name().unwrap_or_default().to_string_lossy();
            if name
                .rsplit_once('-')
                .is_some_and(|(package, _)| OUR_PACKAGES.contains(&package))
            {
                fs::remove_dir_all(&notes).with_context(|| format!("cannot remove {}", notes.display()))?;
            }
        }
        if depth > 1 {
            forget_our_packages(&profile, depth - 1)?;
        }
    }
    Ok(())
}

fn folders_in(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.push(entry.path());
        }
    }
    Ok(folders)
}
