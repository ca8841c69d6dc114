/*---
about = "Baskets by department. Timestamps are UTC of a shop on the US East coast; there are no returns."
grain = []
kind = "view"
---*/
select
    cast(basket_id as varchar) as order_id,
    cast(household_id as varchar) as customer_id,
    local_date(transaction_timestamp, $time_zone) as order_date,
    'sale' as kind,
    department as category,
    cast(null as varchar) as product,
    cast(null as varchar) as channel,
    cast(lines as bigint) as line_count,
    cast(null as bigint) as quantity,
    cast(round(sales_value, 2) as decimal(18, 4)) as amount,
    cast(round(retail_disc + coupon_match_disc, 2) as decimal(18, 4)) as discount,
    true as is_profiled
from source.basket_lines
