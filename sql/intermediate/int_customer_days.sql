/*---
about = "What each customer bought and brought back on each day: what every later figure about customers is built from."
grain = ["customer_key", "order_date"]
kind = "table"

[columns]
customer_key = { type = "int64", about = "Keyed pseudonym." }
order_date = { type = "date", about = "Calendar day in the market's time zone." }
sold_lines = { type = "int64", min = 0, about = "Source lines sold." }
returned_lines = { type = "int64", min = 0, about = "Source lines returned or cancelled." }
sold_amount = { type = "decimal(18,4)", about = "Amount sold." }
returned_amount = { type = "decimal(18,4)", about = "Amount returned or cancelled on that day, negative." }
discount_amount = { type = "decimal(18,4)", about = "Reductions already taken off, positive; null if the export does not say." }
---*/
with

order_lines as (

    select
        customer_key,
        order_date,
        kind,
        line_count,
        amount,
        discount
    from int_order_lines
    where customer_key is not null
        and is_profiled

),

lines_summed_to_days as (

    select
        customer_key,
        order_date,
        coalesce(sum(line_count) filter (where kind = 'sale'), 0) as sold_lines,
        coalesce(sum(line_count) filter (where kind in ('return', 'cancellation')), 0) as returned_lines,
        coalesce(sum(amount) filter (where kind = 'sale'), 0) as sold_amount,
        coalesce(sum(amount) filter (where kind in ('return', 'cancellation')), 0) as returned_amount,
        sum(discount) as discount_amount
    from order_lines
    group by
        customer_key,
        order_date

)

select
    customer_key,
    order_date,
    sold_lines,
    returned_lines,
    cast(sold_amount as decimal(18, 4)) as sold_amount,
    cast(returned_amount as decimal(18, 4)) as returned_amount,
    cast(discount_amount as decimal(18, 4)) as discount_amount
from lines_summed_to_days
