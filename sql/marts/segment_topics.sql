/*---
about = "How many members of each segment raised which topic in the last 12 months; segment 0 is everyone active."
grain = ["segment", "source", "kind", "topic"]
kind = "table"
publish = true

[columns]
segment = { type = "int64", not_null = true, min = 0, about = "Number of the segment; 0 is everyone active." }
source = { type = "utf8", not_null = true, about = "As in stg_feedback." }
kind = { type = "utf8", not_null = true, values = ["goals", "motivations", "frustrations", "objections"], about = "As in stg_feedback: what the topic tells of them." }
topic = { type = "utf8", not_null = true, about = "As in stg_feedback." }
customers = { type = "int64", min = 1, about = "Active customers who raised it at least once." }
answered = { type = "int64", min = 1, about = "Active customers who raised anything of that kind with that source." }
---*/
with

raised as (

    select
        pseudonym($pseudonym_key, customer_id) as customer_key,
        source,
        kind,
        topic
    from stg_feedback
    where given_on >= $year_start
        and given_on < $as_of
        and topic is not null
    group by
        pseudonym($pseudonym_key, customer_id),
        source,
        kind,
        topic

),

raised_by_active as (

    select
        raised.customer_key,
        customers.segment,
        raised.source,
        raised.kind,
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

),

answered as (

    select
        segment,
        source,
        kind,
        count(distinct customer_key) as customers
    from segments_and_everyone
    group by
        segment,
        source,
        kind

),

topics as (

    select
        segment,
        source,
        kind,
        topic,
        count(*) as customers
    from segments_and_everyone
    group by
        segment,
        source,
        kind,
        topic

)

select
    topics.segment,
    topics.source,
    topics.kind,
    topics.topic,
    topics.customers,
    answered.customers as answered
from topics
left join answered
    on topics.segment = answered.segment
        and topics.source = answered.source
        and topics.kind is not distinct from answered.kind
