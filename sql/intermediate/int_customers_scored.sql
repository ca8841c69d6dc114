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

customers as (

    select
        customer_key,
        last_purchase_date,
        purchase_days,
        net_12_months
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
    end as monetary_score
from customers
inner join worse_by_recency
    on customers.last_purchase_date = worse_by_recency.last_purchase_date
inner join worse_by_frequency
    on customers.purchase_days = worse_by_frequency.purchase_days
cross join customers_counted
cross join money_fifths
