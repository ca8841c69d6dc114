/*---
about = "What part of their money the members spend on each category, in the active window."

[facet]
title = "Categories bought"
block = "buys"
shape = "amount"
item = "category"
window = "year"
roles = ["product", "sales"]
source = "stg_order_lines"
drives = true
says = "spend {share} of their money on {}"
---*/
select
    customer_key,
    category,
    sold_amount as amount
from int_customer_categories
