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
    -- Codes of goods start with five digits; the others are postage, manual corrections and fees.
    case when product_id ~ '^[0-9]{5}' then product_id end as product,
    cast(null as varchar) as channel,
    cast(1 as bigint) as line_count,
    abs(coalesce(quantity, 0)) as quantity,
    cast(quantity * unit_price as decimal(18, 4)) as amount,
    cast(null as decimal(18, 4)) as discount,
    true as is_profiled
from int_invoice_lines_unioned
