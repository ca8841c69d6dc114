/*---
about = "Every customer of the last published period and of this one, counted by where they came from and where they are."
grain = ["flow", "from_segment", "to_segment"]
kind = "table"
publish = true

[columns]
flow = { type = "utf8", not_null = true, values = ["new", "returning", "lost", "stayed", "outside"], about = "new: never seen before; returning: seen, but not active last time; lost: active last time only; outside: in neither base." }
from_segment = { type = "int64", not_null = true, min = 0, about = "Segment of last period; 0 if not active then." }
to_segment = { type = "int64", not_null = true, min = 0, about = "Segment of this period; 0 if not active now." }
customers = { type = "int64", min = 1, about = "Customers who took this way." }
value_from = { type = "decimal(18,2)", about = "Their 12-month value as published last period; zero if they were not active." }
value_to = { type = "decimal(18,2)", about = "Their 12-month value now; zero if they are not active." }
net_from = { type = "decimal(18,4)", about = "Their net amount of last period." }
net_to = { type = "decimal(18,4)", about = "Their net amount of this period." }
trailing_from = { type = "decimal(18,4)", about = "Their net amount of the 12 months before last as-of; zero if they were not active." }
trailing_to = { type = "decimal(18,4)", about = "Their net amount of the 12 months before as-of; zero if they are not active." }
value_from_squares = { type = "decimal(38,4)", about = "Sum of squares of value_from: what the noise of a sum is made of." }
value_to_squares = { type = "decimal(38,4)", about = "Sum of squares of value_to." }
value_change_squares = { type = "decimal(38,4)", about = "Sum of squares of the change." }
---*/
with

previous_customers as (

    select *
    from previous.customers

),

current_customers as (

    select *
    from customers

),

customers_paired as (

    select
        previous_customers.customer_key is null as is_unknown_before,
        coalesce(previous_customers.is_active, false) as was_active,
        coalesce(current_customers.is_active, false) as is_active,
        case when previous_customers.is_active then previous_customers.segment else 0 end as from_segment,
        case when current_customers.is_active then current_customers.segment else 0 end as to_segment,
        case when previous_customers.is_active then coalesce(previous_customers.value_12_months, 0) else 0 end as value_from,
        case when current_customers.is_active then coalesce(current_customers.value_12_months, 0) else 0 end as value_to,
        coalesce(previous_customers.net_period, 0) as net_from,
        coalesce(current_customers.net_period, 0) as net_to,
        case when previous_customers.is_active then previous_customers.net_12_months else 0 end as trailing_from,
        case when current_customers.is_active then current_customers.net_12_months else 0 end as trailing_to
    from previous_customers
    full outer join current_customers
        on previous_customers.customer_key = current_customers.customer_key

),

customers_sorted_into_flows as (

    select
        case
            when is_active and is_unknown_before then 'new'
            when is_active and not was_active then 'returning'
            when was_active and not is_active then 'lost'
            when was_active and is_active then 'stayed'
            else 'outside'
        end as flow,
        *
    from customers_paired

)

select
    flow,
    from_segment,
    to_segment,
    count(*) as customers,
    cast(sum(value_from) as decimal(18, 2)) as value_from,
    cast(sum(value_to) as decimal(18, 2)) as value_to,
    cast(sum(net_from) as decimal(18, 4)) as net_from,
    cast(sum(net_to) as decimal(18, 4)) as net_to,
    cast(sum(trailing_from) as decimal(18, 4)) as trailing_from,
    cast(sum(trailing_to) as decimal(18, 4)) as trailing_to,
    cast(sum(value_from * value_from) as decimal(38, 4)) as value_from_squares,
    cast(sum(value_to * value_to) as decimal(38, 4)) as value_to_squares,
    cast(sum((value_to - value_from) * (value_to - value_from)) as decimal(38, 4)) as value_change_squares
from customers_sorted_into_flows
group by
    flow,
    from_segment,
    to_segment
