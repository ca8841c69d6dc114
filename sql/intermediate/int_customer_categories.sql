/*---
about = "What each customer bought of each category in the active window."
grain = ["customer_key", "category"]
kind = "table"

[columns]
customer_key = { type = "int64", not_null = true, about = "Keyed pseudonym." }
category = { type = "utf8", about = "As in stg_order_lines; null if unknown." }
sold_amount = { type = "decimal(18,4)", about = "Amount sold." }
---*/
with

order_lines as (

    select
        customer_key,
        category,
        amount
    from int_order_lines
    where customer_key is not null
        and is_profiled
        and kind = 'sale'
        and order_date >= $active_start

)

select
    customer_key,
    category,
    cast(sum(amount) as decimal(18, 4)) as sold_amount
from order_lines
group by
    customer_key,
    category
