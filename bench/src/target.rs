//! What is probed: a server that answers 200 to everything, over HTTP and HTTPS, in a process of its own so that its
//! processor time is counted apart.

use std::convert::Infallible;
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::process::Process;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where the certificate of the authority is written
    #[arg(long)]
    authority: PathBuf,
}

/// The line that the process prints once it listens.
#[derive(Clone, Copy, Deserialize, Serialize)]
pub(crate) struct Ports {
    pub http: u16,
    pub https: u16,
}

/// The running server.
pub(crate) struct Target {
    pub process: Process,
    pub ports: Ports,
    /// The authority that its certificate is from; `SSL_CERT_FILE` for whoever probes.
    pub authority: PathBuf,
}

impl Target {
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let authority = folder.join("authority.pem");
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("target").arg("--authority").arg(&authority);
        let (process, line) = Process::start_and_read(&mut command)?;
        let ports = serde_json::from_str(&line).context("the target does not say where it listens")?;
        Ok(Self {
            process,
            ports,
            authority,
        })
    }
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let acceptor = acceptor(&args.authority)?;
    let http = listen().await?;
    let https = listen().await?;
    let ports = Ports {
        http: http[0].local_addr()?.port(),
        https: https[0].local_addr()?.port(),
    };
    println!("{}", serde_json::to_string(&ports)?);
    for listener in http {
        tokio::spawn(accept(listener, |stream| async move {
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(answer))
                .await;
        }));
    }
    for listener in https {
        let acceptor = acceptor.clone();
        tokio::spawn(accept(listener, move |stream| encrypted(acceptor.clone(), stream)));
    }
    std::future::pending().await
}

/// The same free port on both loopback addresses: `localhost` may be either of them first.
async fn listen() -> Result<Vec<TcpListener>> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let second = SocketAddr::from((Ipv6Addr::LOCALHOST, first.local_addr()?.port()));
    // Not every machine has IPv6.
    let second = TcpListener::bind(second).await.ok();
    Ok(std::iter::once(first).chain(second).collect())
}

async fn accept<F: Future<Output = ()> + Send + 'static>(listener: TcpListener, serve: impl Fn(TcpStream) -> F) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::spawn(serve(stream));
        }
    }
}

async fn encrypted(acceptor: TlsAcceptor, stream: TcpStream) {
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let stream = TokioIo::new(stream);
    let _ = if http2 {
        http2::Builder::new(TokioExecutor::new())
            .serve_connection(stream, service_fn(answer))
            .await
    } else {
        http1::Builder::new().serve_connection(stream, service_fn(answer)).await
    };
}

async fn answer(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(b"up\n"))))
}

/// TLS with a certificate for `localhost`, from an authority that is made for this run.
fn acceptor(authority_file: &Path) -> Result<TlsAcceptor> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, "Rampart benchmark authority");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    fs::write(authority_file, authority.pem())?;

    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &authority)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
