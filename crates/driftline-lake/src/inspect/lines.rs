//! The staged lines in one pass over the table that everything else is computed from: signs, ids, size of sums, months.

use driftline_core::exports::fall::Month;

use super::{Finding, Place, count, file_of, money, rows, rows_with_money};
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::read::Cells;

/// A hundred trillion: sums of money have fourteen digits before the point.
const TURNOVER_MOST: i128 = 100_000_000_000_000 * 10_000;

/// Units of one line: a million lines of them are a sum of bigints.
const QUANTITY_MOST: u64 = 1_000_000_000_000;
/// Part of the lines with a customer that may have an id like `guest` without a word.
const GUESTS_MOST: f64 = 0.01;

/// Part of the turnover, or of the lines, from which on signs against their kind are an error; below it a correction or a voucher.
const WRONG_MOST: f64 = 0.001;

/// Part of all orders that one customer may have, if nobody else has a fifth as many, among so many customers.
const ORDERS_OF_ONE_MOST: f64 = 0.05;
const CUSTOMERS_LEAST: u64 = 100;

/// Lines that say one thing against another.
#[derive(Clone, Copy, Debug, Default)]
struct Odd {
    rows: u64,
    amount: i128,
}

/// What is added up of the staged lines.
#[derive(Default)]
struct Staged {
    months: Vec<Month>,
    turnover: i128,
    lines: u64,
    /// Sales with negative money, and returns with positive money.
    negative: Odd,
    positive: Odd,
    /// Lines without an order.
    blank: u64,
}

/// What the pass over the staged lines gives.
#[derive(Clone, Debug, Default)]
pub struct Inspected {
    pub findings: Vec<Finding>,
    /// Every month with a line before as-of, in order.
    pub months: Vec<Month>,
    /// Lines of every month of the exports, those after as-of too: only how many lines they have.
    pub all_months: Vec<Month>,
}

const ALL_MONTHS: &str = "
    select month_number(order_date) as month, count(*) as lines
    from stg_order_lines
    where order_date is not null
    group by month_number(order_date)
    order by month";

const LINES: &str = "
    select
        month_number(order_date) as month,
        count(*) as lines,
        count_distinct_keys(order_key) as orders,
        coalesce(sum(amount) filter (where kind = 'sale'), 0) as sold,
        coalesce(sum(amount) filter (where kind in ('return', 'cancellation')), 0) as returned,
        count(*) filter (where kind = 'sale' and amount < 0) as negative_sales,
        coalesce(sum(amount) filter (where kind = 'sale' and amount < 0), 0) as negative_sold,
        count(*) filter (where kind in ('return', 'cancellation') and amount > 0) as positive_returns,
        coalesce(sum(amount) filter (where kind in ('return', 'cancellation') and amount > 0), 0) as positive_returned,
        count(*) filter (where order_key in (text_key(''), text_key(' '))) as blank_orders,
        coalesce(sum(abs(amount)), 0) as turnover
    from int_order_lines
    group by month_number(order_date)
    order by month";

impl Lake {
    /// Looks at the staged lines; `int_order_lines` must be built.
    ///
    /// # Errors
    /// `Error::Staged` for lines without an order and sums that no table can hold; as [`Lake::rows`].
    pub async fn inspect_lines(&self) -> Result<Inspected> {
        let Staged { months, turnover, lines, negative, positive, blank } = self.staged().await?;
        let file = self.staged_file();
        self.refuse(&file, turnover, blank, lines).await?;
        let is_error = |odd: Odd| {
            odd.amount.unsigned_abs() as f64 > WRONG_MOST * turnover as f64
                || odd.rows as f64 > WRONG_MOST * lines as f64
        };
        let mut findings = Vec::new();
        if negative.rows > 0 {
            findings.push(Finding {
                name: "sale_signs",
                place: Place::Staging,
                is_error: is_error(negative),
                text: format!(
                    "{file}: {} of kind sale have negative money; a sale is zero or positive",
                    rows_with_money(negative.rows, negative.amount)
                ),
                example: self.example("kind = 'sale' and amount < 0").await?,
                remedy: "give these rows the kind return or cancellation, or correction if they are neither".to_owned(),
            });
        }
        if positive.rows > 0 {
            findings.push(Finding {
                name: "return_signs",
                place: Place::Staging,
                is_error: is_error(positive),
                text: format!(
                    "{file}: {} of kind return or cancellation have positive money; a return is negative, or it adds to net revenue",
                    rows_with_money(positive.rows, positive.amount)
                ),
                example: self.example("kind in ('return', 'cancellation') and amount > 0").await?,
                remedy: "write -abs(amount) for returns".to_owned(),
            });
        }
        Ok(Inspected { findings, months, all_months: self.all_months().await? })
    }

