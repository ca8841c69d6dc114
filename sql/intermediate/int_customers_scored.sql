/*---
about = "Customers as summarised, with tie-safe RFM scores: 1 to 5 by the share of customers that are strictly worse, so equal customers score equal. One order is always F1."
grain = ["customer_key"]
kind = "view"

[columns]
customer_key = { type = "int64", about = "Keyed pseudonym." }
recency_score = { type = "int64", min = 1, max = 5, about = "By last purchase day." }
frequency_score = { type = "int64", min = 1, max = 5, about = "By purchase days." }
monetary_score = { type = "int64", min = 1, max = 5, about = "By net amount of the last 12 months." }
is_active = { type = "boolean", about = "This and all below as in int_customers_summarised: who reads both need not join them." }
purchase_days = { type = "int64", about = "Purchase days before as-of." }
purchase_days_active = { type = "int64", about = "Purchase days inside the active window." }
purchase_days_12_months = { type = "int64", about = "Purchase days in the 12 months." }
recency_days = { type = "int64", about = "Days since the last purchase day." }
age_days = { type = "int64", about = "Days since the first purchase day." }
net_period = { type = "decimal(18,4)", about = "Net amount inside the period." }
net_12_months = { type = "decimal(18,4)", about = "Net amount of the 12 months." }
net_lifetime = { type = "decimal(18,4)", about = "Net amount before as-of." }
sold_12_months = { type = "decimal(18,4)", about = "Amount sold in the 12 months." }
returned_12_months = { type = "decimal(18,4)", about = "Amount returned in the 12 months, negative." }
discount_12_months = { type = "decimal(18,4)", about = "Reductions in the 12 months." }
sold_lines_12_months = { type = "int64", about = "Lines sold in the 12 months." }
---*/
with

customers as (

    select
        customer_key,
        last_purchase_date,
        is_active,
        purchase_days,
        purchase_days_active,
        purchase_days_12_months,
        recency_days,
        age_days,
        net_period,
        net_12_months,
        net_lifetime,
        sold_12_months,
        returned_12_months,
        discount_12_months,
        sold_lines_12_months
    from int_customers_summarised

),

customers_counted as (

    select count(*) as customers
    from customers

),

-- Of the few different days and numbers of purchase days, how many customers have a worse one.
worse_by_recency as (

    select
        last_purchase_date,
        sum(count(*)) over (order by last_purchase_date) - count(*) as customers
    from customers
    group by last_purchase_date

),

worse_by_frequency as (

    select
        purchase_days,
        sum(count(*)) over (order by purchase_days) - count(*) as customers
    from customers
    group by purchase_days

),

-- Amounts are nearly all different. Who is above the customer at a fifth of the market, by amount, has at least that fifth below.
customers_by_money as (

    select
        net_12_months,
        row_number() over (order by net_12_months) as place
    from customers

),

money_fifths as (

    select
        max(case when places.place = (1 * counted.customers + 4) / 5 then places.net_12_months end) as first_fifth,
        max(case when places.place = (2 * counted.customers + 4) / 5 then places.net_12_months end) as second_fifth,
        max(case when places.place = (3 * counted.customers + 4) / 5 then places.net_12_months end) as third_fifth,
        max(case when places.place = (4 * counted.customers + 4) / 5 then places.net_12_months end) as fourth_fifth
    from customers_by_money as places
    cross join customers_counted as counted

)

select
    customers.customer_key,
    least(5, 1 + 5 * worse_by_recency.customers / customers_counted.customers) as recency_score,
    case
        when customers.purchase_days = 1 then 1
        else least(5, 1 + 5 * worse_by_frequency.customers / customers_counted.customers)
    end as frequency_score,
    case
        when customers.net_12_months > money_fifths.fourth_fifth then 5
        when customers.net_12_months > money_fifths.third_fifth then 4
        when customers.net_12_months > money_fifths.second_fifth then 3
        when customers.net_12_months > money_fifths.first_fifth then 2
        else 1
    end as monetary_score,
    customers.is_active,
    customers.purchase_days,
    customers.purchase_days_active,
    customers.purchase_days_12_months,
    customers.recency_days,
    customers.age_days,
    customers.net_period,
    customers.net_12_months,
    customers.net_lifetime,
    customers.sold_12_months,
    customers.returned_12_months,
    customers.discount_12_months,
    customers.sold_lines_12_months
from customers
inner join worse_by_recency
    on customers.last_purchase_date = worse_by_recency.last_purchase_date
inner join worse_by_frequency
    on customers.purchase_days = worse_by_frequency.purchase_days
cross join customers_counted
cross join money_fifths
