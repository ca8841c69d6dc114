//! One integration binary. It drives the built program as its users do and reads what they get.
//!
//! Tests that need the reference data outside the repository run when `DRIFTLINE_SHARED` names their folder; without it they are
//! listed as ignored and counted as "not run" in the last line.

#![expect(clippy::too_many_lines, reason = "tables of cases are read from end to end")]

mod acquisition; // Acquisition costs and margins equal what is counted from the exports.
mod bad_input; // One broken thing a case: the message names it, the exit code is its own, nothing is published.
mod bench; // The bench dialect against the figures of an independent program.
mod commands; // What each command prints and leaves behind.
mod daemons; // Many processes on one warehouse for fifty periods: looks of `run --due`, then daemons.
mod damaged_exports; // Damaged Parquet is the file's fault and never the program's.
mod determinism; // Same rows, same bytes, whatever the threads and the layout of files.
mod disclosure; // Nothing about fewer than ten people leaves the warehouse.
mod drift; // The drift tool against reference values, and on odd columns.
mod export_shop; // A small shop whose exports tests write as strangers would.
mod facets; // A facet is one file, and is in every place where people look.
mod facts; // Published totals equal totals computed outside the project.
mod fences; // Which crate may use which.
mod figures; // Bridges close, and every number of a mail is in report.json.
mod file_graph; // Which file of a crate needs which.
mod forecasts; // Forecasts of the next period against what came, and against plain guesses.
mod layout; // No circle of files in a crate, and only the arrows between folders that are shown.
mod mail_dialogue; // Refusals, silences, signals and injected answers of a mail server: no mail is lost, nobody waits for ever.
mod mail_server; // Delivery to a real SMTP server, where one was started.
mod odd_exports; // Jobs on exports as strangers write them.
mod odd_files; // drift on files as strangers write them.
mod odd_logs; // ltv and churn on logs as strangers write them.
mod odd_money; // Exports with wrong signs, copies, joins that multiply, months that fell: refused by name, or warned of.
mod operations; // Killed processes, what is due and what waits.
mod own_marts; // Marts that a company adds by their files alone: built where they can be, published, checked.
mod periods; // Half-years and fiscal quarters: their totals are those of their months.
mod product; // How tests start the program and read its tables.
mod purchase_logs; // ltv and churn on odd logs: finite figures, or a named refusal.
mod restatement; // Late data are told as restatement, not as customers who moved.
mod revisions; // What a revision changed of the one before it.
mod schema; // Every report fits the schema in the project.
mod scripted_smtp; // A mail server that does what a test says.
mod secrets; // Planted secrets and persons are in no log, error, record, mail or page; the public key is told.
mod shop; // A small shop whose exports the test makes.
mod simulation; // The fictional company: what was planted is what the reports say.
mod stranger_exports; // Reach and markets of exports, and the exports that strangers sent.
mod stress; // Rows that unfold, killed processes, private scratch folders, a daemon without descriptors.
mod waiting_mails; // Projects whose published mails wait.
mod workbench; // ltv and churn on a public log, and the forecasts that reports publish and grade.

use libtest_mimic::{Arguments, Failed, Trial};

/// A test by name; `None` for the data means that it needs none.
fn trial(name: &'static str, needs: Option<&'static str>, test: fn() -> Result<(), String>) -> Trial {
    let missing = needs.is_some_and(|variable| std::env::var_os(variable).is_none());
    Trial::test(name, move || test().map_err(Failed::from)).with_ignored_flag(missing)
}

