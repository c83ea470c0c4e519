//! A mail server that a test can put into a mood.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
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
    /// Takes so long for each line.
    Slow(Duration),
    /// Answers nothing about this recipient until the mood changes.
    Holds(&'static str),
    /// Says nothing at all, not even a greeting.
    Silent,
    /// Refuses for now: 451.
    Later,
    /// Refuses this recipient for good: 550.
    Never(&'static str),
    /// Hangs up in the middle of the mail.
    DropsInData,
    /// Takes the mail and hangs up before it says so.
    DropsAfterData,
}

pub struct MailServer {
    port: u16,
    shared: Arc<Shared>,
    received: tokio::sync::Mutex<mpsc::UnboundedReceiver<String>>,
}

struct Shared {
    mood: watch::Sender<Mood>,
    /// How often it was asked to take mail.
    asked: watch::Sender<usize>,
    /// The mails that were taken, as they came over the wire.
    taken: Mutex<Vec<String>>,
    sender: mpsc::UnboundedSender<String>,
}

impl MailServer {
    pub async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, received) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            mood: watch::Sender::new(mood),
            asked: watch::Sender::new(0),
            taken: Mutex::default(),
            sender,
        });
        let listening = shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = listening.clone();
                // A client that hangs up is none of our business.
                tokio::spawn(async move { shared.converse(stream).await.ok() });
            }
        });
        Self {
            port,
            shared,
            received: tokio::sync::Mutex::new(received),
        }
    }

    pub fn url(&self) -> Url {
        format!("smtp://127.0.0.1:{}", self.port).parse().unwrap()
    }

    pub fn set(&self, mood: Mood) {
        self.shared.mood.send_replace(mood);
    }

    /// The next mail that was taken, as it came over the wire.
    pub async fn next(&self) -> String {
        self.received.lock().await.recv().await.unwrap()
    }

    /// Returns once the server was asked to take mail so many times.
    pub async fn asked(&self, times: usize) {
        let mut asked = self.shared.asked.subscribe();
        asked.wait_for(|asked| *asked >= times).await.unwrap();
    }

    pub fn taken(&self) -> usize {
        self.shared.taken.lock().unwrap().len()
    }

    /// Every mail that was taken, in order.
    pub fn all_taken(&self) -> Vec<String> {
        self.shared.taken.lock().unwrap().clone()
    }
}

impl Shared {
    async fn converse(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut moods = self.mood.subscribe();
        let _ = moods.wait_for(|mood| !matches!(mood, Mood::Silent)).await;
        stream.write_all(b"220 test\r\n").await?;
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let mood = *self.mood.borrow();
            if let Mood::Slow(pause) = mood {
                // Being slow is what is tested.
                tokio::time::sleep(pause).await;
            }
            let command = line.to_uppercase();
            let answer: &[u8] = if command.starts_with("RCPT") {
                self.asked.send_modify(|asked| *asked += 1);
                let holds = |mood: &Mood| matches!(mood, Mood::Holds(recipient) if line.contains(recipient));
                let _ = moods.wait_for(|mood| !holds(mood)).await;
                match mood {
                    Mood::Later => b"451 greylisted, come back later\r\n",
                    Mood::Never(recipient) if line.contains(recipient) => b"550 no such mailbox\r\n",
                    _ => b"250 fine\r\n",
                }
            } else if command.starts_with("DATA") {
                stream.write_all(b"354 go on\r\n").await?;
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") {
                    if stream.read_line(&mut mail).await? == 0 || matches!(mood, Mood::DropsInData) {
                        return Ok(());
                    }
                }
                self.taken.lock().unwrap().push(mail.clone());
                // The test may have seen enough.
                let _ = self.sender.send(mail);
                if matches!(mood, Mood::DropsAfterData) {
                    return Ok(());
                }
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
}
