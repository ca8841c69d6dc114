//! The mails of publications, and what the owner of a job is told.

pub(crate) mod mail_server;
pub mod outbox;
pub(crate) mod owner;
