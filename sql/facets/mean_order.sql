/*---
about = "What members spend on a purchase day: mean over members of their own mean of the last 12 months."

[facet]
title = "Spend a purchase day"
block = "buys"
shape = "mean"
unit = "money"
decimals = 2
window = "year"
roles = ["product"]
source = "stg_order_lines"
drives = true
---*/
select
    customer_key,
    mean_order as value
from customers
where is_active
