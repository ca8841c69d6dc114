/*---
about = "Every customer of the last published period and of this one, counted by where they came from and where they are. Four states of each: as published last time, last period recomputed from today's data (restated), this period by last period's models, this period as published."
grain = ["flow", "from_segment", "to_segment", "published_segment", "now_segment"]
kind = "table"
publish = true
after = "previous"

[columns]
flow = { type = "utf8", not_null = true, values = ["new", "returning", "lost", "stayed", "outside"], about = "From the restated last period to this one. new: never seen before; returning: seen, but not active last time; lost: active last time only; outside: in neither base." }
from_segment = { type = "int64", not_null = true, min = 0, about = "Segment of last period, restated; 0 if not active then." }
to_segment = { type = "int64", not_null = true, min = 0, about = "Segment now by last period's model; 0 if not active now." }
published_segment = { type = "int64", not_null = true, min = 0, about = "Segment of last period as published; 0 if not active then." }
now_segment = { type = "int64", not_null = true, min = 0, about = "Segment of this period's model; 0 if not active now." }
customers = { type = "int64", min = 1, about = "Customers who took this way." }
customers_restated = { type = "int64", min = 0, about = "Of them, those whose last period is not as it was published." }
customers_redefined = { type = "int64", min = 0, about = "Of them, those whom this period's models see otherwise than last period's." }
value_published = { type = "decimal(18,2)", about = "Their 12-month value as published last period; zero if they were not active." }
value_from = { type = "decimal(18,2)", about = "The same, restated." }
value_to = { type = "decimal(18,2)", about = "Their 12-month value now by last period's models; zero if they are not active." }
value_now = { type = "decimal(18,2)", about = "Their 12-month value of this period." }
net_published = { type = "decimal(18,4)", about = "Their net amount of last period as published." }
net_from = { type = "decimal(18,4)", about = "The same, restated." }
net_to = { type = "decimal(18,4)", about = "Their net amount of this period." }
trailing_published = { type = "decimal(18,4)", about = "Their net amount of the 12 months before last as-of, as published; zero if they were not active." }
trailing_from = { type = "decimal(18,4)", about = "The same, restated." }
trailing_to = { type = "decimal(18,4)", about = "Their net amount of the 12 months before as-of; zero if they are not active." }
at_risk_published = { type = "int64", min = 0, about = "Of them, those active last period, as published, who have a churn risk." }
at_risk_from = { type = "int64", min = 0, about = "The same, restated." }
at_risk_to = { type = "int64", min = 0, about = "Of them, those active now to whom last period's models give a churn risk." }
at_risk_now = { type = "int64", min = 0, about = "Of them, those active now who have a churn risk." }
risk_published = { type = "decimal(28,6)", about = "Sum of their churn risks of last period as published." }
risk_from = { type = "decimal(28,6)", about = "The same, restated." }
risk_to = { type = "decimal(28,6)", about = "Sum of their churn risks now by last period's models and horizon." }
risk_now = { type = "decimal(28,6)", about = "Sum of their churn risks of this period." }
value_from_squares = { type = "decimal(38,4)", about = "Sum of squares of value_from: what the noise of a sum is made of." }
value_to_squares = { type = "decimal(38,4)", about = "Sum of squares of value_to." }
value_change_squares = { type = "decimal(38,4)", about = "Sum of squares of the change from value_from to value_to." }
---*/
with

published as (

    select
        customer_key,
        case when is_active then segment else 0 end as segment,
        case when is_active then coalesce(value_12_months, 0) else 0 end as value_12_months,
        net_period,
        case when is_active then net_12_months else 0 end as trailing,
        case when is_active then churn_risk end as churn_risk
    from previous.customers

),

restated as (

    select
        customer_key,
        is_active,
        case when is_active then segment else 0 end as segment,
        case when is_active then coalesce(value_12_months, 0) else 0 end as value_12_months,
        net_period,
        case when is_active then net_12_months else 0 end as trailing,
        case when is_active then churn_risk end as churn_risk
    from previous.restated

),

current_customers as (

    select
        customer_key,
        is_active,
        case when is_active then segment else 0 end as segment,
        case when is_active then coalesce(value_12_months, 0) else 0 end as value_12_months,
        net_period,
        case when is_active then net_12_months else 0 end as trailing,
        case when is_active then churn_risk end as churn_risk
    from customers

),

by_last_models as (

    select
        customer_key,
        segment,
        value_12_months,
        churn_risk
    from int_customers_by_last_models

),

