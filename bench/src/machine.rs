//! What a figure was measured on.

use std::fs;

use rampart_server::clock::Clock;

/// The machine in one line: date, processors, kernel.
pub(crate) fn describe() -> String {
    let system = rustix::system::uname();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{}, {cores} processors, {} {}",
        Clock::system().now().format("%Y-%m-%d %H:%M UTC"),
        system.sysname().to_string_lossy(),
        system.release().to_string_lossy()
    )
}

/// How many tasks ran or waited for a processor in the last minute, on average. A figure that was measured beside other
/// work has to be read with it.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}
