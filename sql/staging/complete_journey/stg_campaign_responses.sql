/*---
about = "Direct-mail campaigns; a redeemed coupon of the campaign is the response."
grain = ["customer_id", "campaign_id"]
kind = "view"
---*/
with

campaigns as (

    select
        campaign_id,
        household_id,
        campaign_type,
        start_date,
        end_date
    from source.campaigns

),

first_redemptions as (

    select
        household_id,
        campaign_id,
        min(redemption_date) as responded_on
    from source.coupon_redemptions
    group by
        household_id,
        campaign_id

)

select
    cast(campaigns.household_id as varchar) as customer_id,
    cast(campaigns.campaign_id as varchar) as campaign_id,
    campaigns.campaign_type,
    campaigns.start_date,
    campaigns.end_date,
    first_redemptions.responded_on
from campaigns
left join first_redemptions
    on campaigns.household_id = first_redemptions.household_id
    and campaigns.campaign_id = first_redemptions.campaign_id
