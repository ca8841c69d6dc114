/*---
about = "What the company spent to win a customer, where it knows; costs of one customer add up."
grain = ["customer_id"]
kind = "view"

[columns]
customer_id = { type = "utf8", about = "As in stg_order_lines." }
acquired_on = { type = "date", about = "Calendar day in the market's time zone; null if unknown. From as-of on the cost does not count." }
cost = { type = "decimal(18,4)", min = 0, about = "Currency of the job; null if unknown, 0 if it is known to have cost nothing." }
---*/
select
    cast(null as varchar) as customer_id,
    cast(null as date) as acquired_on,
    cast(null as decimal(18, 4)) as cost
where false
