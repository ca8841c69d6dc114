/*---
about = "Order lines of the shop in the canonical shape: rename, cast, say what is a sale and what a return."
grain = []
kind = "view"
---*/
select
    order_id,
    customer_id,
    local_date(ordered_at, $time_zone) as order_date,
    -- exports write a return as a negative quantity, as negative money, or both
    case when quantity < 0 or net_amount < 0 then 'return' else 'sale' end as kind,
    category,
    product,
    cast(null as varchar) as channel,
    cast(1 as bigint) as line_count,
    abs(coalesce(quantity, 0)) as quantity,
    -- what is sent back is taken off, whatever sign the export gives it
    cast(case when quantity < 0 or net_amount < 0 then -abs(net_amount) else net_amount end as decimal(18, 4)) as amount,
    cast(null as decimal(18, 4)) as discount,
    true as is_profiled
from source.order_lines
