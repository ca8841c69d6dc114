/*---
about = "What part of their money the active customers spend on the items that a persona's name or rule speaks of. A customer without a row spends nothing on it."
grain = ["customer_key", "habit", "item"]
kind = "table"
publish = true

[columns]
customer_key = { type = "int64", not_null = true, about = "Keyed pseudonym." }
habit = { type = "utf8", not_null = true, values = ["category", "channel"], about = "Of what the item is one." }
item = { type = "utf8", not_null = true, about = "Category or channel, as in stg_order_lines." }
share = { type = "decimal(9,6)", not_null = true, min = 0, max = 1, about = "Of all that the customer bought in the last 12 months where the export tells the item, as int_customer_items counts it." }
---*/
select
    customer_key,
    habit,
    item,
    share
from fitted.item_shares
