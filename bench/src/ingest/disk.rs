//! What the disk can do by itself.

use std::io::{Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

const MEASURED_FOR: Duration = Duration::from_secs(3);

/// How often a page can be written and made durable in a second, by one who does nothing else.
pub(super) fn syncs_per_second(folder: &Path) -> Result<f64> {
    let mut file = tempfile::tempfile_in(folder)?;
    let (page, began) = ([7; 4_096], Instant::now());
    let mut syncs = 0;
    while began.elapsed() < MEASURED_FOR {
        // SQLite's log is written over as well, once it has its length.
        if syncs % 1_000 == 0 {
            file.rewind()?;
        }
        file.write_all(&page)?;
        file.sync_data()?;
        syncs += 1;
    }
    Ok(f64::from(syncs) / began.elapsed().as_secs_f64())
}
