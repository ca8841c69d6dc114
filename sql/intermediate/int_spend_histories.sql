/*---
about = "Distinct spend histories of customers with a repeat purchase and money in it: what the spend model is fitted on."
grain = ["repeat_purchases", "mean_repeat_spend"]
kind = "view"

[columns]
repeat_purchases = { type = "int64", about = "x: purchase days less one." }
mean_repeat_spend = { type = "decimal(18,4)", about = "m: mean spend of the repeat purchase days." }
customers = { type = "int64", about = "Customers with this history." }
---*/
select
    purchase_days - 1 as repeat_purchases,
    mean_repeat_spend,
    count(*) as customers
from int_customers_summarised
where purchase_days > 1
    and mean_repeat_spend > 0
group by
    purchase_days - 1,
    mean_repeat_spend
