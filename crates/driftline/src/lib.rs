//! The program: reads the command line, the environment and the clock once, and hands them down.
//!
//! Five wings, each of which uses those after it and none before it: `command` (what is typed), `operate` (what is due, who
//! works on it), `run` (one market and period), `mail` (what is sent, what an owner is told) and `setup` (the project, its jobs and
//! stores, the process).

pub mod command;
pub mod error;
pub mod exit;
pub mod mail;
pub mod operate;
pub mod run;
pub mod setup;
