//! The evaluation of a minute for 10,000 apps with four series each, and four weeks of data behind them.

pub(crate) mod evaluator;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use self::evaluator::Evaluated;
use crate::large::{APPS, Large, SERIES};
use crate::process::Process;
use crate::table::{Table, number};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where the database is kept between runs
    #[arg(long)]
    data: PathBuf,
    /// How many minutes are evaluated
    #[arg(long, default_value_t = 10)]
    ticks: u32,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let title = format!("Evaluation of {APPS} apps with {} series each, on SQLite", SERIES.len());
    let large = Large::kept(&args.data).await?;
    println!("{title}: {} minutes", args.ticks);
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("evaluator").arg("--data").arg(&large.folder).args([
        "--until",
        &large.until.0.to_string(),
        "--ticks",
        &args.ticks.to_string(),
    ]);
    let (process, line) = Process::start_and_read(&mut command)?;
    let evaluated: Evaluated = serde_json::from_str(&line).context("the evaluation failed")?;
    drop(process);

    let mut sorted = evaluated.millis.clone();
    sorted.sort_by(f64::total_cmp);
    let (worst, median) = (
        sorted.last().context("nothing was evaluated")?,
        sorted[sorted.len() / 2],
    );
    let mut table = Table::new();
    table.at_most("a minute, worst", 1_000.0, *worst, "ms");
    table.tell("… median", format!("{} ms", number(median)));
    table.tell(
        "… the first, when nothing was read before",
        format!("{} ms", number(evaluated.millis[0])),
    );
    table.tell("… mails that were queued", evaluated.mails.to_string());
    table.tell(
        "processor time of a minute",
        format!("{} ms", number(evaluated.cpu_millis)),
    );
    table.at_most("most memory", 512.0, evaluated.peak, "MB");
    table.at_most("database", 2_500.0, large.size()?, "MB");
    table.print(&title);
    Ok(())
}
