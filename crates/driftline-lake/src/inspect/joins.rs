//! Joins of the staging that make several lines of one, or none: lines in against lines out.

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, JoinType};
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::{count as count_of, sum};
use datafusion::logical_expr::{Expr, Join, LogicalPlan, cast};
use datafusion::prelude::{col, lit};
use driftline_core::basics::locale::Locale;
use futures::TryStreamExt;

use super::path::Path;
use super::spelling::{Spelled, told};
use super::steps::{dropped, few};
use super::{FEW, Finding, count, file_of, money as money_of, rows};
use crate::error::{Error, Result};
use crate::example::shown;
use crate::lake::Lake;
use crate::model::Model;
use crate::read::Cells;

/// One side of a join that lines are looked up in.
struct LookUp<'a> {
    side: &'a LogicalPlan,
    lines: &'a LogicalPlan,
    keys: Vec<Expr>,
    /// The join in which a line is there if anything is found for it, where others are left out.
    semi: Option<JoinType>,
    /// The join that gives lines with all that is found for them.
    all: JoinType,
    is_left: bool,
}

impl LookUp<'_> {
    fn is_cross(&self, join: &Join) -> bool {
        self.keys.is_empty() && join.filter.is_none()
    }

    /// The lines of the join, each once.
    fn once(&self, join: &Join) -> Result<LogicalPlan> {
        match self.semi {
            Some(semi) if !self.is_cross(join) => joined(join, semi),
            _ => Ok(self.lines.clone()),
        }
    }
}

