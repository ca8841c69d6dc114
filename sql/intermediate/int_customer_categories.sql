/*---
about = "What each customer bought of each category in the active window."
grain = ["customer_key", "category"]
kind = "view"

[columns]
customer_key = { type = "int64", not_null = true, about = "Keyed pseudonym." }
category = { type = "utf8", about = "As in stg_order_lines; null if unknown." }
sold_amount = { type = "decimal(18,4)", about = "Amount sold." }
---*/
select
    customer_key,
    item as category,
    active_amount as sold_amount
from int_customer_items
where habit = 'category'
    and active_amount is not null
