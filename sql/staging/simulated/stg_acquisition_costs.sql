/*---
about = "What a channel cost in a quarter, in equal parts to everybody who joined by it in that quarter; rows of consenting customers only."
grain = ["customer_id"]
kind = "view"
---*/
with

customers as (

    select
        customer_id,
        acquisition_channel,
        joined_on,
        cast(date_trunc('quarter', joined_on) as date) as quarter_start,
        profiling_consent
    from source.customers

),

costs as (

    select
        channel,
        quarter_start,
        cast(spent as decimal(18, 4)) as spent
    from source.acquisition_costs

),

joined as (

    -- Those who do not consent were paid for too, so they have their part.
    select
        acquisition_channel,
        quarter_start,
        count(*) as customers
    from customers
    group by
        acquisition_channel,
        quarter_start

)

select
    customers.customer_id,
    customers.joined_on as acquired_on,
    cast(costs.spent / joined.customers as decimal(18, 4)) as cost
from customers
inner join joined
    on customers.acquisition_channel = joined.acquisition_channel
    and customers.quarter_start = joined.quarter_start
inner join costs
    on customers.acquisition_channel = costs.channel
    and customers.quarter_start = costs.quarter_start
where customers.profiling_consent
