/*---
about = "What share of net revenue stays after the costs of what was sold, where an export says so."
grain = ["category"]
kind = "view"

[columns]
category = { type = "utf8", about = "As in stg_order_lines; null is everything without a row of its own." }
margin_share = { type = "decimal(9,6)", min = -1, max = 1, about = "Contribution margin by net revenue, like 0.35." }
---*/
select
    cast(null as varchar) as category,
    cast(null as decimal(9, 6)) as margin_share
where false
