/*---
about = "Order lines without exact duplicates; a line counts for a customer only with consent to profiling."
grain = []
kind = "table"
---*/
with

lines_read_once as (

    select distinct
        order_id,
        customer_id,
        ordered_at,
        product_id,
        category,
        quantity,
        net_amount,
        currency,
        channel,
        is_return
    from source.orders
    where ordered_at < cast($as_of as timestamp)

),

consenting_customers as (

    select customer_id
    from source.customers
    where profiling_consent

)

select
    lines_read_once.order_id,
    lines_read_once.customer_id,
    local_date(lines_read_once.ordered_at, $time_zone) as order_date,
    case when lines_read_once.is_return then 'return' else 'sale' end as kind,
    lines_read_once.category,
    lines_read_once.channel,
    cast(1 as bigint) as line_count,
    cast(lines_read_once.net_amount as decimal(18, 4)) as amount,
    cast(null as decimal(18, 4)) as discount,
    consenting_customers.customer_id is not null as is_profiled
from lines_read_once
left join consenting_customers
    on lines_read_once.customer_id = consenting_customers.customer_id