fn main() -> std::process::ExitCode {
    let shared = Some("DRIFTLINE_SHARED");
    let mut trials = vec![
        trial("commands::a_range_is_published_and_a_second_run_does_nothing", None, commands::run_twice),
        trial("commands::a_revision_lies_beside_the_first", None, commands::revise),
        trial("commands::a_dry_run_publishes_nothing", None, commands::dry_run),
        trial("commands::check_passes_on_the_shipped_project", None, commands::check),
        trial("commands::init_writes_a_project_that_checks_and_runs", None, commands::init),
        trial("commands::names_from_an_export_are_text", None, commands::hostile_names),
        trial("commands::list_show_diff_and_preview_speak_json_and_text", None, commands::readers),
        trial("commands::select_shows_a_model", None, commands::select),
        trial("determinism::threads_and_layout_change_no_byte", None, determinism::threads_and_layout),
        trial("disclosure::complete_journey_has_no_small_cell", None, disclosure::complete_journey),
        trial("disclosure::one_objector_is_in_no_figure", None, disclosure::objectors),
        trial("disclosure::online_retail_has_no_small_cell", shared, disclosure::online_retail),
        trial("facets::one_file_is_counted_compared_and_shown", None, facets::one_file),
        trial("drift::odd_columns_have_a_verdict_and_a_reason", None, drift::odd_columns),
        trial("drift::statistics_are_the_reference_values", shared, drift::reference_values),
        trial("odd_files::drift_of_few_values_is_exact", None, odd_files::few_values),
        trial("odd_files::drift_has_no_unit_and_no_single_value", None, odd_files::units_and_single_values),
        trial("odd_files::drift_tells_types_ids_and_times_apart", None, odd_files::columns),
        trial("odd_files::drift_prints_no_person", None, odd_files::persons),
        trial("odd_files::drift_reads_folders_and_stops_for_no_column", None, odd_files::folders_and_damage),
        trial("odd_logs::drift_cases_of_strangers_come_out_right", shared, odd_logs::drift_cases),
        trial("odd_logs::one_person_is_one_customer", None, odd_logs::customers),
        trial("odd_logs::logs_are_refused_by_file_and_row", None, odd_logs::refused),
        trial("odd_logs::cases_of_strangers_come_out_right", shared, odd_logs::cases),
        trial("odd_exports::other_names_types_and_layouts_come_out_right", None, odd_exports::right),
        trial("odd_exports::what_cannot_be_known_is_refused_by_name", None, odd_exports::refused),
        trial("stranger_exports::exports_reach_as_far_as_their_sales", None, stranger_exports::reach),
        trial("stranger_exports::markets_are_named_or_read", None, stranger_exports::markets),
        trial("stranger_exports::cases_of_strangers_come_out_right", shared, stranger_exports::cases),
        trial("damaged_exports::damages_are_the_files", None, damaged_exports::damages),
        trial("facts::complete_journey_quarters", None, facts::complete_journey),
        trial("facts::online_retail_271_market_quarters", shared, facts::online_retail),
        trial("fences::crates_use_what_they_may", None, fences::crates),
        trial("layout::a_circle_in_a_sample_is_found", None, layout::sample),
        trial("layout::no_circle_of_files_in_a_crate", None, layout::no_circles),
        trial("layout::folders_look_where_the_readme_says", None, layout::folders),
        trial("fences::one_arrow_one_parquet_one_object_store", None, fences::one_version),
        trial("fences::readme_commands_and_exit_codes_are_true", None, fences::readme),
        trial("figures::bridges_close_and_mails_quote_the_report", None, figures::complete_journey),
        trial("figures::online_retail_bridges_close", shared, figures::online_retail),
        trial("operations::a_killed_run_is_made_good", Some("DRIFTLINE_SMTP"), operations::killed),
        trial("operations::a_killed_run_is_taken_over", None, operations::taken_over),
        trial("operations::a_job_in_trouble_is_told_once", Some("DRIFTLINE_SMTP"), operations::trouble),
        trial("operations::eight_processes_publish_once", None, operations::many_processes),
        trial("daemons::two_and_eight_on_fifty_due_periods", shared, daemons::fifty_intervals),
        trial("operations::every_answer_has_its_state", Some("DRIFTLINE_SMTP"), operations::outbox_states),
        trial("operations::records_are_listed_and_corrections_answer", None, operations::records),
        trial("operations::what_is_due_waits_for_its_exports", None, operations::waits_for_exports),
        trial("periods::half_years_and_fiscal_quarters_are_their_months", None, periods::totals),
        trial("periods::a_period_of_another_calendar_is_refused", None, periods::refused),
        trial("restatement::late_orders_are_no_drift", None, restatement::late_orders),
        trial("revisions::a_late_export_is_told_with_its_cause", None, revisions::late_export),
        trial("schema::every_report_fits", None, schema::reports),
        trial("schema::what_was_published_before_still_loads", None, schema::published_before),
        trial("secrets::the_public_key_is_told_until_the_job_states_it", None, secrets::development_key),
        trial("secrets::planted_secrets_and_persons_are_seen_nowhere", None, secrets::planted),
        trial("simulation::the_same_seed_writes_the_same_bytes", None, simulation::same_bytes),
        trial("simulation::reports_say_what_was_planted", None, simulation::planted),
        trial("acquisition::costs_are_those_of_the_exports", None, acquisition::costs_and_margins),
        trial("purchase_logs::odd_ones_have_finite_figures_or_a_reason", None, purchase_logs::odd_ones),
        trial("purchase_logs::folders_of_folders_are_one_log", None, purchase_logs::folders),
        trial("stress::rows_that_unfold_stay_within_memory", None, stress::unfolded_rows),
        trial("stress::a_killed_process_of_this_machine_is_taken_over", None, stress::killed_here),
        trial("stress::who_works_elsewhere_is_told_with_its_end", None, stress::elsewhere),
        trial("stress::scratch_folders_are_private_and_never_trusted", None, stress::scratch),
        trial("stress::a_daemon_without_descriptors_answers_again", None, stress::descriptors),
        trial("workbench::bad_input_has_its_exit_code", None, workbench::bad_input),
        trial("workbench::cdnow_lifetime_values_are_the_published_ones", shared, workbench::lifetime_values),
        trial("workbench::cdnow_customers_have_the_published_scores", shared, workbench::customer_scores),
        trial("workbench::cdnow_churn_risks_are_as_good_as_the_best", shared, workbench::churn_risks),
        trial("forecasts::complete_journey_beats_plain_guesses", None, forecasts::complete_journey),
        trial("forecasts::online_retail_beats_plain_guesses", shared, forecasts::online_retail),
        trial("workbench::the_forecast_of_a_year_ago_is_graded", shared, workbench::year_scorecard),
        trial("workbench::the_scorecard_grades_what_was_published", None, workbench::scorecard),
        trial("bench::figures_equal_the_independent_program", Some("DRIFTLINE_BENCH_EXPORTS"), bench::figures),
        trial("mail_dialogue::refusals_are_the_recipients_or_the_batchs", None, mail_dialogue::refusals),
        trial("mail_dialogue::silences_end_by_their_deadline", None, mail_dialogue::silences),
        trial("mail_dialogue::one_signal_ends_every_silence", None, mail_dialogue::signals),
        trial("mail_dialogue::answers_from_before_tls_are_no_receipts", None, mail_dialogue::injections),
        trial("mail_dialogue::a_mail_that_was_asked_for_is_not_forgotten", None, mail_dialogue::asked),
        trial("mail_dialogue::a_silent_server_holds_up_no_other_job", None, mail_dialogue::daemon),
        trial("mail_server::a_real_server_takes_the_stored_bytes", Some("DRIFTLINE_SMTP"), mail_server::delivery),
    ];
    trials.extend(bad_input::trials());
    trials.extend(odd_money::trials());
    trials.extend(own_marts::trials());
    let not_run = trials.iter().filter(|trial| trial.has_ignored_flag()).count();
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    println!(
        "not run: {not_run} (they need DRIFTLINE_SHARED, DRIFTLINE_BENCH_EXPORTS or DRIFTLINE_SMTP; see tests/README.md)"
    );
    conclusion.exit_code()
}
