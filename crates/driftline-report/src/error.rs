//! What can go wrong between a report and a mailbox.

use std::path::PathBuf;

/// What a server's answer means for the mail and for those after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not taken; the same may work later (a 4xx about the mail or its recipient).
    Later,
    /// Not taken, and never will be for this recipient (a 5xx about the mail or its recipient).
    Recipient,
    /// Not taken, and no other mail would be now: the server is silent, or it refused the session, the login or the sender.
    Everybody,
    /// The line broke after the last dot: it may have been taken or not.
    Unknown,
    /// No answer after the last dot until its deadline, or the signal to stop: as [`Refusal::Unknown`], and no other mail is to
    /// wait for that server now.
    Silence,
}

/// Errors of `driftline-report`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read template {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },

    #[error("template {name} of {}: {problem}", folder.display())]
    Template { folder: PathBuf, name: String, problem: String },

    #[error("{}: {problem}", path.display())]
    Brand { path: PathBuf, problem: String },

    #[error("picture: {problem}")]
    Picture { problem: String },

    #[error("sample {}: {problem}", path.display())]
    Sample { path: PathBuf, problem: String },

    #[error("site: {problem}")]
    Site { problem: String },

    #[error("mail to {recipient}: {problem}")]
    Message { recipient: String, problem: String },

    #[error("mail server {server}: {problem}")]
    Server { server: String, problem: String, refusal: Refusal },
}

pub type Result<T> = std::result::Result<T, Error>;
