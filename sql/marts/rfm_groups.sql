/*---
about = "Customers by RFM group: as last published, now by last period's cut points, now by this period's. Between the first two customers moved; between the last two only the lines did."
grain = ["rfm_group"]
kind = "table"
publish = true

[columns]
rfm_group = { type = "utf8", not_null = true, about = "Name of the group." }
customers_published = { type = "int64", min = 0, about = "As last published." }
customers_by_last_cuts = { type = "int64", min = 0, about = "Today's customers by the cut points of the last published period." }
customers = { type = "int64", min = 0, about = "Today's customers by today's cut points." }
---*/
with

published as (

    select
        recency_days,
        purchase_days,
        net_12_months,
        recency_score,
        frequency_score,
        monetary_score,
        rfm_group
    from previous.customers

),

present as (

    select
        recency_days,
        purchase_days,
        net_12_months,
        rfm_group
    from customers

),

groups as (

    select
        recency_score,
        frequency_score,
        monetary_score,
        rfm_group
    from int_rfm_groups

),

cut_points as (

    -- Whoever is better than everyone of a lower score has the score: the same rule as the shares of strictly worse ones.
    select
        min(case when recency_score < 2 then recency_days end) as recency_2,
        min(case when recency_score < 3 then recency_days end) as recency_3,
        min(case when recency_score < 4 then recency_days end) as recency_4,
        min(case when recency_score < 5 then recency_days end) as recency_5,
        max(case when frequency_score < 2 then purchase_days end) as frequency_2,
        max(case when frequency_score < 3 then purchase_days end) as frequency_3,
        max(case when frequency_score < 4 then purchase_days end) as frequency_4,
        max(case when frequency_score < 5 then purchase_days end) as frequency_5,
        max(case when monetary_score < 2 then net_12_months end) as monetary_2,
        max(case when monetary_score < 3 then net_12_months end) as monetary_3,
        max(case when monetary_score < 4 then net_12_months end) as monetary_4,
        max(case when monetary_score < 5 then net_12_months end) as monetary_5
    from published

),

present_scored as (

    select
        case
            when present.recency_days < cut_points.recency_5 then 5
            when present.recency_days < cut_points.recency_4 then 4
            when present.recency_days < cut_points.recency_3 then 3
            when present.recency_days < cut_points.recency_2 then 2
            else 1
        end as recency_score,
        case
            when present.purchase_days = 1 then 1
            when present.purchase_days > cut_points.frequency_5 then 5
            when present.purchase_days > cut_points.frequency_4 then 4
            when present.purchase_days > cut_points.frequency_3 then 3
            when present.purchase_days > cut_points.frequency_2 then 2
            else 1
        end as frequency_score,
        case
            when present.net_12_months > cut_points.monetary_5 then 5
            when present.net_12_months > cut_points.monetary_4 then 4
            when present.net_12_months > cut_points.monetary_3 then 3
            when present.net_12_months > cut_points.monetary_2 then 2
            else 1
        end as monetary_score
    from present
    cross join cut_points

),

counted as (

    select
        rfm_group,
        1 as published,
        0 as by_last_cuts,
        0 as present
    from published

    union all

    select
        groups.rfm_group,
        0 as published,
        1 as by_last_cuts,
        0 as present
    from present_scored
    inner join groups
        on present_scored.recency_score = groups.recency_score
        and present_scored.frequency_score = groups.frequency_score
        and present_scored.monetary_score = groups.monetary_score

    union all

    select
        rfm_group,
        0 as published,
        0 as by_last_cuts,
        1 as present
    from present

)

select
    rfm_group,
    sum(published) as customers_published,
    sum(by_last_cuts) as customers_by_last_cuts,
    sum(present) as customers
from counted
group by rfm_group
