//! An SMTP server on loopback that does what a script says: it refuses, falls silent or injects at one place, and is honest
//! everywhere else. It keeps whose mails it took.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::product;

/// A place of the dialogue: that of the answer to a command, or to the last dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Greeting,
    Ehlo,
    Starttls,
    Auth,
    Mail,
    Rcpt,
    Data,
    Dot,
}

/// What the server does there instead of its part. From RCPT on only to the first recipient that it hears of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Say(&'static str),
    FallSilent,
    /// Says this in clear, then its honest part.
    Inject(&'static str),
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Script {
    pub(crate) act: Option<(At, Act)>,
    /// Whether it takes addresses beyond ASCII.
    pub(crate) knows_utf8: bool,
}

pub(crate) struct ScriptedSmtp {
    pub(crate) port: u16,
    shared: Arc<Shared>,
    silences: Mutex<Receiver<At>>,
}

struct Shared {
    script: Mutex<Script>,
    /// Recipients of mails that it took, in their order.
    taken: Mutex<Vec<String>>,
    /// What was in them, as it came over the line.
    bodies: Mutex<Vec<String>>,
    /// The first recipient that it heard of under this script.
    first: Mutex<Option<String>>,
    is_over: AtomicBool,
    silence: Sender<At>,
    tls: Arc<ServerConfig>,
}

impl ScriptedSmtp {
    pub(crate) fn start(script: Script) -> Result<Self, String> {
        let text = |error: std::io::Error| error.to_string();
        let listener = TcpListener::bind("127.0.0.1:0").map_err(text)?;
        let port = listener.local_addr().map_err(text)?.port();
        let (silence, silences) = channel();
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            taken: Mutex::default(),
            bodies: Mutex::default(),
            first: Mutex::default(),
            is_over: AtomicBool::new(false),
            silence,
            tls: tls()?,
        });
        let serving = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if serving.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let shared = serving.clone();
                // A line that breaks ends its thread.
                std::thread::spawn(move || Dialogue { wire: Wire::Clear(stream), shared }.hold());
            }
        });
        Ok(Self { port, shared, silences: Mutex::new(silences) })
    }

    /// Another script for connections from now on.
    pub(crate) fn follow(&self, script: Script) {
        *lock(&self.shared.script) = script;
        *lock(&self.shared.first) = None;
    }

    pub(crate) fn taken(&self) -> Vec<String> {
        lock(&self.shared.taken).clone()
    }

    /// The mails that it took, without the ends of lines that only the encoding put there.
    pub(crate) fn bodies(&self) -> Vec<String> {
        lock(&self.shared.bodies).clone()
    }

    /// Waits until it fell silent.
    pub(crate) fn until_silent(&self) -> Result<At, String> {
        lock(&self.silences).recv_timeout(Duration::from_secs(60)).map_err(|_| "nobody came to the silence".to_owned())
    }
}

