//! What the machine gives to the server.

use std::path::Path;

use rustix::process::{Resource, getrlimit};

use super::{Finding, database::Databases};

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;
/// A probe may have this many connections open at once: it tries addresses side by side.
const FILES_PER_PROBE: u64 = 4;
/// Databases, visitors, mail.
const FILES_BESIDE: u64 = 512;

/// Room on the disk of the SQLite files.
pub(super) fn disk(folder: &Path) -> Finding {
    const CHECK: &str = "disk";
    match rustix::fs::statvfs(folder) {
        Ok(disk) => judge_disk(disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize),
        Err(error) => Finding::warning(
            CHECK,
            format!("the free space of {} cannot be read: {error}", folder.display()),
            "see the database above",
        ),
    }
}

/// Error below 100 MiB, warning below 1 GiB or a tenth.
fn judge_disk(free: u64, total: u64) -> Finding {
    const CHECK: &str = "disk";
    let message = format!("{} of {} are free", bytes(free), bytes(total));
    let advice = "make room, or move database.path to a larger disk; a full disk stops everything";
    if free < 100 * MIB {
        Finding::error(CHECK, message, advice)
    } else if free < GIB || free < total / 10 {
        Finding::warning(CHECK, message, advice)
    } else {
        Finding::ok(CHECK, message)
    }
}

fn bytes(count: u64) -> String {
    if count < GIB {
        format!("{} MiB", count / MIB)
    } else {
        format!("{:.1} GiB", count as f64 / GIB as f64)
    }
}

/// Those by which health checks, canaries, the relay and the database are verified.
pub(super) fn authorities() -> Finding {
    const CHECK: &str = "authorities";
    let found = rustls_native_certs::load_native_certs();
    let problems: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
    let advice = "install the package ca-certificates, or name a file with SSL_CERT_FILE";
    if found.certs.is_empty() {
        let why = problems.first().map(|why| format!(": {why}")).unwrap_or_default();
        Finding::error(
            CHECK,
            format!("no certificate authority of the system can be read{why}; the server does not start"),
            advice,
        )
    } else if let Some(why) = problems.first() {
        let message = format!("{} were read, some were not: {why}", found.certs.len());
        Finding::warning(CHECK, message, advice)
    } else {
        Finding::ok(CHECK, format!("{} of the system are trusted", found.certs.len()))
    }
}

/// How many files and connections may be open at once.
pub(super) async fn open_files(databases: &Databases) -> Finding {
    judge_open_files(getrlimit(Resource::Nofile).current, databases.measured().await)
}

/// `None` as a limit stands for none.
fn judge_open_files(limit: Option<u64>, measured: u64) -> Finding {
    const CHECK: &str = "open_files";
    let needed = FILES_PER_PROBE * measured + FILES_BESIDE;
    match limit {
        Some(limit) if limit < needed => Finding::warning(
            CHECK,
            format!("{limit} may be open at once; {measured} measured base URLs ask for {needed}"),
            format!("raise it: `ulimit -n {needed}`, or LimitNOFILE={needed} in a systemd unit"),
        ),
        Some(limit) => Finding::ok(
            CHECK,
            format!("{limit} may be open at once, {needed} are asked for here"),
        ),
        None => Finding::ok(CHECK, "any number may be open at once"),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::report::Level, *};

    #[test]
    fn little_room_is_a_warning_and_hardly_any_an_error() {
        let level = |free, total| judge_disk(free, total).level;
        assert_eq!(level(100 * MIB - 1, GIB), Level::Error);
        assert_eq!(level(100 * MIB, GIB / 2), Level::Warning);
        assert_eq!(level(GIB - 1, GIB), Level::Warning);
        assert_eq!(level(9 * GIB, 100 * GIB), Level::Warning);
        assert_eq!(level(10 * GIB, 100 * GIB), Level::Ok);
        assert_eq!(level(GIB, 2 * GIB), Level::Ok);
    }

    #[test]
    fn the_open_files_asked_for_grow_with_what_is_measured() {
        assert_eq!(judge_open_files(Some(511), 0).level, Level::Warning);
        assert_eq!(judge_open_files(Some(512), 0).level, Level::Ok);
        assert_eq!(judge_open_files(Some(1_024), 129).level, Level::Warning);
        assert_eq!(judge_open_files(None, 100_000).level, Level::Ok);
    }
}
