/*---
about = "Share of the price that discounts took off in the last 12 months: mean over members."

[facet]
title = "Share of price discounted"
block = "buys"
shape = "mean"
unit = "share"
decimals = 1
window = "year"
roles = ["product"]
source = "stg_order_lines"
drives = true
---*/
select
    customer_key,
    discount_share as value
from customers
where is_active
