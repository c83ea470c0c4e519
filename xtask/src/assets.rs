//! Files for the browser: hashes over them, compressed copies of them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::checkout::Checkout;

/// What becomes notably smaller; images and fonts are compressed in themselves.
const COMPRESSIBLE: [&str; 10] = [
    "css",
    "html",
    "ico",
    "js",
    "json",
    "svg",
    "txt",
    "wasm",
    "webmanifest",
    "xml",
];

#[derive(Default)]
pub(crate) struct Hash(Sha256);

impl Hash {
    /// Adds one piece, with its length, so that no two lists of pieces look alike.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    pub(crate) fn hex(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Long enough for a file name that may be cached for ever.
    pub(crate) fn short(self) -> String {
        let mut hex = self.hex();
        hex.truncate(16);
        hex
    }

    /// Of all files in some folders of the checkout, names and contents.
    pub(crate) fn of_paths(checkout: &Checkout, paths: &[&str]) -> Result<String> {
        let mut hash = Self::default();
        for path in paths {
            let path = checkout.path(path);
            for file in files_in(&path)? {
                let inside = file.strip_prefix(&path).unwrap_or(&file);
                hash.add(inside.to_string_lossy().as_bytes());
                hash.add(&fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?);
            }
        }
        Ok(hash.hex())
    }
}

/// All files in a folder and those below it, in the order of their names; a file is its own list,
/// a path that does not exist an empty one.
pub(crate) fn files_in(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    if path.is_dir() {
        let mut entries = fs::read_dir(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .with_context(|| format!("cannot list {}", path.display()))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            files.extend(files_in(&entry.path())?);
        }
    }
    Ok(files)
}

/// Makes `copy` hold exactly the files of `original`, with compressed copies.
pub(crate) fn mirror(original: &Path, copy: &Path) -> Result<()> {
    fs::remove_dir_all(copy)
        .and_then(|()| fs::create_dir_all(copy))
        .with_context(|| format!("cannot empty {}", copy.display()))?;
    for file in files_in(original)? {
        let content = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let to = copy.join(file.strip_prefix(original)?);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        write(&to, &content)?;
    }
    Ok(())
}

/// Writes a file and, where they are smaller, its `.br` and `.gz` copies.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<()> {
    replace(path, content)?;
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    if COMPRESSIBLE.contains(&extension.as_ref()) {
        for (suffix, copy) in [("br", brotli(content)?), ("gz", gzip(content)?)] {
            if copy.len() < content.len() {
                replace(&path.with_added_extension(suffix), &copy)?;
            }
        }
    }
    Ok(())
}

/// Writes a file so that a reader finds the old content or the new, never a part. One that has this content already is left
/// as it is: a release build embeds dist/, and would be made again for a new time alone.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    let partial = path.with_added_extension("partial");
    fs::write(&partial, content)
        .and_then(|()| fs::rename(&partial, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn brotli(mut content: &[u8]) -> Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 11,
        size_hint: content.len(),
        ..Default::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut content, &mut compressed, &parameters).context("cannot compress")?;
    Ok(compressed)
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    encoder.finish().context("cannot compress")
}
