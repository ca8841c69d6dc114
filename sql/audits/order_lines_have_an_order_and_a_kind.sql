/*---
about = "Every staged line has an order, a date, an amount and a known kind."
---*/
select
    order_id,
    order_date,
    kind
from stg_order_lines
where order_id is null
    or order_date is null
    or amount is null
    or line_count is null
    or is_profiled is null
    or kind is null
    or kind not in ('sale', 'return', 'cancellation', 'adjustment', 'correction')
