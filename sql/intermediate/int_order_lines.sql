/*---
about = "Every staged line with keys in the place of ids: what market totals, customers and categories are added up from."
grain = []
kind = "table"

[columns]
order_key = { type = "int64", not_null = true, about = "Key of the order's number." }
customer_key = { type = "int64", about = "Keyed pseudonym of the customer id; null for a guest. The id itself ends here." }
order_date = { type = "date", not_null = true, about = "Calendar day in the market's time zone." }
kind = { type = "utf8", not_null = true, values = ["sale", "return", "cancellation", "adjustment", "correction"], about = "As in stg_order_lines." }
category = { type = "utf8", about = "As in stg_order_lines." }
channel = { type = "utf8", about = "As in stg_order_lines." }
line_count = { type = "int64", not_null = true, about = "Source lines that this row stands for." }
amount = { type = "decimal(18,4)", not_null = true, about = "As in stg_order_lines." }
discount = { type = "decimal(18,4)", about = "As in stg_order_lines." }
is_profiled = { type = "boolean", not_null = true, about = "As in stg_order_lines." }
---*/
with

order_lines as (

    select
        order_id,
        customer_id,
        order_date,
        kind,
        category,
        channel,
        line_count,
        amount,
        discount,
        is_profiled
    from stg_order_lines
    where order_date < $as_of
        or order_date is null

)

select
    text_key(order_id) as order_key,
    pseudonym($pseudonym_key, customer_id) as customer_key,
    order_date,
    kind,
    category,
    channel,
    line_count,
    amount,
    discount,
    is_profiled
from order_lines
