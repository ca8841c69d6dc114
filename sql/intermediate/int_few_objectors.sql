/*---
about = "Periods in which fewer than min_cell customers who objected to profiling bought or sent back: their money would be that of a handful, or of one, so it is in no total."
grain = ["period_number"]
kind = "table"

[columns]
period_number = { type = "int64", not_null = true, about = "How many periods of the job's calendar are over since its year 0." }
---*/
with

order_lines as (

    select
        (month_number(order_date) + 1 - $fiscal_year_starts) / $period_months as period_number,
        customer_key
    from int_order_lines
    where customer_key is not null
        and not is_profiled

)

select period_number
from order_lines
group by period_number
having count_distinct_keys(customer_key) < $min_cell
