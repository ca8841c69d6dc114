//! The program: reads the command line, the environment and the clock once, and hands them down.

pub mod args;
pub mod assemble;
pub mod command;
mod describe;
pub mod error;
pub mod exit;
mod fit;
pub mod job;
mod mail_server;
pub mod notes;
pub mod outbox;
pub mod outcome;
pub mod outlook;
pub mod plan;
pub mod progress;
pub mod project;
pub mod recall;
mod record;
mod restate;
pub mod run;
pub mod scratch;
pub mod segment;
pub mod store;
pub mod suppression;
pub mod unit_test;
pub mod value;
