/*---
about = "Order lines and what was sent back; a line counts for a customer only with consent to profiling."
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
        discount,
        net_amount,
        is_return
    from source.order_lines

),

consenting_customers as (

    select customer_id
    from source.customers
    where profiling_consent

)

select
    order_lines.order_id,
    order_lines.customer_id,
    local_date(order_lines.ordered_at, $time_zone) as order_date,
    case when order_lines.is_return then 'return' else 'sale' end as kind,
    order_lines.category,
    order_lines.product_id as product,
    cast(null as varchar) as channel,
    cast(1 as bigint) as line_count,
    coalesce(order_lines.quantity, 0) as quantity,
    cast(order_lines.net_amount as decimal(18, 4)) as amount,
    case when order_lines.is_return then cast(0 as decimal(18, 4)) else cast(order_lines.discount as decimal(18, 4)) end as discount,
    consenting_customers.customer_id is not null as is_profiled
from order_lines
left join consenting_customers
    on order_lines.customer_id = consenting_customers.customer_id
