/*---
about = "The part of a customer's sales of a day that was cancelled later, for exports whose cancellations are not linked to a sale."
grain = ["customer_id", "sale_date", "cancelled_on"]
kind = "view"

[columns]
customer_id = { type = "utf8", about = "As in stg_order_lines." }
sale_date = { type = "date", about = "The day of the sale that was taken back." }
cancelled_on = { type = "date", about = "The day of the cancellation; it counts from the next as-of on." }
amount = { type = "decimal(18,4)", min = 0, about = "What was sold and taken back, as a positive number." }
---*/
select
    cast(null as varchar) as customer_id,
    cast(null as date) as sale_date,
    cast(null as date) as cancelled_on,
    cast(null as decimal(18, 4)) as amount
where false
