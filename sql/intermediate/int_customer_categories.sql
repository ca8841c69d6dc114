/*---
about = "What each customer bought by category inside the active window."
grain = ["customer_key", "category"]
kind = "view"

[columns]
customer_key = { type = "int64", about = "Keyed pseudonym." }
category = { type = "utf8", about = "As in stg_order_lines." }
sold_amount = { type = "decimal(18,4)", about = "Amount sold." }
---*/
with

order_lines as (

    select
        customer_id,
        category,
        amount
    from stg_order_lines
    where customer_id is not null
        and is_profiled
        and kind = 'sale'
        and order_date >= $active_start
        and order_date < $as_of

),

lines_summed as (

    select
        customer_id,
        category,
        sum(amount) as sold_amount
    from order_lines
    group by
        customer_id,
        category

)

select
    pseudonym($pseudonym_key, customer_id) as customer_key,
    category,
    cast(sold_amount as decimal(18, 4)) as sold_amount
from lines_summed
