use std::{io::Write, net::SocketAddr, process::ExitCode, sync::Arc};

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::Args;
use tokio::{net::TcpListener, signal};

use super::open;
use crate::{clock::Clock, config::Config, http, jobs::Jobs, mail::send::Relay};

#[derive(Args)]
pub(super) struct Serve {
    /// Only check the configuration and print what applies.
    #[arg(long)]
    check: bool,
}

impl Serve {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        if self.check {
            println!("{config:#?}\nthe configuration is fine");
            return Ok(ExitCode::SUCCESS);
        }
        let relay = Relay::new(&config.mail)?;
        let listen = config.server.listen;
        let service = Arc::new(open(config, clock()?).await?);
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen} (server.listen)"))?;
        let address = listener.local_addr()?;
        let jobs = Jobs::start(service.clone(), relay);
        let router = http::router(service.clone()).into_make_service_with_connect_info::<SocketAddr>();
        // Whoever started the server waits for this line.
        println!("listening on http://{address}");
        std::io::stdout().flush()?;
        axum::serve(listener, router).with_graceful_shutdown(stopped()).await?;
        jobs.stop().await;
        service.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// The system's clock; in tests one that runs faster.
fn clock() -> anyhow::Result<Clock> {
    let Ok(rate) = std::env::var("RAMPART_TEST_CLOCK_RATE") else {
        return Ok(Clock::system());
    };
    tracing::warn!(rate, "the clock runs fast: this is for tests only");
    let rate = rate.parse().context("RAMPART_TEST_CLOCK_RATE is no number")?;
    Ok(match std::env::var("RAMPART_TEST_CLOCK_SINCE") {
        Ok(agreed) => {
            let agreed: DateTime<Utc> = agreed
                .parse()
                .context("RAMPART_TEST_CLOCK_SINCE is no time as in RFC 3339")?;
            Clock::fast_since(rate, agreed)
        }
        Err(_) => Clock::fast(rate),
    })
}

async fn stopped() {
    let terminated = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = signal::ctrl_c() => {}
        () = terminated => {}
    }
    tracing::info!("stopping");
}
