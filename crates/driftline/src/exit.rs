//! Exit codes: each kind of failure has its own, documented in `driftline --help` and `jobs/OPERATIONS.md`.

use crate::error::Error;

/// The table that `--help` and `jobs/OPERATIONS.md` show.
pub const TABLE: &str = "\
Exit codes:
   0  done                               30  an audit found rows
   2  wrong usage                        31  a table broke its contract
  10  job file wrong                     32  no model can be fitted
  11  unknown market                     40  warehouse or output not writable
  12  period wrong or not over           41  published by another run meanwhile
  13  SQL model wrong                    42  nothing published that was asked for
  14  template wrong                     43  another run works on it
  20  exports: column missing/retyped    44  stopped by a signal
  21  exports: unreadable Parquet        50  mail not sent
  22  exports: nothing there             60  out of memory
  23  exports: start after the period    61  no room for temporary files
  24  exports: replaced during the run   70  a bug: please report it
  25  exports: store does not answer     34  a revision of too few customers
  33  exports: fewer rows than usual or last time";

/// Maps every error to its documented code.
pub fn code(error: &Error) -> u8 {
    use driftline_lake::Error as Lake;
    use driftline_lake::advice::arithmetic;
    match error {
        Error::Job { .. } | Error::Override { .. } | Error::NoSuchJob { .. } | Error::ProjectFile { .. } => 10,
        Error::UnknownMarket { .. } | Error::Period { source: driftline_core::Error::Market(_) } => 11,
        Error::Period { .. } | Error::PeriodNotOver { .. } | Error::PeriodNotExported { .. } => 12,
        Error::NoExports { .. } | Error::NoSales { .. } | Error::NoMarkets { .. } => 22,
        Error::ExportsFell { .. } => 33,
        Error::Lake { source, .. } => match source {
            Lake::ProjectFile { .. } | Lake::ModelFile { .. } | Lake::Plan { .. } | Lake::UnitTest { .. } => 13,
            Lake::SourceContract { .. } | Lake::Exported { .. } => 20,
            Lake::SourceUnreadable { .. } => 21,
            Lake::EmptySource { .. } => 22,
            Lake::SourceTooLate { .. } => 23,
            Lake::InputChanged { .. } => 24,
            Lake::Store { .. } => 25,
            Lake::Audit { .. } => 30,
            Lake::Contract { .. } | Lake::Staged { .. } => 31,
            Lake::Execute { source, .. } if arithmetic(source).is_some() => 31,
            Lake::Memory { .. } => 60,
            Lake::Output { .. } => 40,
            Lake::DiskFull { .. } | Lake::Scratch { .. } => 61,
            Lake::Execute { .. } | Lake::Engine(_) | Lake::Shape { .. } => 70,
        },
        Error::Report { source, .. } => match source {
            driftline_report::Error::Server { .. } | driftline_report::Error::Message { .. } => 50,
            _ => 14,
        },
        Error::Ledger { source, .. } => match source {
            driftline_ledger::Error::Superseded { .. } => 41,
            driftline_ledger::Error::Fenced { .. } => 43,
            _ => 40,
        },
        Error::Simulation { source, .. } => match source {
            driftline_simulation::Error::Output { .. } => 40,
            driftline_simulation::Error::Market { .. } => 70,
        },
        Error::Url { .. } | Error::Output { .. } => 40,
        Error::NotPublished { .. } | Error::NoSuchRun { .. } => 42,
        Error::Busy { .. } => 43,
        Error::Stopped { .. } => 44,
        Error::MailsNotSent { .. } => 50,
        Error::Several { exit_code, .. } => *exit_code,
        Error::Fit { .. } => 32,
        Error::RevisionOfFew { .. } => 34,
        Error::Workbench { .. } => 2,
        Error::Bridge { .. } | Error::Json(_) | Error::Runtime(_) => 70,
    }
}
