/*---
about = "Who was sent which campaign, and whether they responded."
grain = ["customer_id", "campaign_id"]
kind = "view"

[columns]
customer_id = { type = "utf8", about = "As in stg_order_lines." }
campaign_id = { type = "utf8", about = "The company's id of the campaign." }
campaign_type = { type = "utf8", about = "The channel or kind of campaign, as shown on the card." }
start_date = { type = "date", about = "First day of the campaign, local." }
end_date = { type = "date", about = "Last day of the campaign, local." }
responded_on = { type = "date", about = "Day of the first response (a coupon redeemed, a link clicked); null if none." }
---*/
select
    cast(null as varchar) as customer_id,
    cast(null as varchar) as campaign_id,
    cast(null as varchar) as campaign_type,
    cast(null as date) as start_date,
    cast(null as date) as end_date,
    cast(null as date) as responded_on
where false
