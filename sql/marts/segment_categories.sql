/*---
about = "What each segment buys, by category, in the active window; segment 0 is everyone active."
grain = ["segment", "category"]
kind = "table"
publish = true

[columns]
segment = { type = "int64", not_null = true, min = 0, about = "Number of the segment; 0 is everyone active." }
category = { type = "utf8", about = "As in stg_order_lines; null if unknown." }
customers = { type = "int64", min = 0, about = "Active customers who bought it." }
sold_amount = { type = "decimal(18,2)", about = "Amount sold, rounded once." }
---*/
with

segment_categories as (

    select
        segment,
        category,
        customers,
        sold_amount
    from int_segment_categories

),

segments_and_everyone as (

    select * from segment_categories where segment > 0

    union all

    -- Every active customer is in one segment, so everyone's count is the sum of theirs.
    select * replace (cast(0 as bigint) as segment) from segment_categories

)

select
    segment,
    category,
    cast(sum(customers) as bigint) as customers,
    cast(round(sum(sold_amount), 2) as decimal(18, 2)) as sold_amount
from segments_and_everyone
group by
    segment,
    category
