/*---
about = "Distinct purchase histories with the number of customers who share them: all that a purchase model is fitted on."
grain = ["repeat_purchases", "recency_days", "age_days"]
kind = "view"

[columns]
repeat_purchases = { type = "int64", about = "x: purchase days less one." }
recency_days = { type = "int64", about = "t_x in days: from the first to the last purchase day." }
age_days = { type = "int64", about = "T in days: from the first purchase day to as-of." }
customers = { type = "int64", about = "Customers with this history." }
---*/
select
    purchase_days - 1 as repeat_purchases,
    days_between(first_purchase_date, last_purchase_date) as recency_days,
    age_days,
    count(*) as customers
from int_customers_summarised
group by
    purchase_days - 1,
    days_between(first_purchase_date, last_purchase_date),
    age_days