    async fn staged(&self) -> Result<Staged> {
        let mut staged = Staged::default();
        for batch in self.query(LINES).await? {
            let cells = Cells { table: "int_order_lines", batch: &batch };
            let amount = |name, row| cells.ten_thousandths(name, row);
            for row in 0..batch.num_rows() {
                let lines = cells.count("lines", row)?;
                staged.months.push(Month {
                    number: i32::try_from(cells.integer("month", row)?).unwrap_or_default(),
                    lines,
                    orders: cells.count("orders", row)?,
                    sold: amount("sold", row)?,
                    returned: -amount("returned", row)?,
                });
                staged.lines += lines;
                staged.turnover += amount("turnover", row)?;
                staged.negative.rows += cells.count("negative_sales", row)?;
                staged.negative.amount += amount("negative_sold", row)?;
                staged.positive.rows += cells.count("positive_returns", row)?;
                staged.positive.amount += amount("positive_returned", row)?;
                staged.blank += cells.count("blank_orders", row)?;
            }
        }
        Ok(staged)
    }

    async fn all_months(&self) -> Result<Vec<Month>> {
        let mut months = Vec::new();
        for batch in self.query(ALL_MONTHS).await? {
            let cells = Cells { table: "stg_order_lines", batch: &batch };
            for row in 0..batch.num_rows() {
                let number = i32::try_from(cells.integer("month", row)?).unwrap_or_default();
                months.push(Month { number, lines: cells.count("lines", row)?, ..Month::default() });
            }
        }
        Ok(months)
    }

    /// What no job can accept: lines of no order, and more money than tables hold.
    async fn refuse(&self, file: &str, turnover: i128, blank: u64, lines: u64) -> Result<()> {
        if turnover >= TURNOVER_MOST {
            let problem = format!(
                "{file}: the amounts of {} add up to {}; sums have at most 14 digits before the point; divide amounts by 1,000 there and say so in the job's title, or look for amounts that are wrong ({})",
                rows(lines),
                money(turnover),
                self.largest_amount().await?
            );
            return Err(Error::Staged { problem });
        }
        if blank > 0 {
            let problem = format!(
                "{file}: order_id is blank in {} of {} ({}); every line needs the number of its order, or they count as one order; export it again, or make a number there, like concat(customer_id, ' ', order_date)",
                count(blank),
                rows(lines),
                self.example("trim(order_id) = ''").await?
            );
            return Err(Error::Staged { problem });
        }
        Ok(())
    }

    /// Refuses quantities whose sums no table can hold, and finds ids that say of themselves that they are nobody's.
    ///
    /// # Errors
    /// `Error::Staged` with the largest quantity; as [`Lake::rows`].
    pub(super) async fn inspect_quantities_and_guests(&self) -> Result<Option<Finding>> {
        const GUESTS: [&str; 8] =
            ["guest%", "gast-%", "gast_%", "anonym%", "unknown%", "walk-in%", "walkin%", "no customer%"];
        let is_guest = GUESTS.map(|words| format!("lower(trim(customer_id)) like '{words}'")).join(" or ");
        let sql = format!(
            "select coalesce(max(quantity), 0) as most, count(*) filter (where {is_guest}) as guests, count(customer_id) as known from stg_order_lines"
        );
        let found = self.query(&sql).await?;
        let Some(batch) = found.first() else { return Ok(None) };
        let cells = Cells { table: "stg_order_lines", batch };
        let (most, guests, known) = (cells.count("most", 0)?, cells.count("guests", 0)?, cells.count("known", 0)?);
        if most > QUANTITY_MOST {
            return Err(Error::Staged {
                problem: format!(
                    "{}: a line has a quantity of {} ({}); expected at most {}; look for numbers that are no quantity, or make it 0 there",
                    self.staged_file(),
                    count(most),
                    self.example(&format!("quantity = {most}")).await?,
                    count(QUANTITY_MOST)
                ),
            });
        }
        let is_many = guests as f64 >= GUESTS_MOST * known as f64 && guests > 0;
        Ok(is_many.then(|| Finding {
            name: "one_customer",
            place: Place::Staging,
            is_error: false,
            text: format!(
                "{}: {} of {} with a customer have an id like `guest`: guests are no persons, and what they buy is nobody's habit",
                self.staged_file(),
                count(guests),
                rows(known)
            ),
            example: String::new(),
            remedy: "make such ids null there".to_owned(),
        }))
    }

