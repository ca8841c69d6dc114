/*---
about = "How many of the members were sent a campaign of each kind that ran in the period."

[facet]
title = "Campaigns received"
block = "reach"
shape = "has"
item = "campaign_type"
window = "period"
source = "stg_campaign_responses"
says = "were sent a campaign of type {}"
---*/
select
    pseudonym($pseudonym_key, customer_id) as customer_key,
    campaign_type
from stg_campaign_responses
where start_date < $as_of
    and end_date >= $period_start
