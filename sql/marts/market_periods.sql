/*---
about = "One row per period of the job's calendar with any line before as-of: the totals that finance knows."
grain = ["period"]
kind = "table"
publish = true

[columns]
period = { type = "utf8", not_null = true, about = "Like 2011Q3, 2011H1 or FY2011-04Q3." }
first_day = { type = "date", not_null = true, about = "First day of the period." }
customers = { type = "int64", min = 0, about = "Distinct customer ids with a sale line." }
orders = { type = "int64", min = 0, about = "Distinct orders with a sale line." }
lines = { type = "int64", min = 0, about = "Source lines of any kind." }
gross_amount = { type = "decimal(18,4)", about = "Amount of sale lines, guests included." }
returned_amount = { type = "decimal(18,4)", about = "Amount of return and cancellation lines, negative." }
net_amount = { type = "decimal(18,4)", about = "Gross plus returns." }
unidentified_gross_amount = { type = "decimal(18,4)", about = "Amount of sale lines without a customer id." }
unidentified_net_amount = { type = "decimal(18,4)", about = "Net amount of lines that no profile owns: guests, and customers who objected to profiling." }
unidentified_lines = { type = "int64", min = 0, about = "Source lines without a customer id." }
discount_amount = { type = "decimal(18,4)", about = "Reductions already taken off, positive; null if the export does not say." }
---*/
with

order_lines as (

    select
        order_date,
        order_key,
        customer_key,
        kind,
        line_count,
        amount,
        discount,
        is_profiled
    from int_order_lines

),

days as (

    -- Sums by day and sort of line first: there are few of those, so the cases below cost nothing.
    select
        order_date,
        kind,
        customer_key is null as is_guest,
        customer_key is not null and is_profiled as is_owned,
        sum(line_count) as line_count,
        sum(amount) as amount,
        sum(discount) as discount
    from order_lines
    group by
        order_date,
        kind,
        customer_key is null,
        customer_key is not null and is_profiled

),

days_in_periods as (

    select
        -- How many periods of the job's calendar are over since its year 0.
        (
            12 * cast(date_part('year', order_date) as bigint) + cast(date_part('month', order_date) as bigint)
            - $fiscal_year_starts
        ) / $period_months as period_number,
        kind,
        is_guest,
        is_owned,
        line_count,
        amount,
        discount
    from days

),

totals as (

    select
        period_number,
        sum(line_count) as lines,
        cast(sum(case when kind = 'sale' then amount else 0 end) as decimal(18, 4)) as gross_amount,
        cast(
            sum(case when kind in ('return', 'cancellation') then amount else 0 end) as decimal(18, 4)
        ) as returned_amount,
        cast(
            sum(case when kind in ('sale', 'return', 'cancellation') then amount else 0 end) as decimal(18, 4)
        ) as net_amount,
        cast(
            sum(case when kind = 'sale' and is_guest then amount else 0 end) as decimal(18, 4)
        ) as unidentified_gross_amount,
        cast(
            sum(case when kind in ('sale', 'return', 'cancellation') and not is_owned then amount else 0 end)
            as decimal(18, 4)
        ) as unidentified_net_amount,
        sum(case when is_guest then line_count else 0 end) as unidentified_lines,
        cast(sum(discount) as decimal(18, 4)) as discount_amount
    from days_in_periods
    group by period_number

),

counts as (

    select
        (
            12 * cast(date_part('year', order_date) as bigint) + cast(date_part('month', order_date) as bigint)
            - $fiscal_year_starts
        ) / $period_months as period_number,
        count(distinct customer_key) as customers,
        count(distinct order_key) as orders
    from order_lines
    where kind = 'sale'
    group by
        (
            12 * cast(date_part('year', order_date) as bigint) + cast(date_part('month', order_date) as bigint)
            - $fiscal_year_starts
        ) / $period_months

),

placed as (

    select
        totals.*,
        coalesce(counts.customers, 0) as customers,
        coalesce(counts.orders, 0) as orders,
        -- A fiscal year has the name of the calendar year that it starts in.
        totals.period_number * $period_months / 12 as year_number,
        totals.period_number % (12 / $period_months) + 1 as number_in_year,
        totals.period_number * $period_months + $fiscal_year_starts - 1 as first_month
    from totals
    left join counts
        on totals.period_number = counts.period_number

)

select
    concat(
        case when $fiscal_year_starts = 1 then '' else 'FY' end,
        cast(year_number as varchar),
        case
            when $fiscal_year_starts = 1 then ''
            else concat('-', lpad(cast($fiscal_year_starts as varchar), 2, '0'))
        end,
        case when $period_months = 3 then 'Q' else 'H' end,
        cast(number_in_year as varchar)
    ) as period,
    make_date(cast(first_month / 12 as int), cast(first_month % 12 + 1 as int), 1) as first_day,
    customers,
    orders,
    lines,
    gross_amount,
    returned_amount,
    net_amount,
    unidentified_gross_amount,
    unidentified_net_amount,
    unidentified_lines,
    discount_amount
from placed
