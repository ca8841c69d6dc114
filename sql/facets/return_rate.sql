/*---
about = "Share of what members bought in the last 12 months that they sent back: mean over members."

[facet]
title = "Share of sales returned"
block = "buys"
shape = "mean"
unit = "share"
decimals = 1
window = "year"
roles = ["product"]
source = "stg_order_lines"
drives = true
direction = "less_is_better"
---*/
select
    customer_key,
    return_rate as value
from customers
where is_active
