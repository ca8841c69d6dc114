/*---
about = "Distinct spend histories of customers who spent anything: what the spend model is fitted on. The first purchase day is one of the days."
grain = ["purchase_days", "mean_spend"]
kind = "view"

[columns]
purchase_days = { type = "int64", about = "n: purchase days." }
mean_spend = { type = "decimal(18,4)", about = "m: mean spend of these days." }
customers = { type = "int64", about = "Customers with this history." }
---*/
with

customers as (

    select
        purchase_days,
        cast(spend_lifetime / purchase_days as decimal(18, 4)) as mean_spend
    from int_customers_summarised
    where spend_lifetime > 0

)

select
    purchase_days,
    mean_spend,
    count(*) as customers
from customers
group by
    purchase_days,
    mean_spend
