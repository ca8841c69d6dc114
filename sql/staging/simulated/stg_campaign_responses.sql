/*---
about = "Mailings; a click is the response."
grain = ["customer_id", "campaign_id"]
kind = "view"
---*/
with

mailings as (

    select
        customer_id,
        campaign_id,
        clicked_on
    from source.mailings

),

campaigns as (

    select
        campaign_id,
        kind,
        start_date,
        end_date
    from source.campaigns

)

select
    mailings.customer_id,
    mailings.campaign_id,
    campaigns.kind as campaign_type,
    campaigns.start_date,
    campaigns.end_date,
    mailings.clicked_on as responded_on
from mailings
inner join campaigns
    on mailings.campaign_id = campaigns.campaign_id
