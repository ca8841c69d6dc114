/*---
about = "The map from RFM scores to groups: all 125 codes, each in one group."
grain = ["recency_score", "frequency_score", "monetary_score"]
kind = "table"

[columns]
recency_score = { type = "int64", min = 1, max = 5, about = "R of RFM." }
frequency_score = { type = "int64", min = 1, max = 5, about = "F of RFM." }
monetary_score = { type = "int64", min = 1, max = 5, about = "M of RFM." }
rfm_group = { type = "utf8", not_null = true, about = "Name of the group." }
---*/
with

scores as (

    select column1 as score
    from (values (1), (2), (3), (4), (5)) as listed

),

codes as (

    select
        recencies.score as recency_score,
        frequencies.score as frequency_score,
        amounts.score as monetary_score
    from scores as recencies
    cross join scores as frequencies
    cross join scores as amounts

)

select
    recency_score,
    frequency_score,
    monetary_score,
    case
        when recency_score = 5 and frequency_score + monetary_score >= 8 then 'champions'
        when recency_score >= 3 and frequency_score + monetary_score >= 8 then 'loyal'
        when recency_score >= 4 and frequency_score + monetary_score >= 5 then 'active'
        when recency_score = 5 then 'new'
        when recency_score = 4 then 'promising'
        when recency_score = 3 then 'needs_attention'
        when frequency_score + monetary_score >= 9 then 'previously_loyal'
        when frequency_score + monetary_score >= 6 then 'at_risk'
        when recency_score = 2 then 'almost_lost'
        else 'dormant'
    end as rfm_group
from codes
