//! `driftline churn`: candidates for a churn risk, judged on a purchase log's own past.

use driftline_lake::functions::date32;
use driftline_stats::churn::{Assessment, Candidate, Considered, assess};
use driftline_stats::error::Error as Reason;
use driftline_stats::expectation::{History, Market};
use driftline_stats::purchase::Kind;
use driftline_stats::purchase_log::Cut;
use serde_json::{Map, Value, json};

use crate::command::args::{Churn, Cli};
use crate::command::once::{self, Once};
use crate::command::output::{say, say_json};
use crate::command::workbench::{self, Opened, churn_event};
use crate::error::{Error, Result};

pub(super) fn execute(cli: &Cli, args: &Churn) -> Result<()> {
    let mut log = workbench::open(&args.log)?;
    log.note_beyond("--as-of", args.as_of);
    let Opened { read, notes } = &log;
    let cut = Cut::after(date32(args.as_of));
    if let Some(once) = Once::of(&read.log, cut, cut.before) {
        return once::of_churn(cli, args, &log, &once);
    }
    let kinds = [Kind::MbgNbd, Kind::BgNbd];
    let place = args.log.file.display().to_string();
    let market = Market { kind: Kind::MbgNbd, pool: None, horizon_days: args.horizon_days };
    let shifts = History::new(&read.log, cut, &market).shifts();
    let considered = Considered { kinds: &kinds, shifts: &shifts, ..Considered::default() };
    let Some(assessment) = assess(&read.log, cut, args.horizon_days, &considered) else {
        let known = (0..read.log.customers()).filter(|customer| read.log.past(*customer, cut).is_some()).count();
        let source =
            if known == 0 { Reason::NoCustomers } else { Reason::NoRepeatPurchases { customers: known as f64 } };
        return Err(Error::Fit { place, source });
    };
    let scored: Vec<usize> =
        (0..assessment.risks.len()).filter(|customer| assessment.risks[*customer].is_some()).collect();
    let risks: Vec<Option<f64>> = scored.iter().map(|customer| assessment.risks[*customer]).collect();
    let mean_risk = risks.iter().flatten().sum::<f64>() / risks.len().max(1) as f64;
    workbench::save(&args.log, read, &scored, vec![("churn_risk", risks)])?;
    if cli.json {
        say_json(&document(args, &assessment, scored.len(), mean_risk, notes))?;
    } else {
        print(args, &assessment, scored.len(), mean_risk, notes);
    }
    Ok(())
}

fn document(args: &Churn, assessment: &Assessment, scored: usize, mean_risk: f64, notes: &[String]) -> Value {
    let backtest = assessment.backtest.as_ref();
    let of = |candidate: &Candidate| (candidate.method.to_string(), json!(candidate.quality));
    let candidates: Map<String, Value> =
        backtest.map(|backtest| backtest.candidates.iter().map(of).collect()).unwrap_or_default();
    json!({
        "event": churn_event(args),
        "as_of": args.as_of,
        "horizon_days": args.horizon_days,
        "judged_customers": backtest.map(|backtest| backtest.customers),
        "churn_rate": backtest.map(|backtest| backtest.churn_rate),
        "candidates": candidates,
        "chosen": assessment.chosen,
        "reason": assessment.reason,
        "scored_customers": scored,
        "mean_risk": mean_risk,
        "notes": notes,
    })
}

fn print(args: &Churn, assessment: &Assessment, scored: usize, mean_risk: f64, notes: &[String]) {
    say(format!("event      {}", churn_event(args)));
    match &assessment.backtest {
        Some(backtest) => {
            say(format!(
                "judged     {} customers over the {} days up to {}: {:.1} % did not buy",
                backtest.customers,
                args.horizon_days,
                args.as_of,
                100.0 * backtest.churn_rate
            ));
            say(format!(
                "\n  {:<26} {:>6}  {:>15}  {:>6}  {:>8}  {:>6}  {:>7}  {:>9}",
                "candidate", "AUC", "95 % interval", "Brier", "log loss", "ECE", "lift 10", "recall 10"
            ));
            for Candidate { method, quality } in &backtest.candidates {
                let mark = if *method == assessment.chosen { '*' } else { ' ' };
                say(format!(
                    "{mark} {:<26} {:>6.4}  {:>6.4} – {:>6.4}  {:>6.4}  {:>8.4}  {:>6.4}  {:>7.3}  {:>9.4}",
                    method.to_string(),
                    quality.auc,
                    quality.auc_low_95,
                    quality.auc_high_95,
                    quality.brier,
                    quality.log_loss,
                    quality.ece,
                    quality.lift_10,
                    quality.recall_10
                ));
            }
            if let Some(chosen) = backtest.candidates.iter().find(|candidate| candidate.method == assessment.chosen) {
                say("\n  reliability of the chosen one, by tenths of risk:");
                for bin in &chosen.quality.reliability {
                    say(format!(
                        "    said {:>5.1} %   happened {:>5.1} %   {:>8.0} customers",
                        100.0 * bin.mean_predicted,
                        100.0 * bin.happened,
                        bin.customers
                    ));
                }
            }
        }
        None => say("judged     not: too little history"),
    }
    say(format!("\nchosen     {}: {}", assessment.chosen, assessment.reason));
    say(format!(
        "risk       {scored} customers scored for the {} days after {}; mean risk {:.1} %",
        args.horizon_days,
        args.as_of,
        100.0 * mean_risk
    ));
    for note in notes {
        say(format!("note: {note}"));
    }
    if args.log.scores.is_none() {
        say("\nnext: add --scores scores.parquet for one row a customer");
    }
}
