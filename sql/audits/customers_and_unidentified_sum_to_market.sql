/*---
about = "Identified plus unidentified net amount is the market's net amount, to the last decimal."
---*/
with

owned as (

    select coalesce(sum(sold_amount + returned_amount), 0) as net_amount
    from int_customer_days

),

market as (

    select
        coalesce(sum(net_amount), 0) as net_amount,
        coalesce(sum(unidentified_net_amount), 0) as unidentified_net_amount
    from market_periods

)

select
    owned.net_amount as owned_net_amount,
    market.net_amount as market_net_amount,
    market.unidentified_net_amount
from owned
cross join market
where owned.net_amount + market.unidentified_net_amount <> market.net_amount
