use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What stands between the server and its database and can be cut.
pub struct Proxy {
    pub port: u16,
    is_cut: watch::Sender<bool>,
}

impl Proxy {
    pub async fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_cut = watch::Sender::new(false);
        let cutting = is_cut.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut cut = cutting.subscribe();
                if *cut.borrow() {
                    continue;
                }
                tokio::spawn(async move {
                    tokio::select! {
                        _ = pass(stream, to) => {}
                        _ = cut.wait_for(|cut| *cut) => {}
                    }
                });
            }
        });
        Self { port, is_cut }
    }

    /// Ends every connection and takes no new one, or takes them again.
    pub fn cut(&self, cut: bool) {
        self.is_cut.send_replace(cut);
    }
}

async fn pass(mut from: TcpStream, to: SocketAddr) -> std::io::Result<()> {
    let mut to = TcpStream::connect(to).await?;
    copy_bidirectional(&mut from, &mut to).await?;
    Ok(())
}
