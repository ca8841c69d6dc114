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
objectors = { type = "int64", min = 0, about = "Distinct customers who objected to profiling, with a line of any kind." }
objected_lines = { type = "int64", min = 0, about = "Source lines with the id of a customer who objected to profiling." }
discount_amount = { type = "decimal(18,4)", about = "Reductions already taken off, positive; null if the export does not say." }
---*/
with

order_lines as (

    select
        -- How many periods of the job's calendar are over since its year 0.
        (month_number(order_date) + 1 - $fiscal_year_starts) / $period_months as period_number,
        order_key,
        customer_key,
        kind,
        line_count,
        amount,
        discount,
        is_profiled,
        customer_key is not null and is_profiled as is_owned
    from int_order_lines

),

totals as (

    select
        period_number,
        count_distinct_keys(customer_key) filter (where kind = 'sale') as customers,
        count_distinct_keys(order_key) filter (where kind = 'sale') as orders,
        sum(line_count) as lines,
        cast(coalesce(sum(amount) filter (where kind = 'sale'), 0) as decimal(18, 4)) as gross_amount,
        cast(
            coalesce(sum(amount) filter (where kind in ('return', 'cancellation')), 0) as decimal(18, 4)
        ) as returned_amount,
        cast(
            coalesce(sum(amount) filter (where kind = 'sale' and customer_key is null), 0) as decimal(18, 4)
        ) as unidentified_gross_amount,
        cast(
            coalesce(sum(amount) filter (where kind in ('sale', 'return', 'cancellation') and not is_owned), 0)
            as decimal(18, 4)
        ) as unidentified_net_amount,
        coalesce(sum(line_count) filter (where customer_key is null), 0) as unidentified_lines,
        count_distinct_keys(customer_key) filter (where not is_profiled) as objectors,
        coalesce(sum(line_count) filter (where customer_key is not null and not is_profiled), 0) as objected_lines,
        cast(sum(discount) as decimal(18, 4)) as discount_amount
    from order_lines
    group by period_number

),

placed as (

    select
        totals.*,
        -- A fiscal year has the name of the calendar year that it starts in.
        period_number * $period_months / 12 as year_number,
        period_number % (12 / $period_months) + 1 as number_in_year,
        period_number * $period_months + $fiscal_year_starts - 1 as first_month
    from totals

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
    cast(gross_amount + returned_amount as decimal(18, 4)) as net_amount,
    unidentified_gross_amount,
    unidentified_net_amount,
    unidentified_lines,
    objectors,
    objected_lines,
    discount_amount
from placed
