use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rampart_domain::sli::Sli;

use super::{Finding, Report, clock::Between, machine};
use crate::{
    clock::Clock,
    config::{Config, Database},
    store::{
        self, Db,
        inspection::{self, Migrated, Part},
        series,
    },
};

const DATABASE: &str = "database";
const MIGRATIONS: &str = "migrations";

/// The databases as they were found.
pub(super) struct Databases {
    portal: Option<Db>,
    metrics: Option<Db>,
    /// Whether the tables are those that this binary knows.
    is_current: bool,
}

impl Databases {
    /// Looks at the databases, and for the embedded ones at the folder and disk they are on.
    pub(super) async fn check(config: &Config, report: &mut Report) -> Self {
        let settings = &config.database;
        let mut databases = Self {
            portal: None,
            metrics: None,
            is_current: false,
        };
        if settings.url.is_none() {
            let folder = folder(&settings.path);
            report.add(folder.findings);
            report.add(folder.exists_at.as_deref().map(machine::disk));
        }
        let (portal, metrics) = match open(settings).await {
            Ok(both) => both,
            Err(error) => {
                report.add([Finding::error(
                    DATABASE,
                    format!("it cannot be opened: {}", in_one_line(&error)),
                    advice(settings),
                )]);
                return databases;
            }
        };
        (databases.portal, databases.metrics) = (portal, metrics);
        match databases.look(settings).await {
            Ok(findings) => report.add(findings),
            Err(error) => report.add([Finding::error(
                DATABASE,
                format!("it does not answer: {}", in_one_line(&error)),
                advice(settings),
            )]),
        }
        databases
    }

    async fn look(&mut self, settings: &Database) -> store::Result<Vec<Finding>> {
        let mut findings = Vec::new();
        let mut migrated = Vec::new();
        for (part, db) in [(Part::Portal, &self.portal), (Part::Metrics, &self.metrics)] {
            let name = if settings.url.is_some() {
                part.schema()
            } else {
                part.file()
            };
            migrated.push((name, inspection::migrations(db.as_ref(), part).await?));
            let Some(db) = db else { continue };
            findings.push(match inspection::obstacle(db, part).await? {
                None => Finding::ok(
                    DATABASE,
                    format!("{name} is writable, {}", inspection::version(db).await?),
                ),
                Some(why) => Finding::error(
                    DATABASE,
                    format!("{name} is not writable: {why}"),
                    "give the user that runs Rampart the right to write",
                ),
            });
        }
        self.is_current = migrated.iter().all(|(_, migrated)| migrated.is_current());
        findings.extend(judge(&migrated));
        Ok(findings)
    }

    /// The portal's database, if its tables can be read.
    pub(super) fn portal(&self) -> Option<&Db> {
        self.portal.as_ref().filter(|_| self.is_current)
    }

    /// What the clock of the database says, and when by ours; nothing where there is but one clock.
    pub(super) async fn clock(&self) -> Option<store::Result<(Between, DateTime<Utc>)>> {
        let db = self.portal.as_ref()?;
        let clock = Clock::system();
        let before = clock.now();
        match inspection::clock(db).await {
            Ok(theirs) => theirs.map(|theirs| Ok(((before, clock.now()), theirs))),
            Err(error) => Some(Err(error)),
        }
    }

    /// How many base URLs are measured; 0 when that cannot be read.
    pub(super) async fn measured(&self) -> u64 {
        let Some(portal) = self.portal() else { return 0 };
        let measured = series::measured(portal).await.unwrap_or_default();
        measured
            .iter()
            .filter(|m| m.series.key.sli == Sli::Availability)
            .count() as u64
    }

    pub(super) async fn close(self) {
        for db in [self.portal, self.metrics].into_iter().flatten() {
            db.close().await;
        }
    }
}

async fn open(settings: &Database) -> store::Result<(Option<Db>, Option<Db>)> {
    let portal = inspection::open(settings, Part::Portal).await?;
    Ok((portal, inspection::open(settings, Part::Metrics).await?))
}

fn advice(settings: &Database) -> &'static str {
    if settings.url.is_some() {
        "check host, port, user, password and database in database.url, and that PostgreSQL runs"
    } else {
        "check what is in database.path; restore a backup where a file is damaged"
    }
}

fn in_one_line(error: &store::Error) -> String {
    error.to_string().replace('\n', " ")
}