impl Drop for ScriptedSmtp {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tls() -> Result<Arc<ServerConfig>, String> {
    let folder = product::root().join("tests/cases/smtp");
    let certificate = CertificateDer::from_pem_file(folder.join("server.pem")).map_err(|error| error.to_string())?;
    let key = PrivateKeyDer::from_pem_file(folder.join("server-key.pem")).map_err(|error| error.to_string())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .map_err(|error| error.to_string())?;
    Ok(Arc::new(config))
}

enum Wire {
    Clear(TcpStream),
    Encrypted(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Wire {
    /// Byte by byte, so that nothing of a TLS handshake is read as a line.
    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let mut byte = [0];
        while line.last() != Some(&b'\n') {
            let count = match self {
                Self::Clear(stream) => stream.read(&mut byte),
                Self::Encrypted(stream) => stream.read(&mut byte),
            };
            if count.ok()? == 0 {
                return None;
            }
            line.push(byte[0]);
        }
        Some(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    fn write(&mut self, text: &str) -> Option<()> {
        match self {
            Self::Clear(stream) => stream.write_all(text.as_bytes()),
            Self::Encrypted(stream) => stream.write_all(text.as_bytes()).and_then(|()| stream.flush()),
        }
        .ok()
    }
}

struct Dialogue {
    wire: Wire,
    shared: Arc<Shared>,
}

impl Dialogue {
    /// Until the client leaves, or the script ends it.
    fn hold(mut self) -> Option<()> {
        let script = *lock(&self.shared.script);
        self.answer(script, At::Greeting, None, "220 test ESMTP\r\n")?;
        let mut to = None;
        loop {
            let line = self.wire.line()?;
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
            let is_its_part = match verb.as_str() {
                "EHLO" => self.answer(script, At::Ehlo, None, &self.offers(script))?,
                "STARTTLS" => self.answer(script, At::Starttls, None, "220 go\r\n")?,
                "AUTH" => self.answer(script, At::Auth, None, "235 2.7.0 in\r\n")?,
                "MAIL" => self.answer(script, At::Mail, None, "250 2.1.0 ok\r\n")?,
                "RCPT" => {
                    to = line.split_once('<').map(|(_, rest)| rest.trim_end_matches('>').to_owned());
                    self.answer(script, At::Rcpt, to.as_deref(), "250 2.1.5 ok\r\n")?
                }
                "DATA" => self.answer(script, At::Data, to.as_deref(), "354 go\r\n")?,
                "RSET" | "NOOP" => self.wire.write("250 2.0.0 ok\r\n").map(|()| true)?,
                "QUIT" => return self.wire.write("221 2.0.0 bye\r\n"),
                _ => self.wire.write("502 5.5.1 unknown\r\n").map(|()| false)?,
            };
            match verb.as_str() {
                "STARTTLS" if is_its_part => self = self.encrypted()?,
                "DATA" if is_its_part => {
                    let mut body = String::new();
                    loop {
                        match self.wire.line()?.as_str() {
                            "." => break,
                            line if line.ends_with('=') => body.push_str(line.trim_end_matches('=')),
                            line => body.push_str(&format!("{line}\n")),
                        }
                    }
                    lock(&self.shared.bodies).push(body);
                    if self.answer(script, At::Dot, to.as_deref(), "250 2.0.0 taken\r\n")? {
                        lock(&self.shared.taken).extend(to.take());
                    }
                }
                _ => {}
            }
        }
    }

    fn offers(&self, script: Script) -> String {
        let starttls = if matches!(self.wire, Wire::Clear(_)) { "250-STARTTLS\r\n" } else { "" };
        let utf8 = if script.knows_utf8 { "250-SMTPUTF8\r\n" } else { "" };
        format!("250-test\r\n{starttls}{utf8}250-8BITMIME\r\n250 AUTH PLAIN LOGIN\r\n")
    }

    /// Its part, or what the script has here; whether it was its part.
    fn answer(&mut self, script: Script, at: At, to: Option<&str>, part: &str) -> Option<bool> {
        let is_first = to.is_none_or(|to| lock(&self.shared.first).get_or_insert_with(|| to.to_owned()) == to);
        match script.act {
            Some((place, act)) if place == at && is_first => match act {
                Act::Say(words) => {
                    self.wire.write(&format!("{words}\r\n"))?;
                    // After 421 and a refused greeting the server closes (RFC 5321, sections 3.1 and 3.8).
                    if words.starts_with("421") || at == At::Greeting { None } else { Some(false) }
                }
                Act::FallSilent => {
                    let _ = self.shared.silence.send(at);
                    // Reads on and says nothing, until the client leaves.
                    while self.wire.line().is_some() {}
                    None
                }
                // In one packet with its part, as an attacker on the way would put it.
                Act::Inject(words) => self.wire.write(&format!("{part}{words}")).map(|()| true),
            },
            _ => self.wire.write(part).map(|()| true),
        }
    }

    fn encrypted(self) -> Option<Self> {
        let Wire::Clear(stream) = self.wire else { return None };
        let connection = ServerConnection::new(self.shared.tls.clone()).ok()?;
        Some(Self { wire: Wire::Encrypted(Box::new(StreamOwned::new(connection, stream))), shared: self.shared })
    }
}
