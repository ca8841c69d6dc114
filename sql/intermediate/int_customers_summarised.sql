/*---
about = "One row per customer with at least one purchase day before $as_of: history, money and habits."
grain = ["customer_key"]
kind = "table"

[columns]
customer_key = { type = "int64", not_null = true, about = "Keyed pseudonym." }
first_purchase_date = { type = "date", about = "First purchase day." }
last_purchase_date = { type = "date", about = "Last purchase day." }
purchase_days = { type = "int64", min = 1, about = "Purchase days before as-of." }
purchase_days_active = { type = "int64", min = 0, about = "Purchase days inside the active window." }
recency_days = { type = "int64", min = 0, about = "Days from the last purchase day to as-of." }
age_days = { type = "int64", min = 0, about = "Days from the first purchase day to as-of." }
net_period = { type = "decimal(18,4)", about = "Sold plus returned amounts inside the period." }
net_12_months = { type = "decimal(18,4)", about = "Sold plus returned amounts in the 12 calendar months before as-of." }
net_lifetime = { type = "decimal(18,4)", about = "Sold plus returned amounts before as-of." }
purchase_days_12_months = { type = "int64", min = 0, about = "Purchase days in the 12 calendar months before as-of." }
sold_12_months = { type = "decimal(18,4)", about = "Amount sold in the 12 months." }
returned_12_months = { type = "decimal(18,4)", about = "Amount returned in the 12 months, negative." }
discount_12_months = { type = "decimal(18,4)", about = "Reductions in the 12 months, positive; null if the export does not say." }
sold_lines_12_months = { type = "int64", min = 0, about = "Lines sold in the 12 months." }
sold_lifetime = { type = "decimal(18,4)", about = "Amount sold before as-of." }
spend_lifetime = { type = "decimal(18,4)", min = 0, about = "Spend of all purchase days." }
own_net_share = { type = "decimal(9,6)", min = 0, max = 1, about = "What returns leave of the spend: net_lifetime by spend_lifetime; null if nothing was spent." }
is_active = { type = "boolean", about = "A purchase day inside the active window." }
---*/
with

purchase_log as (

    select
        customer_key,
        order_date,
        sold_lines,
        sold_amount,
        returned_amount,
        discount_amount,
        spend,
        net_amount,
        case when spend is not null then order_date end as purchase_date
    from int_purchase_log

),

days_summed_to_customers as (

    select
        customer_key,
        count(spend) as purchase_days,
        count(purchase_date) filter (where purchase_date >= $active_start) as purchase_days_active,
        count(purchase_date) filter (where purchase_date >= $year_start) as purchase_days_12_months,
        min(purchase_date) as first_purchase_date,
        max(purchase_date) as last_purchase_date,
        sum(spend) as spend,
        sum(net_amount) as net_lifetime,
        sum(sold_amount) as sold_lifetime,
        coalesce(sum(net_amount) filter (where order_date >= $period_start), 0) as net_period,
        coalesce(sum(net_amount) filter (where order_date >= $year_start), 0) as net_12_months,
        coalesce(sum(sold_amount) filter (where order_date >= $year_start), 0) as sold_12_months,
        sum(discount_amount) filter (where order_date >= $year_start) as discount_12_months,
        coalesce(sum(sold_lines) filter (where order_date >= $year_start), 0) as sold_lines_12_months
    from purchase_log
    group by customer_key
    having count(spend) > 0

)

select
    customer_key,
    first_purchase_date,
    last_purchase_date,
    purchase_days,
    purchase_days_active,
    purchase_days_12_months,
    days_between(last_purchase_date, $as_of) as recency_days,
    days_between(first_purchase_date, $as_of) as age_days,
    cast(net_period as decimal(18, 4)) as net_period,
    cast(net_12_months as decimal(18, 4)) as net_12_months,
    cast(net_lifetime as decimal(18, 4)) as net_lifetime,
    cast(sold_12_months as decimal(18, 4)) as sold_12_months,
    cast(net_12_months - sold_12_months as decimal(18, 4)) as returned_12_months,
    cast(discount_12_months as decimal(18, 4)) as discount_12_months,
    sold_lines_12_months,
    cast(sold_lifetime as decimal(18, 4)) as sold_lifetime,
    cast(spend as decimal(18, 4)) as spend_lifetime,
    cast(
        case
            when spend > 0 then least(greatest(cast(net_lifetime as double) / cast(spend as double), 0), 1)
        end as decimal(9, 6)
    ) as own_net_share,
    purchase_days_active > 0 as is_active
from days_summed_to_customers
