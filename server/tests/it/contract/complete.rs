//! Every function of the store has a contract.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The files of a folder, each with its module: parts of one lie in a folder of its name.
fn modules(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(modules(&path).into_iter().map(|(_, part)| (module.clone(), part)));
        } else {
            found.push((module, path));
        }
    }
    found
}

#[test]
fn every_function_of_the_store_is_called_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut found, mut missing) = (0, Vec::new());
    for (module, file) in modules(&root.join("src/store")) {
        let tests = fs::read_to_string(root.join(format!("tests/it/contract/{module}.rs"))).unwrap_or_default();
        // Methods, which are indented, open databases and transactions: every test calls those.
        for line in fs::read_to_string(&file).unwrap().lines() {
            let Some(signature) = line.strip_prefix("pub async fn ") else {
                continue;
            };
            let name: String = signature
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            found += 1;
            if !tests.contains(&format!("{module}::{name}(")) {
                missing.push(format!("{module}::{name}"));
            }
        }
    }
    assert!(
        found > 90,
        "only {found} functions were found in src/store; is this test looking in the right place?"
    );
    assert!(
        missing.is_empty(),
        "without a test in tests/it/contract/<module>.rs: {}",
        missing.join(", ")
    );
}
