/*---
about = "Margin by category as the export says it; empty if it does not."
grain = ["category"]
kind = "table"
publish = true

[columns]
category = { type = "utf8", about = "As in stg_order_lines; null is everything without a row of its own." }
margin_share = { type = "decimal(9,6)", not_null = true, min = -1, max = 1, about = "Contribution margin by net revenue." }
---*/
select
    category,
    margin_share
from stg_category_margins
