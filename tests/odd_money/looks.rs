//! `plan` and `doctor` say what a run would come to.

use std::path::Path;
use std::process::Output;

use super::{Shop, replace};
use crate::product::{self, TestResult, equal, holds, run_in};

const NOW: &str = "2026-01-05T06:00:00Z";

/// How a command on a shop ended, with all that it said.
fn look(shop: &Shop, folder: &Path, command: &[&str]) -> Result<(Option<i32>, String), String> {
    let setting = format!("exports.url={}", folder.join("exports").display());
    let mut arguments = command.to_vec();
    arguments.extend(["--set", &setting]);
    arguments.extend(shop.arguments.iter().map(String::as_str));
    let output: Output = run_in(&folder.join("project"), &arguments)?;
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    Ok((output.status.code(), said.concat()))
}

type Look = (&'static str, fn(&mut Shop), &'static str, i32, &'static str);

/// What is done to the shop, what `plan` says of it, and how `doctor` ends with which words.
const LOOKS: [Look; 5] = [
    ("a right export", |_| {}, "2025Q4  run", 0, "rows looked at as a run of 2025Q4 does"),
    (
        "a month that fell",
        |shop| shop.month("2025-12").truncate(60),
        "2025Q4  refused  a run would end with exit 33",
        33,
        "2025-12 has 60 order lines",
    ),
    (
        "a tenth of sales below zero",
        |shop| {
            let kind = "case when quantity < 0 or net_amount < 0 then 'return' else 'sale' end as kind";
            shop.edit("sql/staging/shop/stg_order_lines.sql", kind, "'sale' as kind");
            shop.every(10, |line| line.cents = -line.cents);
        },
        "2025Q4  refused  a run would end with exit 31",
        31,
        "sale_signs",
    ),
    (
        "a copy of an object",
        |shop| {
            let copy = shop.month("2025-11").clone();
            shop.objects.push(("2025-11 (copy).parquet".to_owned(), copy));
        },
        "not looked at: copies of rows",
        20,
        "repeated_between",
    ),
    (
        "quantities below zero that are staged as sales",
        |shop| {
            shop.every(20, |line| line.quantity = Some(-1));
            let staging = "sql/staging/shop/stg_order_lines.sql";
            shop.edit(
                staging,
                "case when quantity < 0 or net_amount < 0 then 'return' else 'sale' end as kind",
                "'sale' as kind",
            );
            shop.edit(
                staging,
                "case when quantity < 0 or net_amount < 0 then -abs(net_amount) else net_amount end",
                "net_amount",
            );
        },
        "2025Q4  run",
        0,
        "WARNING: Source `order_lines`: column `quantity` is below zero",
    ),
];

pub(super) fn as_a_run_would_end() -> TestResult {
    for (about, damage, planned, exit, told) in LOOKS {
        let folder = product::folder()?;
        let mut shop = Shop::regular();
        damage(&mut shop);
        shop.write_project(&folder.path().join("project"))?;
        shop.write_exports(&folder.path().join("exports"))?;
        let plan = ["plan", "jobs/quarterly.toml", "--period", "2025Q4", "--now", NOW];
        let (code, said) = look(&shop, folder.path(), &plan)?;
        equal(&format!("{about}: plan; it said {said}"), code, Some(0))?;
        holds(about, &said, planned)?;
        let (code, said) = look(&shop, folder.path(), &["doctor", "quarterly"])?;
        equal(&format!("{about}: doctor; it said {said}"), code, Some(exit))?;
        holds(about, &said, told)?;
    }
    Ok(())
}

/// SQL that changed after a publication is told as exports are that did.
pub(super) fn changed_models() -> TestResult {
    let folder = product::folder()?;
    let (shop, project) = (Shop::regular(), folder.path().join("project"));
    shop.write_project(&project)?;
    shop.write_exports(&folder.path().join("exports"))?;
    let run = ["run", "jobs/quarterly.toml", "--period", "2025Q4", "--now", NOW];
    let plan = ["plan", "jobs/quarterly.toml", "--period", "2025Q4", "--now", NOW];
    equal("the run", look(&shop, folder.path(), &run)?.0, Some(0))?;
    holds("plan before", &look(&shop, folder.path(), &plan)?.1, "from the exports as they are")?;
    let model = "sql/intermediate/int_order_lines.sql";
    replace(&project, model, "where order_date < $as_of", "where (order_date < $as_of and amount <> 1)")?;
    holds(
        "plan",
        &look(&shop, folder.path(), &plan)?.1,
        "revise   published as revision 1; since then the SQL models changed",
    )?;
    let dry = [&run[..], &["--dry-run"]].concat();
    holds("a dry run", &look(&shop, folder.path(), &dry)?.1, "the SQL models changed since")
}
