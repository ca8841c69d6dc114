/*---
about = "What was sold by product is the market's gross amount, last period and this one, to the last decimal."
---*/
with

products as (

    select
        count(*) as product_rows,
        coalesce(sum(amount_before), 0) as amount_before,
        coalesce(sum(amount_now), 0) as amount_now
    from product_moves

),

market as (

    select
        coalesce(sum(case when first_day < $period_start then gross_amount else 0 end), 0) as amount_before,
        coalesce(sum(case when first_day >= $period_start then gross_amount else 0 end), 0) as amount_now
    from market_periods
    where month_number(first_day) - month_number($period_start) >= -$period_months

)

select
    products.amount_before,
    products.amount_now,
    market.amount_before as market_amount_before,
    market.amount_now as market_amount_now
from products
cross join market
where products.product_rows > 0
    and (
        products.amount_before <> market.amount_before
        or products.amount_now <> market.amount_now
    )
