/*---
about = "Days from a member's last purchase day to the end of the period: mean over members."

[facet]
title = "Days since last purchase"
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
    recency_days as value
from customers
where is_active
