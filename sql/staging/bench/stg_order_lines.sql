/*---
about = "Order lines, each read once; a line counts for a customer unless they object to profiling."
grain = []
kind = "view"
---*/
with

order_lines as (

    select
        order_id,
        customer_id,
        ordered_at,
        product_id,
        category,
        quantity,
        net_amount,
        channel,
        is_return
    from source.orders
    where ordered_at < cast($as_of as timestamp)

),

objecting_customers as (

    -- One in fourteen: what every line is looked up in stays in the processor's cache.
    select customer_id
    from source.customers
    where not coalesce(profiling_consent, false)

)

select
    order_lines.order_id,
    order_lines.customer_id,
    local_date(order_lines.ordered_at, $time_zone) as order_date,
    case when order_lines.is_return then 'return' else 'sale' end as kind,
    order_lines.category,
    order_lines.product_id as product,
    order_lines.channel,
    cast(1 as bigint) as line_count,
    abs(coalesce(order_lines.quantity, 0)) as quantity,
    cast(order_lines.net_amount as decimal(18, 4)) as amount,
    cast(null as decimal(18, 4)) as discount,
    objecting_customers.customer_id is null as is_profiled
from order_lines
left join objecting_customers
    on order_lines.customer_id = objecting_customers.customer_id
