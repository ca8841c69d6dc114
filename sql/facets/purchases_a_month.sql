/*---
about = "Mean of the purchases a month to expect of a member."

[facet]
title = "Purchases to expect"
block = "buys"
shape = "mean"
unit = "a month"
decimals = 1
window = "year"
source = "stg_order_lines"
drives = true
---*/
select
    customer_key,
    purchases_a_month as value
from customers
where is_active
