/*---
about = "Customers with their RFM group, lifecycle stage and plain habits of the last 12 months."
grain = ["customer_key"]
kind = "table"

[columns]
customer_key = { type = "int64", not_null = true, about = "Keyed pseudonym." }
is_active = { type = "boolean", about = "A purchase day inside the active window." }
rfm_group = { type = "utf8", about = "Total and disjoint map of the 125 score codes." }
lifecycle_stage = { type = "utf8", about = "By recency against the market's own gaps between purchases." }
recency_score = { type = "int64", about = "R of RFM." }
frequency_score = { type = "int64", about = "F of RFM." }
monetary_score = { type = "int64", about = "M of RFM." }
purchase_days = { type = "int64", about = "Purchase days before as-of." }
purchase_days_active = { type = "int64", about = "Purchase days inside the active window." }
recency_days = { type = "int64", about = "Days since the last purchase day." }
age_days = { type = "int64", about = "Days since the first purchase day." }
mean_order = { type = "decimal(18,4)", about = "Amount sold a purchase day, over the last 12 months." }
lines_per_order = { type = "decimal(18,4)", about = "Lines a purchase day, over the last 12 months." }
return_rate = { type = "decimal(18,6)", about = "Returned amount by sold amount over the last 12 months; at most 1." }
discount_share = { type = "decimal(18,6)", about = "Reductions by the amount before them, over the last 12 months." }
net_period = { type = "decimal(18,4)", about = "Net amount inside the period." }
net_12_months = { type = "decimal(18,4)", about = "Net amount of the 12 calendar months before as-of." }
net_lifetime = { type = "decimal(18,4)", about = "Net amount before as-of." }
---*/
with

customers as (

    select *
    from int_customers_scored

),

groups as (

    select
        recency_score,
        frequency_score,
        monetary_score,
        rfm_group
    from int_rfm_groups

),

gaps as (

    -- Mean gap between purchases of each repeat customer; the market's quantiles draw the lines of the stages.
    select
        percentile_cont(0.5) within group (order by gap_days) as gap_median,
        percentile_cont(0.8) within group (order by gap_days) as gap_high,
        percentile_cont(0.95) within group (order by gap_days) as gap_extreme
    from (
        select
            cast(days_between(first_purchase_date, last_purchase_date) as double) / (purchase_days - 1) as gap_days
        from int_customers_summarised
        where purchase_days > 1
    ) as repeat_customers

)

select
    customers.customer_key,
    customers.is_active,
    groups.rfm_group,
    case
        when customers.recency_days > greatest(coalesce(gaps.gap_extreme, 182), 28) then 'lapsed'
        when customers.recency_days > greatest(coalesce(gaps.gap_high, 91), 21) then 'at-risk'
        when customers.purchase_days = 1 then 'first-time'
        when customers.recency_days > greatest(coalesce(gaps.gap_median, 45), 14) then 'cooling'
        else 'active'
    end as lifecycle_stage,
    customers.recency_score,
    customers.frequency_score,
    customers.monetary_score,
    customers.purchase_days,
    customers.purchase_days_active,
    customers.recency_days,
    customers.age_days,
    cast(
        case
            when customers.purchase_days_12_months > 0 then customers.sold_12_months / customers.purchase_days_12_months
            else 0
        end as decimal(18, 4)
    ) as mean_order,
    cast(
        case
            when customers.purchase_days_12_months > 0
                then cast(customers.sold_lines_12_months as decimal(18, 4)) / customers.purchase_days_12_months
            else 0
        end as decimal(18, 4)
    ) as lines_per_order,
    cast(
        case
            when customers.sold_12_months > 0 then least(1, -customers.returned_12_months / customers.sold_12_months)
            else 0
        end as decimal(18, 6)
    ) as return_rate,
    cast(
        case
            when customers.discount_12_months is null then null
            when customers.sold_12_months + customers.discount_12_months > 0
                then customers.discount_12_months / (customers.sold_12_months + customers.discount_12_months)
            else 0
        end as decimal(18, 6)
    ) as discount_share,
    customers.net_period,
    customers.net_12_months,
    customers.net_lifetime
from customers
inner join groups
    on customers.recency_score = groups.recency_score
    and customers.frequency_score = groups.frequency_score
    and customers.monetary_score = groups.monetary_score
cross join gaps
