//! A mail server that a test can put into a mood.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
};
use url::Url;

/// How the server takes mail.
#[derive(Clone, Copy, Debug)]
pub enum Mood {
    Takes,
    /// Refuses for now: 451.
    Later,
    /// Refuses this recipient for good: 550.
    Never(&'static str),
}

pub struct MailServer {
    port: u16,
    mood: Arc<Mutex<Mood>>,
    received: tokio::sync::Mutex<mpsc::UnboundedReceiver<String>>,
    asked: watch::Receiver<usize>,
    taken: Arc<AtomicUsize>,
}

impl MailServer {
    pub async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, received) = mpsc::unbounded_channel();
        let (asking, asked) = watch::channel(0);
        let (mood, taken) = (Arc::new(Mutex::new(mood)), Arc::new(AtomicUsize::new(0)));
        let (shared, counter) = (mood.clone(), taken.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, counter, sender, asking) =
                    (shared.clone(), counter.clone(), sender.clone(), asking.clone());
                // A client that hangs up is none of our business.
                tokio::spawn(async move { converse(stream, &shared, &counter, &sender, &asking).await.ok() });
            }
        });
        Self {
            port,
            mood,
            received: tokio::sync::Mutex::new(received),
            asked,
            taken,
        }
    }

    pub fn url(&self) -> Url {
        format!("smtp://127.0.0.1:{}", self.port).parse().unwrap()
    }

    pub fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// The next mail that was taken, as it came over the wire.
    pub async fn next(&self) -> String {
        self.received.lock().await.recv().await.unwrap()
    }

    /// Returns once the server was asked to take mail so many times.
    pub async fn asked(&self, times: usize) {
        self.asked.clone().wait_for(|asked| *asked >= times).await.unwrap();
    }

    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }
}

async fn converse(
    stream: TcpStream,
    mood: &Mutex<Mood>,
    taken: &AtomicUsize,
    sender: &mpsc::UnboundedSender<String>,
    asking: &watch::Sender<usize>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 test\r\n").await?;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.to_uppercase();
        let mood_now = *mood.lock().unwrap();
        let answer: &[u8] = if command.starts_with("RCPT") {
            asking.send_modify(|asked| *asked += 1);
            match mood_now {
                Mood::Takes => b"250 fine\r\n",
                Mood::Later => b"451 greylisted, come back later\r\n",
                Mood::Never(recipient) if line.contains(recipient) => b"550 no such mailbox\r\n",
                Mood::Never(_) => b"250 fine\r\n",
            }
        } else if command.starts_with("DATA") {
            stream.write_all(b"354 go on\r\n").await?;
            let mut mail = String::new();
            while !mail.ends_with("\r\n.\r\n") {
                if stream.read_line(&mut mail).await? == 0 {
                    return Ok(());
                }
            }
            taken.fetch_add(1, Ordering::SeqCst);
            // The test may have seen enough.
            let _ = sender.send(mail);
            b"250 taken\r\n"
        } else if command.starts_with("EHLO") {
            b"250-test\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n"
        } else if command.starts_with("QUIT") {
            stream.write_all(b"221 bye\r\n").await?;
            return Ok(());
        } else {
            b"250 fine\r\n"
        };
        stream.write_all(answer).await?;
    }
}