restated_beside_published as (

    select
        coalesce(published.customer_key, restated.customer_key) as customer_key,
        restated.customer_key is not null as is_known,
        coalesce(restated.is_active, false) as was_active,
        coalesce(published.segment, 0) as published_segment,
        coalesce(restated.segment, 0) as from_segment,
        coalesce(published.value_12_months, 0) as value_published,
        coalesce(restated.value_12_months, 0) as value_from,
        coalesce(published.net_period, 0) as net_published,
        coalesce(restated.net_period, 0) as net_from,
        coalesce(published.trailing, 0) as trailing_published,
        coalesce(restated.trailing, 0) as trailing_from,
        published.churn_risk as risk_published,
        restated.churn_risk as risk_from
    from published
    full outer join restated
        on published.customer_key = restated.customer_key

),

current_beside_last_models as (

    select
        current_customers.customer_key,
        current_customers.is_active,
        case when current_customers.is_active then by_last_models.segment else 0 end as to_segment,
        current_customers.segment as now_segment,
        case when current_customers.is_active then coalesce(by_last_models.value_12_months, 0) else 0 end as value_to,
        current_customers.value_12_months as value_now,
        current_customers.net_period as net_to,
        current_customers.trailing as trailing_to,
        case when current_customers.is_active then by_last_models.churn_risk end as risk_to,
        current_customers.churn_risk as risk_now
    from current_customers
    inner join by_last_models
        on current_customers.customer_key = by_last_models.customer_key

),

customers_paired as (

    select
        coalesce(past.is_known, false) as is_known_before,
        coalesce(past.was_active, false) as was_active,
        coalesce(present.is_active, false) as is_active,
        coalesce(past.published_segment, 0) as published_segment,
        coalesce(past.from_segment, 0) as from_segment,
        coalesce(present.to_segment, 0) as to_segment,
        coalesce(present.now_segment, 0) as now_segment,
        coalesce(past.value_published, 0) as value_published,
        coalesce(past.value_from, 0) as value_from,
        coalesce(present.value_to, 0) as value_to,
        coalesce(present.value_now, 0) as value_now,
        coalesce(past.net_published, 0) as net_published,
        coalesce(past.net_from, 0) as net_from,
        coalesce(present.net_to, 0) as net_to,
        coalesce(past.trailing_published, 0) as trailing_published,
        coalesce(past.trailing_from, 0) as trailing_from,
        coalesce(present.trailing_to, 0) as trailing_to,
        past.risk_published,
        past.risk_from,
        present.risk_to,
        present.risk_now
    from restated_beside_published as past
    full outer join current_beside_last_models as present
        on past.customer_key = present.customer_key

),

customers_sorted_into_flows as (

    select
        case
            when is_active and not is_known_before then 'new'
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
    published_segment,
    now_segment,
    count(*) as customers,
    cast(
        sum(
            case
                when value_published <> value_from
                    or net_published <> net_from
                    or trailing_published <> trailing_from
                    or published_segment <> from_segment
                    then 1
                else 0
            end
        ) as bigint
    ) as customers_restated,
    cast(
        sum(case when value_to <> value_now or to_segment <> now_segment then 1 else 0 end) as bigint
    ) as customers_redefined,
    cast(sum(value_published) as decimal(18, 2)) as value_published,
    cast(sum(value_from) as decimal(18, 2)) as value_from,
    cast(sum(value_to) as decimal(18, 2)) as value_to,
    cast(sum(value_now) as decimal(18, 2)) as value_now,
    cast(sum(net_published) as decimal(18, 4)) as net_published,
    cast(sum(net_from) as decimal(18, 4)) as net_from,
    cast(sum(net_to) as decimal(18, 4)) as net_to,
    cast(sum(trailing_published) as decimal(18, 4)) as trailing_published,
    cast(sum(trailing_from) as decimal(18, 4)) as trailing_from,
    cast(sum(trailing_to) as decimal(18, 4)) as trailing_to,
    count(risk_published) as at_risk_published,
    count(risk_from) as at_risk_from,
    count(risk_to) as at_risk_to,
    count(risk_now) as at_risk_now,
    cast(sum(risk_published) as decimal(28, 6)) as risk_published,
    cast(sum(risk_from) as decimal(28, 6)) as risk_from,
    cast(sum(risk_to) as decimal(28, 6)) as risk_to,
    cast(sum(risk_now) as decimal(28, 6)) as risk_now,
    cast(sum(value_from * value_from) as decimal(38, 4)) as value_from_squares,
    cast(sum(value_to * value_to) as decimal(38, 4)) as value_to_squares,
    cast(sum((value_to - value_from) * (value_to - value_from)) as decimal(38, 4)) as value_change_squares
from customers_sorted_into_flows
group by
    flow,
    from_segment,
    to_segment,
    published_segment,
    now_segment
