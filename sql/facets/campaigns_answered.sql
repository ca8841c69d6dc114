/*---
about = "How many of the members who were sent a campaign responded inside the period."

[facet]
title = "Campaigns answered"
block = "reach"
shape = "has"
item = "campaign_type"
window = "period"
roles = ["marketing"]
source = "stg_campaign_responses"
direction = "more_is_better"
says = "who were sent a campaign of type {} responded"
---*/
select
    pseudonym($pseudonym_key, customer_id) as customer_key,
    campaign_type,
    responded_on is not null and responded_on >= $period_start and responded_on < $as_of as did
from stg_campaign_responses
where start_date < $as_of
    and end_date >= $period_start
