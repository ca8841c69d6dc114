/*---
about = "What the data of a revision changed of the customers of the revision before it, by the segments of both; 0 is not active, or not there."
grain = ["old_segment", "new_segment"]
kind = "table"
after = "revision"

[columns]
old_segment = { type = "int64", not_null = true, min = 0, about = "Segment in the revision before." }
new_segment = { type = "int64", not_null = true, min = 0, about = "Segment in this one." }
customers = { type = "int64", min = 1, about = "Customers who have a row in either." }
changed_customers = { type = "int64", min = 0, about = "Those of them whose purchase days or money are not what they were, or who have a row in one only." }
---*/
with

old_customers as (

    select *
    from previous.revision

),

new_customers as (

    select *
    from customers

),

compared as (

    select
        coalesce(old_customers.segment, 0) as old_segment,
        coalesce(new_customers.segment, 0) as new_segment,
        old_customers.customer_key is null
        or new_customers.customer_key is null
        or (old_customers.purchase_days is distinct from new_customers.purchase_days)
        or (old_customers.recency_days is distinct from new_customers.recency_days)
        or (old_customers.age_days is distinct from new_customers.age_days)
        or (old_customers.net_period is distinct from new_customers.net_period)
        or (old_customers.net_12_months is distinct from new_customers.net_12_months)
        or (old_customers.net_lifetime is distinct from new_customers.net_lifetime)
        or (old_customers.is_active is distinct from new_customers.is_active) as is_changed
    from old_customers
    full outer join new_customers
        on old_customers.customer_key = new_customers.customer_key

)

select
    old_segment,
    new_segment,
    count(*) as customers,
    sum(case when is_changed then 1 else 0 end) as changed_customers
from compared
group by old_segment, new_segment
