/*---
about = "What each customer bought on each day of the last 12 months by category."
grain = ["customer_key", "order_date", "category"]
kind = "table"

[columns]
customer_key = { type = "int64", not_null = true, about = "Keyed pseudonym." }
order_date = { type = "date", not_null = true, about = "Calendar day." }
category = { type = "utf8", not_null = true, about = "As in stg_order_lines." }
amount = { type = "decimal(18,4)", not_null = true, min = 0, about = "Amount sold." }
---*/
with

order_lines as (

    select
        customer_key,
        order_date,
        category,
        amount
    from int_order_lines
    where customer_key is not null
        and is_profiled
        and kind = 'sale'
        and amount > 0
        and order_date >= $year_start
        and category is not null

)

select
    customer_key,
    order_date,
    category,
    cast(sum(amount) as decimal(18, 4)) as amount
from order_lines
group by
    customer_key,
    order_date,
    category
