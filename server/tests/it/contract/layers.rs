//! What keeps SQL in the store, and the domain free of everything that does anything.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

/// Whether the source names this crate.
fn names(source: &str, name: &str) -> bool {
    source
        .lines()
        .map(str::trim_start)
        .filter(|line| !line.starts_with("//"))
        .any(|line| {
            line.match_indices(name).any(|(at, _)| {
                let is_word = |c: char| c.is_alphanumeric() || c == '_';
                !line[..at].ends_with(is_word) && !line[at + name.len()..].starts_with(is_word)
            })
        })
}

#[test]
fn only_the_store_uses_the_database() {
    let workspace = workspace();
    let store = workspace.join("server/src/store");
    let files: Vec<_> = ["server/src", "app/src", "domain/src"]
        .iter()
        .flat_map(|f| sources(&workspace.join(f)))
        .collect();
    let users: Vec<_> = files
        .into_iter()
        .filter(|f| names(&fs::read_to_string(f).unwrap(), "sqlx"))
        .collect();
    assert!(
        users.iter().any(|f| f.starts_with(&store)),
        "this test looks in the wrong place"
    );
    let others: Vec<_> = users.iter().filter(|f| !f.starts_with(&store)).collect();
    assert!(others.is_empty(), "SQL belongs in server/src/store: {others:?}");
}

#[test]
fn the_domain_does_nothing_but_decide() {
    let manifest = fs::read_to_string(workspace().join("domain/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let dependencies = manifest["dependencies"].as_table().unwrap();
    let crates: Vec<_> = dependencies.keys().map(String::as_str).collect();
    assert!(crates.contains(&"chrono"), "this test looks in the wrong place");
    let forbidden = [
        "tokio",
        "sqlx",
        "leptos",
        "axum",
        "reqwest",
        "hyper",
        "getrandom",
        "rand",
    ];
    let found: Vec<_> = crates
        .iter()
        .filter(|c| forbidden.iter().any(|f| *c == f || c.starts_with(&format!("{f}_"))))
        .collect();
    assert!(found.is_empty(), "the domain does no I/O and knows no pages: {found:?}");
}

/// Ids and tokens that can be foretold are for made-up data only.
#[test]
fn only_the_demonstration_has_its_randomness_foretold() {
    let server = workspace().join("server/src");
    let mut users: Vec<_> = sources(&server)
        .into_iter()
        .filter(|f| names(&fs::read_to_string(f).unwrap(), "foretold"))
        .map(|f| f.strip_prefix(&server).unwrap().to_owned())
        .collect();
    users.sort();
    assert_eq!(
        users,
        [Path::new("demo/fill.rs"), Path::new("random.rs")].map(Path::to_owned)
    );
}

/// A change of the ledger moves breaches; only one place does both.
#[test]
fn only_reassessment_changes_the_ledger() {
    let server = workspace().join("server/src");
    let changes = ["ledger::enter(", "ledger::extend(", "ledger::revoke("];
    let users: Vec<_> = sources(&server)
        .into_iter()
        .filter(|f| {
            let source = fs::read_to_string(f).unwrap();
            changes.iter().any(|change| source.contains(change))
        })
        .map(|f| f.strip_prefix(&server).unwrap().to_owned())
        .collect();
    assert_eq!(users, [Path::new("service/reassessment.rs")].map(Path::to_owned));
}
