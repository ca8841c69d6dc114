/*---
about = "What part of their money the active customers spend on the items that a persona's name or rule speaks of. A customer without a row spends nothing on it."
grain = ["customer_key", "habit", "item"]
kind = "table"
publish = true

[columns]
customer_key = { type = "int64", not_null = true, about = "Keyed pseudonym." }
habit = { type = "utf8", not_null = true, values = ["category", "channel"], about = "Of what the item is one." }
item = { type = "utf8", not_null = true, about = "Category or channel, as in stg_order_lines." }
share = { type = "decimal(9,6)", not_null = true, min = 0, max = 1, about = "Of all that the customer bought in the last 12 months where the export tells the item." }
---*/
with

customer_shares as (

    select
        customer_key,
        habit,
        item,
        share
    from int_customer_shares

),

active_customers as (

    select customer_key
    from int_customers_placed

),

named_items as (

    select
        habit,
        item
    from fitted.named_items

)

select
    customer_shares.customer_key,
    customer_shares.habit,
    customer_shares.item,
    customer_shares.share
from customer_shares
inner join active_customers
    on customer_shares.customer_key = active_customers.customer_key
inner join named_items
    on customer_shares.habit = named_items.habit
    and customer_shares.item = named_items.item
