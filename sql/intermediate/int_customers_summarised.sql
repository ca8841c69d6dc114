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
mean_repeat_spend = { type = "decimal(18,4)", min = 0, about = "Mean spend of the purchase days after the first; zero if there is none." }
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

customer_days as (

    select
        customer_key,
        order_date,
        sold_lines,
        sold_amount,
        returned_amount,
        discount_amount
    from int_customer_days

),

purchase_days as (

    select
        customer_key,
        order_date,
        spend
    from int_purchase_days

),

money_summed_to_customers as (

    select
        customer_key,
        sum(sold_amount + returned_amount) as net_lifetime,
        sum(sold_amount) as sold_lifetime,
        sum(case when order_date >= $period_start then sold_amount + returned_amount else 0 end) as net_period,
        sum(case when order_date >= $year_start then sold_amount + returned_amount else 0 end) as net_12_months,
        sum(case when order_date >= $year_start then sold_amount else 0 end) as sold_12_months,
        sum(case when order_date >= $year_start then returned_amount else 0 end) as returned_12_months,
        sum(case when order_date >= $year_start then discount_amount end) as discount_12_months,
        sum(case when order_date >= $year_start then sold_lines else 0 end) as sold_lines_12_months
    from customer_days
    group by customer_key

),

purchases_summed_to_customers as (

    select
        customer_key,
        count(*) as purchase_days,
        sum(case when order_date >= $active_start then 1 else 0 end) as purchase_days_active,
        sum(case when order_date >= $year_start then 1 else 0 end) as purchase_days_12_months,
        min(order_date) as first_purchase_date,
        max(order_date) as last_purchase_date,
        sum(spend) as spend,
        first_value(spend order by order_date) as first_spend
    from purchase_days
    group by customer_key

)

select
    purchases.customer_key,
    purchases.first_purchase_date,
    purchases.last_purchase_date,
    purchases.purchase_days,
    purchases.purchase_days_active,
    purchases.purchase_days_12_months,
    days_between(purchases.last_purchase_date, $as_of) as recency_days,
    days_between(purchases.first_purchase_date, $as_of) as age_days,
    cast(
        case
            when purchases.purchase_days > 1
                then (purchases.spend - purchases.first_spend) / (purchases.purchase_days - 1)
            else 0
        end as decimal(18, 4)
    ) as mean_repeat_spend,
    cast(money.net_period as decimal(18, 4)) as net_period,
    cast(money.net_12_months as decimal(18, 4)) as net_12_months,
    cast(money.net_lifetime as decimal(18, 4)) as net_lifetime,
    cast(money.sold_12_months as decimal(18, 4)) as sold_12_months,
    cast(money.returned_12_months as decimal(18, 4)) as returned_12_months,
    cast(money.discount_12_months as decimal(18, 4)) as discount_12_months,
    money.sold_lines_12_months,
    cast(money.sold_lifetime as decimal(18, 4)) as sold_lifetime,
    cast(purchases.spend as decimal(18, 4)) as spend_lifetime,
    cast(
        case
            when purchases.spend > 0
                then least(greatest(cast(money.net_lifetime as double) / cast(purchases.spend as double), 0), 1)
        end as decimal(9, 6)
    ) as own_net_share,
    purchases.purchase_days_active > 0 as is_active
from purchases_summed_to_customers as purchases
inner join money_summed_to_customers as money
    on purchases.customer_key = money.customer_key