    /// The file that stages order lines.
    pub(super) fn staged_file(&self) -> String {
        self.graph().models.get("stg_order_lines").map_or_else(String::new, file_of)
    }

    async fn largest_amount(&self) -> Result<String> {
        let largest = self.query("select max(abs(amount)) as amount from int_order_lines").await?;
        let largest =
            largest.first().map(|batch| Cells { table: "int_order_lines", batch }.ten_thousandths("amount", 0));
        Ok(format!("the largest is {}", money(largest.transpose()?.unwrap_or(0))))
    }

    /// The first of the staged lines that meet a condition, as `order o17, 2025-11-01, 100.00`.
    pub(super) async fn example(&self, condition: &str) -> Result<String> {
        let first = format!(
            "select order_id, order_date, amount from stg_order_lines where ({condition}) \
             order by order_date desc, order_id, amount limit 1"
        );
        let found = self.query(&first).await?;
        let Some(batch) = found.iter().find(|batch| batch.num_rows() > 0) else { return Ok("no example".to_owned()) };
        let cells = Cells { table: "stg_order_lines", batch };
        let text = |name: &str| Ok::<_, Error>(cells.text(name, 0)?.unwrap_or_else(|| "null".to_owned()));
        let amount = cells.decimal("amount", 0)?.map(|_| cells.ten_thousandths("amount", 0)).transpose()?;
        let amount = amount.map_or("no amount".to_owned(), money);
        Ok(format!("like order {}, {}, {amount}", text("order_id")?, text("order_date")?))
    }

    /// Whether one customer has so many of all orders that it rather stands for guests; `int_customer_days` must be built.
    ///
    /// # Errors
    /// As [`Lake::rows`].
    pub async fn inspect_largest_customer(&self) -> Result<Vec<Finding>> {
        const LARGEST: &str = "
            select customer_key, sum(sold_lines) as lines, sum(sum(sold_lines)) over () as all_lines, count(*) over () as customers
            from int_customer_days
            group by customer_key
            order by lines desc, customer_key
            limit 2";
        let found = self.query(LARGEST).await?;
        let Some(batch) = found.iter().find(|batch| batch.num_rows() > 1) else { return Ok(Vec::new()) };
        let cells = Cells { table: "int_customer_days", batch };
        let (first, second) = (cells.count("lines", 0)?, cells.count("lines", 1)?);
        let (all, customers) = (cells.count("all_lines", 0)?, cells.count("customers", 0)?);
        if customers < CUSTOMERS_LEAST || first < 5 * second || (first as f64) < ORDERS_OF_ONE_MOST * all as f64 {
            return Ok(Vec::new());
        }
        let id = self.id_of(cells.integer("customer_key", 0)?).await?;
        Ok(vec![Finding {
            name: "one_customer",
            place: Place::Staging,
            is_error: false,
            text: format!(
                "{}: one of {} customers has {} of {} lines sold, the next one {}{id}; such a customer mostly stands for guests, and is then no person",
                self.staged_file(),
                count(customers),
                count(first),
                count(all),
                count(second)
            ),
            example: String::new(),
            remedy: "make its id null there if it is nobody's".to_owned(),
        }])
    }

    /// The id of a customer that stands for nobody, where it says so itself: of a person it is not told.
    async fn id_of(&self, key: i64) -> Result<String> {
        let guest = format!(
            "select lower(trim(customer_id)) as id from stg_order_lines where pseudonym($pseudonym_key, customer_id) = {key} limit 1"
        );
        let found = self.bound_query(&guest).await?;
        let Some(batch) = found.iter().find(|batch| batch.num_rows() > 0) else { return Ok(String::new()) };
        let id = Cells { table: "stg_order_lines", batch }.text("id", 0)?.unwrap_or_default();
        const NOBODY: [&str; 12] =
            ["0", "-1", "guest", "gast", "anonymous", "unknown", "none", "null", "nan", "n/a", "na", "default"];
        let is_nobody = NOBODY.contains(&id.as_str()) || id.chars().all(|letter| letter == '0' || letter == '9');
        Ok(if is_nobody { format!(" (its id is `{id}`)") } else { String::new() })
    }
}
