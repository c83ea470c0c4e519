//! What the browser gets: WebAssembly with its script, the style sheet, the static files, in `dist/`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use wasm_bindgen_cli_support::Bindgen;

use crate::assets::{self, Hash};
use crate::checkout::Checkout;
use crate::{process, report, tools};

/// Builds what the browser gets into dist/
///
/// dist/pkg has the script, the WebAssembly and the style sheet under names that carry a hash of
/// their content, dist/public the files of public/ under their own names, each with a .br and a .gz
/// copy where compression helps, and dist/manifest.json the current names. What has not changed is
/// not built again.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Build everything again, changed or not
    #[arg(long)]
    force: bool,
}

/// The current names, for the server: `dist/manifest.json`.
#[derive(Clone, Default, Deserialize, Serialize)]
struct Manifest {
    /// Name of the script without `.js`; the WebAssembly is the same name with `_bg.wasm`
    script: String,
    style: String,
}

/// Hashes of what the files in `dist/` were made from: `dist/.inputs`.
#[derive(Default, Deserialize, Serialize)]
struct Inputs {
    script: String,
    style: String,
    public: String,
}

pub(crate) fn run(checkout: &Checkout, args: &Args) -> Result<()> {
    if args.force {
        fs::remove_file(checkout.path("dist/.inputs")).ok();
    }
    build(checkout)
}

pub(crate) fn build(checkout: &Checkout) -> Result<()> {
    prepare(checkout)?;
    let dist = checkout.path("dist");
    let pkg = dist.join("pkg");
    let old: Manifest = read_json(&dist.join("manifest.json"));
    let before: Inputs = read_json(&dist.join(".inputs"));
    let now = Inputs {
        script: script_inputs(checkout)?,
        style: Hash::of_paths(checkout, &["style"])?,
        public: Hash::of_paths(checkout, &["public"])?,
    };

    let wasm = pkg.join(format!("{}_bg.wasm", old.script));
    let script = if now.script == before.script && wasm.exists() {
        old.script
    } else {
        timed("script and WebAssembly", || build_script(checkout, &pkg))?
    };
    let style = if now.style == before.style && pkg.join(&old.style).is_file() {
        old.style
    } else {
        timed("style sheet", || build_style(checkout, &pkg))?
    };
    if now.public != before.public {
        timed("static files", || {
            assets::mirror(&checkout.path("public"), &dist.join("public"))
        })?;
    }

    // Old files go last, so that a server which reads dist/ finds all that its manifest names.
    let manifest = Manifest { script, style };
    write_json(&dist.join("manifest.json"), &manifest)?;
    remove_all_but(&pkg, &manifest)?;
    write_json(&dist.join(".inputs"), &now)
}

/// Makes the folders, which have to exist for the server to compile.
pub(crate) fn prepare(checkout: &Checkout) -> Result<()> {
    for folder in ["dist/pkg", "dist/public"] {
        fs::create_dir_all(checkout.path(folder)).with_context(|| format!("cannot make {folder}"))?;
    }
    Ok(())
}

fn script_inputs(checkout: &Checkout) -> Result<String> {
    let compiler = process::run_quietly(std::process::Command::new("rustc").arg("-vV"))?;
    let sources = Hash::of_paths(
        checkout,
        &[
            "Cargo.lock",
            "Cargo.toml",
            "app/Cargo.toml",
            "app/src",
            "domain/Cargo.toml",
            "domain/src",
        ],
    )?;
    let mut hash = Hash::default();
    hash.add(compiler.as_bytes());
    hash.add(sources.as_bytes());
    // How it is made counts as well as what from.
    hash.add(include_bytes!("bundle.rs"));
    Ok(hash.hex())
}

fn build_script(checkout: &Checkout, pkg: &Path) -> Result<String> {
    tools::wasm_target()?;
    let mut cargo = checkout.cargo();
    // The crate type is given here: a manifest that lists rlib beside cdylib loses LTO (cargo#9672).
    cargo
        .args(["rustc", "--package", "rampart-app", "--lib"])
        .args(["--crate-type", "cdylib"])
        .args(["--target", "wasm32-unknown-unknown"])
        .args(["--profile", "wasm-release"])
        .args(["--no-default-features", "--features", "hydrate"]);
    process::run_successfully(&mut cargo)?;
    let wasm = checkout.built("wasm32-unknown-unknown/wasm-release/rampart_app.wasm");

    let mut output = Bindgen::new()
        .input_path(&wasm)
        .web(true)?
        .typescript(false)
        // Without this the file is three times as large.
        .remove_name_section(true)
        .remove_producers_section(true)
        // The page's loader passes the address in; the default one would be the name before hashing.
        .omit_default_module_path(true)
        .generate_output()
        .context("wasm-bindgen failed")?;
    ensure!(
        output.snippets().values().all(Vec::is_empty) && output.local_modules().is_empty(),
        "a dependency brings a script of its own, which has no place in dist/pkg yet"
    );
    let script = output.js().to_owned();
    let wasm = output.wasm_mut().emit_wasm();

    // One name for both: Leptos derives the second from the first.
    let mut hash = Hash::default();
    hash.add(script.as_bytes());
    hash.add(&wasm);
    let name = format!("rampart-{}", hash.short());
    assets::write(&pkg.join(format!("{name}.js")), script.as_bytes())?;
    assets::write(&pkg.join(format!("{name}_bg.wasm")), &wasm)?;
    Ok(name)
}

/// All style sheets in the order of their names, which begin with a number.
fn build_style(checkout: &Checkout, pkg: &Path) -> Result<String> {
    let mut style = String::new();
    for file in assets::files_in(&checkout.path("style"))? {
        if file.extension().is_some_and(|extension| extension == "css") {
            style += &fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            style.push('\n');
        }
    }
    let mut hash = Hash::default();
    hash.add(style.as_bytes());
    let name = format!("rampart-{}.css", hash.short());
    assets::write(&pkg.join(&name), style.as_bytes())?;
    Ok(name)
}

fn remove_all_but(pkg: &Path, manifest: &Manifest) -> Result<()> {
    let mut keep = BTreeSet::new();
    for name in [
        format!("{}.js", manifest.script),
        format!("{}_bg.wasm", manifest.script),
        manifest.style.clone(),
    ] {
        keep.extend(["", ".br", ".gz"].map(|copy| pkg.join(format!("{name}{copy}"))));
    }
    for file in assets::files_in(pkg)? {
        if !keep.contains(&file) {
            fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
        }
    }
    Ok(())
}

fn timed<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let made = work()?;
    println!("bundled: {what} ({})", report::seconds(start.elapsed()));
    Ok(made)
}

/// What cannot be read is as good as missing: it is made again.
fn read_json<T: Default + for<'a> Deserialize<'a>>(path: &Path) -> T {
    fs::read(path)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)? + "\n";
    assets::replace(path, text.as_bytes())
}
