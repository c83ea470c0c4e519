//! Rampart on this machine, from a checkout.

use std::env;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::checkout::Checkout;
use crate::{bundle, process};

const LISTEN: &str = "127.0.0.1:3000";
const MAIL: &str = "admin@rampart.localhost";

/// Builds and runs Rampart on 127.0.0.1:3000 with SQLite in ./data; Ctrl-C stops it
///
/// The first run makes a user with every staff role and prints a link to sign in with. Settings are
/// read from the environment (RAMPART_SECTION_KEY) and from --config, as by the program itself.
/// With --demo the data is in ./data-demo, made up, and the first run prints who can sign in.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A configuration file of Rampart, which then also says where the data is
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Show a year of made-up data
    #[arg(long)]
    demo: bool,
    /// Passed on to `rampart serve`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(checkout: &Checkout, args: &Args) -> Result<ExitCode> {
    bundle::build(checkout)?;
    process::run_successfully(checkout.cargo().args(["build", "--package", "rampart-server"]))?;

    let data = checkout.path(if args.demo { "data-demo" } else { "data" });
    fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
    let secret_key = secret_key(&data)?;
    let config = args.config.as_deref().map(fs::canonicalize).transpose();
    let config = config.context("cannot find the configuration file")?;
    let rampart = || {
        let mut command = Command::new(checkout.built("debug/rampart"));
        command.current_dir(&data);
        match &config {
            Some(file) => command.arg("--config").arg(file),
            None => with_defaults(&mut command, &data, &secret_key),
        };
        command
    };

    // With settings of one's own one has a database of one's own, and users in it.
    let ours = config.is_none() && env::var_os("RAMPART_DATABASE_URL").is_none();
    if args.demo {
        // It says itself what it does and who can sign in.
        println!("Rampart is starting on http://{LISTEN}/ with demonstration data.");
        if ours {
            println!("To begin anew, remove {}.", data.display());
        }
    } else if ours && !data.join("rampart.db").exists() {
        add_first_user(rampart())?;
    } else if ours {
        println!(
            "Rampart is starting on http://{LISTEN}/ with the users it had before.\n\
             To begin anew, remove {}.",
            data.display()
        );
    }
    // Takes our place, so that Ctrl-C and the exit status are Rampart's own.
    let demo = args.demo.then_some("--demo");
    let error = rampart().arg("serve").args(demo).args(&args.arguments).exec();
    Err(anyhow!(error).context("cannot run rampart"))
}

/// The file of the key that shared secrets are encrypted under, made when it is missing.
fn secret_key(data: &Path) -> Result<PathBuf> {
    let file = data.join("secrets.key");
    let options = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&file);
    match options {
        Ok(mut made) => {
            let mut key = [0; 32];
            fs::File::open("/dev/urandom")
                .and_then(|mut random| random.read_exact(&mut key))
                .and_then(|()| writeln!(made, "{}", STANDARD.encode(key)))
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).with_context(|| format!("cannot make {}", file.display())),
    }
    Ok(file)
}

fn with_defaults<'a>(command: &'a mut Command, data: &Path, secret_key: &Path) -> &'a mut Command {
    if env::var_os("RAMPART_SECRETS_KEY").is_none() && env::var_os("RAMPART_SECRETS_KEY_FILE").is_none() {
        command.env("RAMPART_SECRETS_KEY_FILE", secret_key);
    }
    let defaults = [
        ("RAMPART_DATABASE_PATH", data.to_string_lossy().into_owned()),
        ("RAMPART_SERVER_LISTEN", LISTEN.to_owned()),
        ("RAMPART_SERVER_PUBLIC_URL", format!("http://{LISTEN}")),
    ];
    for (name, value) in defaults {
        if env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    command
}

fn add_first_user(mut rampart: Command) -> Result<()> {
    println!("The database is empty. This link signs in {MAIL}, once:");
    process::run_successfully(
        rampart
            .args(["user", "add", "--mail", MAIL, "--name", "Administrator"])
            .args(["--role", "administrator", "--role", "program_manager"])
            .args(["--role", "reviewer"]),
    )?;
    println!("Open it as soon as Rampart says that it is listening on http://{LISTEN}/.");
    Ok(())
}
