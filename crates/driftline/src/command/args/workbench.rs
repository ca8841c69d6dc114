//! What needs no job: files and logs.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, ValueEnum};

use super::limits;

/// A purchase log and the names of its columns.
#[derive(Debug, Args)]
pub struct LogOptions {
    /// Parquet file, or folder of them: one row per order or order line.
    pub file: PathBuf,
    /// Column of the customer's id (text or number); rows without one are left out and counted.
    #[arg(long, value_name = "NAME", default_value = "customer_id")]
    pub customer_column: String,
    /// Column of the time of the order (date or timestamp in UTC).
    #[arg(long, value_name = "NAME", default_value = "ordered_at")]
    pub time_column: String,
    /// Column of the net amount; negative is a refund. With nulls in it there is no spend model.
    #[arg(long, value_name = "NAME", default_value = "net_amount")]
    pub amount_column: String,
    /// Time zone whose calendar days count as purchase days.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub time_zone: chrono_tz::Tz,
    /// Write one row a customer with their scores to this Parquet file. With a discount the value and its range are
    /// discounted; expected purchases never are.
    #[arg(long, value_name = "OUT.parquet")]
    pub scores: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Ltv {
    #[command(flatten)]
    pub log: LogOptions,
    /// Last day that models are fitted on, like 1997-09-30; ages count to it.
    #[arg(long, value_name = "DATE", value_parser = limits::day)]
    pub calibration_end: NaiveDate,
    /// Last day of the holdout. Default: the last day of the log.
    #[arg(long, value_name = "DATE", value_parser = limits::day)]
    pub observation_end: Option<NaiveDate>,
    /// Purchase model; auto takes the best log-likelihood unless a backtest inside the calibration time is against it.
    #[arg(long, value_enum, default_value_t = ModelChoice::Auto)]
    pub model: ModelChoice,
    /// Unit of time of the parameters.
    #[arg(long, value_enum, default_value_t = TimeUnit::Week)]
    pub unit: TimeUnit,
    /// Value so many periods instead of 365 days, discounted at the end of each.
    #[arg(long, value_name = "N", requires_all = ["period_weeks"], value_parser = clap::value_parser!(u32).range(1..=1200))]
    pub periods: Option<u32>,
    /// Length of a period in weeks; 4.345 is a month.
    #[arg(long, value_name = "WEEKS", requires = "periods", value_parser = limits::weeks)]
    pub period_weeks: Option<f64>,
    /// Discount a period, like 0.01.
    #[arg(long, value_name = "RATE", requires = "periods", default_value_t = 0.0, value_parser = limits::discount)]
    pub discount: f64,
}

#[derive(Debug, Args)]
pub struct Churn {
    #[command(flatten)]
    pub log: LogOptions,
    /// Last day that is known. Candidates are judged on the horizon that ends with it; the risks are for the one after.
    #[arg(long, value_name = "DATE", value_parser = limits::day)]
    pub as_of: NaiveDate,
    /// The event is: no purchase in so many days.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=3660))]
    pub horizon_days: i32,
}

#[derive(Debug, Args)]
pub struct Drift {
    /// The Parquet file, or folder of them, to compare with, like last quarter's export.
    #[arg(value_name = "REF.parquet")]
    pub reference: PathBuf,
    /// The Parquet file, or folder of them, that may have drifted.
    #[arg(value_name = "CUR.parquet")]
    pub current: PathBuf,
    /// Only these columns, separated by commas. Default: all of either file.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub columns: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Simulate {
    /// The folder to write: exports/, late/, truth/ and truth.json.
    pub folder: PathBuf,
    /// Customers of the three large markets together; a fourth one opens late with 180.
    #[arg(long, value_name = "N", default_value_t = 8_000, value_parser = clap::value_parser!(u64).range(10..=100_000_000))]
    pub customers: u64,
    /// The first quarter.
    #[arg(long, value_name = "P", default_value = "2024Q1")]
    pub from: String,
    /// Number of quarters; the last planted change is in the sixth.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(6..=40))]
    pub quarters: u32,
    /// The same seed writes the same bytes.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModelChoice {
    Auto,
    Bgnbd,
    Mbgnbd,
    Paretonbd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TimeUnit {
    Week,
    Day,
}
