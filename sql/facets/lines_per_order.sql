/*---
about = "Lines that members buy on a purchase day: mean over members of their own mean of the last 12 months."

[facet]
title = "Lines a purchase day"
block = "buys"
shape = "mean"
unit = "lines"
decimals = 1
window = "year"
roles = ["product"]
source = "stg_order_lines"
drives = true
---*/
select
    customer_key,
    lines_per_order as value
from customers
where is_active
