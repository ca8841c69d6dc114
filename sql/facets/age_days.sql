/*---
about = "Days from a member's first purchase day to the end of the period: mean over members."

[facet]
title = "Days since first purchase"
block = "buys"
shape = "mean"
unit = "days"
decimals = 0
window = "as_of"
source = "stg_order_lines"
compared = false
---*/
select
    customer_key,
    age_days as value
from customers
where is_active
