/*---
about = "Invoice lines in the canonical shape; amounts keep four places. There is no category a marketer would name."
grain = []
kind = "view"
---*/
select
    invoice_id as order_id,
    customer_id,
    cast(invoiced_at as date) as order_date,
    kind,
    cast(null as varchar) as category,
    cast(null as varchar) as channel,
    cast(1 as bigint) as line_count,
    cast(quantity * unit_price as decimal(18, 4)) as amount,
    cast(null as decimal(18, 4)) as discount,
    true as is_profiled
from int_invoice_lines_unioned