/// A database that is newer than the binary stays shut; one that is older is brought up to date at the next start.
fn judge(migrated: &[(&str, Migrated)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (
        name,
        Migrated {
            pending,
            unknown,
            broken,
        },
    ) in migrated
    {
        if let Some(newest) = unknown.iter().max() {
            findings.push(Finding::error(
                MIGRATIONS,
                format!("{name} was written by a newer version of Rampart: this one does not know {newest}"),
                "start the newer version, or restore a backup made with this one",
            ));
        }
        if !broken.is_empty() {
            findings.push(Finding::error(
                MIGRATIONS,
                format!(
                    "{name} was migrated otherwise than this version does it: {}",
                    broken.join(", ")
                ),
                "restore a backup; the server does not start on this database",
            ));
        }
        if !pending.is_empty() {
            findings.push(Finding::warning(
                MIGRATIONS,
                format!("{name} lacks {}", pending.join(", ")),
                "`rampart migrate` applies it, as does the next start; make a backup first where there is data",
            ));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(MIGRATIONS, "the database is up to date"));
    }
    findings
}

/// What there is to say about the folder of the embedded databases.
struct Folder {
    /// The folder, or the one in which it would be made.
    exists_at: Option<PathBuf>,
    findings: Vec<Finding>,
}

fn folder(path: &Path) -> Folder {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let nearest = absolute.ancestors().find(|folder| folder.exists()).map(Path::to_owned);
    let shown = absolute.display();
    let mut findings = Vec::new();
    let Some(nearest) = nearest else {
        findings.push(Finding::error(
            DATABASE,
            format!("there is no way to {shown}"),
            "correct database.path",
        ));
        return Folder {
            exists_at: None,
            findings,
        };
    };
    // A file without a name: it is gone with its handle, and needs the same rights and room as a real one.
    match tempfile::tempfile_in(&nearest) {
        Err(error) => findings.push(Finding::error(
            DATABASE,
            format!("nothing can be written in {}: {error}", nearest.display()),
            "let database.path name a folder that belongs to the user that runs Rampart",
        )),
        Ok(_) if nearest != absolute => {
            findings.push(Finding::ok(DATABASE, format!("{shown} is made at the first start")));
        }
        Ok(_) => {}
    }
    findings.extend(remote(&nearest));
    Folder {
        exists_at: Some(nearest),
        findings,
    }
}

/// SQLite relies on locks and shared memory that network file systems do not have.
fn remote(folder: &Path) -> Option<Finding> {
    let kind = network_file_system(rustix::fs::statfs(folder).ok()?.f_type as u64 & 0xffff_ffff)?;
    Some(Finding::warning(
        DATABASE,
        format!("{} is on {kind}: SQLite can lose data there", folder.display()),
        "move database.path to a local disk, or use PostgreSQL with database.url",
    ))
}

/// By the numbers of linux/magic.h and of the file systems' own headers.
fn network_file_system(magic: u64) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "NFS",
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => "a Windows share (SMB)",
        0x0102_1997 => "9P",
        0x00c3_6400 => "Ceph",
        0x5346_414f | 0x6b41_4653 => "AFS",
        0x0bd0_0bd0 => "Lustre",
        0x7375_7245 => "Coda",
        0x6573_5546 => "FUSE, which may be a network file system",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{super::report::Level, *};

    #[test]
    fn network_file_systems_are_known_by_their_numbers() {
        assert_eq!(network_file_system(0x6969), Some("NFS"));
        let (ext, tmpfs) = (0xef53, 0x0102_1994);
        assert!(network_file_system(ext).is_none() && network_file_system(tmpfs).is_none());
    }

    #[test]
    fn a_newer_database_is_an_error_and_an_older_one_a_warning() {
        let levels = |migrated: Migrated| judge(&[("x", migrated)]).iter().map(|f| f.level).collect::<Vec<_>>();
        assert_eq!(levels(Migrated::default()), [Level::Ok]);
        let pending = vec!["1 first".to_owned()];
        assert_eq!(
            levels(Migrated {
                pending: pending.clone(),
                ..Migrated::default()
            }),
            [Level::Warning]
        );
        assert_eq!(
            levels(Migrated {
                broken: pending,
                ..Migrated::default()
            }),
            [Level::Error]
        );
        assert_eq!(
            levels(Migrated {
                unknown: vec![9],
                ..Migrated::default()
            }),
            [Level::Error]
        );
    }
}