impl Lake {
    /// Looks at every join between the lines of a model and what they are looked up in.
    pub(super) async fn inspect_joins(
        &self,
        model: &Model,
        plan: &LogicalPlan,
        path: &Path<'_>,
    ) -> Result<Vec<Finding>> {
        let mut joins = Vec::new();
        plan.apply(|node| {
            if let LogicalPlan::Join(join) = node {
                joins.push((join, path.passes(node)));
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        let mut findings = Vec::new();
        for (join, is_passed) in joins {
            let Some(look_up) = look_up(path, join, is_passed) else { continue };
            findings.extend(self.multiplied(model, join, &look_up).await?);
            if is_passed {
                findings.extend(self.lost(model, path, join, &look_up).await?);
                findings.extend(self.spelled(model, join, &look_up).await?);
            }
        }
        Ok(findings)
    }

    /// Lines that a join makes several of.
    async fn multiplied(&self, model: &Model, join: &Join, look_up: &LookUp<'_>) -> Result<Option<Finding>> {
        if matches!(join.join_type, JoinType::LeftSemi | JoinType::RightSemi) {
            return Ok(None);
        }
        let (keys, example) = match look_up.keys.is_empty() {
            true => (0, String::new()),
            false => match self.repeated_keys(model, look_up).await? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        let out = self.rows_of(model, &joined(join, look_up.all)?).await?;
        let lines = self.rows_of(model, &look_up.once(join)?).await?;
        let why = match look_up.keys.is_empty() {
            true => format!("it looks each up in {}", rows(self.rows_of(model, look_up.side).await?)),
            false => format!("{} of what is joined by {} are there more than once", count(keys), on_of(join)),
        };
        Ok((out > lines).then(|| Finding {
            name: "multiplied_lines",
            is_error: true,
            text: format!("{}: a join makes {} of {}: {why}", file_of(model), rows(out), count(lines)),
            example,
            remedy: "take one row of each there before the join".to_owned(),
            ..dropped()
        }))
    }

    /// Lines for which a join finds nothing, and which it leaves out.
    async fn lost(&self, model: &Model, path: &Path<'_>, join: &Join, look_up: &LookUp<'_>) -> Result<Option<Finding>> {
        let Some(semi) = look_up.semi else { return Ok(None) };
        let lines = self.rows_of(model, look_up.lines).await?;
        let found = match look_up.is_cross(join) {
            true if self.rows_of(model, look_up.side).await? > 0 => lines,
            true => 0,
            false => self.rows_of(model, &joined(join, semi)?).await?,
        };
        let lost = lines.saturating_sub(found);
        if lost == 0 {
            return Ok(None);
        }
        let money = if lost < FEW { String::new() } else { self.money_lost(model, path, join, look_up).await? };
        let by = if join.on.is_empty() { "no columns".to_owned() } else { on_of(join) };
        Ok(Some(Finding {
            text: format!(
                "{}: a join by {by} finds nothing for {} of {} ({}){}, and leaves them out",
                file_of(model),
                few(lost),
                rows(lines),
                Locale::En.percent(lost as f64 / lines as f64, 1),
                money,
            ),
            remedy: "use a left join, or say in a condition which lines are no sales".to_owned(),
            ..dropped()
        }))
    }

    /// What the lines have in money for which a join finds nothing.
    async fn money_lost(&self, model: &Model, path: &Path<'_>, join: &Join, look_up: &LookUp<'_>) -> Result<String> {
        let Some(place) = path.money_of(look_up.lines).filter(|_| !look_up.is_cross(join)) else {
            return Ok(String::new());
        };
        let anti = if look_up.is_left { JoinType::RightAnti } else { JoinType::LeftAnti };
        let column = Column::from(look_up.lines.schema().qualified_field(place));
        let name = column.name.clone();
        let money = cast(Expr::Column(column), DataType::Decimal128(38, 4));
        let frame = DataFrame::new(self.context.state(), joined(join, anti)?);
        let frame = frame.aggregate(Vec::new(), vec![sum(money).alias("money")])?;
        let frame = frame.select(vec![cast(col("money"), DataType::Decimal128(38, 4)).alias("money")])?;
        let batches = frame.collect().await.map_err(|error| Error::execute(&model.name, error))?;
        let Some(batch) = batches.first() else { return Ok(String::new()) };
        let amount = Cells { table: &model.name, batch }.ten_thousandths("money", 0)?;
        Ok(format!(" with {} of {name}", money_of(amount)))
    }

    /// How many keys are more than once in what is looked up, and one of them.
    async fn repeated_keys(&self, model: &Model, look_up: &LookUp<'_>) -> Result<Option<(u64, String)>> {
        let known = look_up.keys.iter().cloned().map(Expr::is_not_null).reduce(Expr::and);
        let mut frame = DataFrame::new(self.context.state(), look_up.side.clone());
        if let Some(known) = known {
            frame = frame.filter(known)?;
        }
        let keys: Vec<Expr> =
            look_up.keys.iter().cloned().enumerate().map(|(at, key)| key.alias(format!("key_{at}"))).collect();
        let names: Vec<Expr> = (0..keys.len()).map(|at| col(format!("key_{at}"))).collect();
        let frame = frame
            .select(keys)?
            .aggregate(names, vec![count_of(lit(1)).alias("times")])?
            .filter(col("times").gt(lit(1)))?;
        let batches = frame.collect().await.map_err(|error| Error::execute(&model.name, error))?;
        let repeated: u64 = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        let mut examples: Vec<String> = Vec::new();
        for batch in &batches {
            let cells = |row: usize| {
                let keys = batch.columns().iter().take(batch.num_columns() - 1);
                keys.map(|column| shown(column.as_ref(), row)).collect::<Vec<_>>().join(", ")
            };
            examples.extend((0..batch.num_rows()).map(cells));
        }
        let first = examples.into_iter().min().unwrap_or_default();
        Ok((repeated > 0).then(|| (repeated, format!("like {first}"))))
    }
}

impl Lake {
    /// Whether what lines are looked up by is written otherwise there: `00123` here and `123` there.
    async fn spelled(&self, model: &Model, join: &Join, look_up: &LookUp<'_>) -> Result<Option<Finding>> {
        let [(left, right)] = join.on.as_slice() else { return Ok(None) };
        let (ours, theirs) = if look_up.is_left { (right, left) } else { (left, right) };
        let lines = self.texts_of(look_up.lines, ours)?.map(|frame| frame.limit(0, Some(Spelled::LOOKED_AT)));
        let (Some(lines), Some(theirs)) = (lines, self.texts_of(look_up.side, theirs)?) else { return Ok(None) };
        let mut spelled = Spelled::default();
        for_each_text(model, lines?, |text| spelled.meet(text)).await?;
        for_each_text(model, theirs, |text| spelled.look_up(text)).await?;
        let found = spelled.verdict();
        Ok(found.map(|found| told(&format!("{}: the join by {}", file_of(model), on_of(join)), &found, file_of(model))))
    }

    /// The values of a key that is text.
    fn texts_of(&self, plan: &LogicalPlan, key: &Expr) -> Result<Option<DataFrame>> {
        use datafusion::logical_expr::ExprSchemable;
        let kind = key.get_type(plan.schema())?;
        if !matches!(kind, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8) {
            return Ok(None);
        }
        let frame = DataFrame::new(self.context.state(), plan.clone());
        let text = cast(key.clone(), DataType::Utf8).alias("text");
        Ok(Some(frame.filter(key.clone().is_not_null())?.select(vec![text])?))
    }
}

async fn for_each_text(model: &Model, frame: DataFrame, mut visit: impl FnMut(&str)) -> Result<()> {
    let execute = |error| Error::execute(&model.name, error);
    let mut stream = frame.execute_stream().await.map_err(execute)?;
    while let Some(batch) = stream.try_next().await.map_err(execute)? {
        batch.column(0).as_string::<i32>().iter().flatten().for_each(&mut visit);
    }
    Ok(())
}

/// The side of a join that has no lines, if exactly one side has; of a left join of lines with lines, the right one.
fn look_up<'a>(path: &Path<'_>, join: &'a Join, is_passed: bool) -> Option<LookUp<'a>> {
    use JoinType::{Full, Inner, Left, LeftSemi, Right, RightSemi};
    let kind = join.join_type;
    if !matches!(kind, Inner | Left | Right | Full | LeftSemi | RightSemi) || (join.on.is_empty() && !is_passed) {
        return None;
    }
    let is_left = match (path.has_lines(&join.left), path.has_lines(&join.right)) {
        (true, false) => false,
        (false, true) => true,
        (true, true) if is_passed && kind == Left => false,
        (true, true) if is_passed && kind == Right => true,
        _ => return None,
    };
    let own = if is_left { RightSemi } else { LeftSemi };
    let semi = match (kind, is_left) {
        (Inner, _) => Some(own),
        // Lines that a look-up is kept for, with or without them.
        (Left, true) | (Right, false) | (LeftSemi, false) | (RightSemi, true) => Some(own),
        (LeftSemi | RightSemi, _) => return None,
        _ => None,
    };
    let (side, lines) = if is_left { (&join.left, &join.right) } else { (&join.right, &join.left) };
    let keys = join.on.iter().map(|(left, right)| if is_left { left.clone() } else { right.clone() }).collect();
    // What a full or a turned join keeps of the look-up alone is no line.
    let all = match (kind, semi) {
        (Full, _) => {
            if is_left {
                Right
            } else {
                Left
            }
        }
        (_, Some(_)) => Inner,
        (kind, None) => kind,
    };
    Some(LookUp { side, lines, keys, semi, all, is_left })
}

/// The same join of another kind.
fn joined(join: &Join, kind: JoinType) -> Result<LogicalPlan> {
    Ok(LogicalPlan::Join(Join::try_new(
        join.left.clone(),
        join.right.clone(),
        join.on.clone(),
        join.filter.clone(),
        kind,
        join.join_constraint,
        join.null_equality,
        false,
    )?))
}

/// The columns that a join is by.
fn on_of(join: &Join) -> String {
    let names: Vec<String> = join
        .on
        .iter()
        .map(|(_, right)| right.column_refs().iter().map(|column| column.name.clone()).collect::<Vec<_>>().join(", "))
        .collect();
    names.join(", ")
}
