/*---
about = "Tie-safe RFM scores: 1 to 5 by the share of customers that are strictly worse, so equal customers score equal. One order is always F1."
grain = ["customer_key"]
kind = "view"

[columns]
customer_key = { type = "int64", about = "Keyed pseudonym." }
recency_score = { type = "int64", min = 1, max = 5, about = "By last purchase day." }
frequency_score = { type = "int64", min = 1, max = 5, about = "By purchase days." }
monetary_score = { type = "int64", min = 1, max = 5, about = "By net amount of the last 12 months." }
---*/
with

customers_ranked as (

    select
        customer_key,
        purchase_days,
        cast(rank() over (order by last_purchase_date) as bigint) - 1 as worse_by_recency,
        cast(rank() over (order by purchase_days) as bigint) - 1 as worse_by_frequency,
        cast(rank() over (order by net_12_months) as bigint) - 1 as worse_by_money
    from int_customers_summarised

),

customers_counted as (

    select count(*) as customers
    from int_customers_summarised

)

select
    customers_ranked.customer_key,
    least(5, 1 + 5 * customers_ranked.worse_by_recency / customers_counted.customers) as recency_score,
    case
        when customers_ranked.purchase_days = 1 then 1
        else least(5, 1 + 5 * customers_ranked.worse_by_frequency / customers_counted.customers)
    end as frequency_score,
    least(5, 1 + 5 * customers_ranked.worse_by_money / customers_counted.customers) as monetary_score
from customers_ranked
cross join customers_counted
