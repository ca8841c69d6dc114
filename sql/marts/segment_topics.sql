/*---
about = "How many members of each segment raised which topic in the last 12 months; segment 0 is everyone active."
grain = ["segment", "source", "topic"]
kind = "table"
publish = true

[columns]
segment = { type = "int64", not_null = true, min = 0, about = "Number of the segment; 0 is everyone active." }
source = { type = "utf8", not_null = true, about = "As in stg_feedback." }
topic = { type = "utf8", not_null = true, about = "As in stg_feedback." }
customers = { type = "int64", min = 1, about = "Active customers who raised it at least once." }
---*/
with

raised as (

    select
        pseudonym($pseudonym_key, customer_id) as customer_key,
        source,
        topic
    from stg_feedback
    where given_on >= $year_start
        and given_on < $as_of
        and topic is not null
    group by
        pseudonym($pseudonym_key, customer_id),
        source,
        topic

),

raised_by_active as (

    select
        customers.segment,
        raised.source,
        raised.topic
    from raised
    inner join customers
        on raised.customer_key = customers.customer_key
    where customers.is_active

),

segments_and_everyone as (

    select * from raised_by_active where segment > 0

    union all

    select * replace (cast(0 as bigint) as segment) from raised_by_active

)

select
    segment,
    source,
    topic,
    count(*) as customers
from segments_and_everyone
group by
    segment,
    source,
    topic
