/*---
about = "Cancellations are not linked: each is matched to the customer's latest earlier sale of the same product, at the same price, of at least that quantity. Several of one sale take back no more than was sold, in the order of their time."
grain = ["customer_id", "sale_date", "cancelled_on"]
kind = "view"
---*/
with

sales as (

    select
        customer_id,
        product_id,
        unit_price,
        quantity,
        invoiced_at
    from int_invoice_lines_unioned
    where kind = 'sale'
        and customer_id is not null

),

cancellations as (

    select
        customer_id,
        product_id,
        unit_price,
        -quantity as quantity,
        invoiced_at,
        count(*) as times
    from int_invoice_lines_unioned
    where kind = 'cancellation'
        and customer_id is not null
        and quantity < 0
    group by
        customer_id,
        product_id,
        unit_price,
        quantity,
        invoiced_at

),

latest_sales as (

    select
        cancellations.customer_id,
        cancellations.product_id,
        cancellations.unit_price,
        cancellations.quantity,
        cancellations.times,
        cancellations.invoiced_at as cancelled_at,
        max(sales.invoiced_at) as sold_at
    from cancellations
    inner join sales
        on cancellations.customer_id = sales.customer_id
        and cancellations.product_id = sales.product_id
        and cancellations.unit_price = sales.unit_price
    where sales.invoiced_at <= cancellations.invoiced_at
        and sales.quantity >= cancellations.quantity
    group by
        cancellations.customer_id,
        cancellations.product_id,
        cancellations.unit_price,
        cancellations.quantity,
        cancellations.times,
        cancellations.invoiced_at

),

sold_amounts as (

    select
        customer_id,
        product_id,
        unit_price,
        invoiced_at as sold_at,
        cast(sum(quantity * unit_price) as decimal(18, 4)) as amount
    from sales
    group by
        customer_id,
        product_id,
        unit_price,
        invoiced_at

),

cancelled_amounts as (

    select
        customer_id,
        product_id,
        unit_price,
        sold_at,
        cancelled_at,
        cast(sum(times * quantity * unit_price) as decimal(18, 4)) as amount
    from latest_sales
    group by
        customer_id,
        product_id,
        unit_price,
        sold_at,
        cancelled_at

),

cancelled_amounts_added_up as (

    select
        customer_id,
        product_id,
        unit_price,
        sold_at,
        cancelled_at,
        amount,
        cast(
            sum(amount) over (
                partition by customer_id, product_id, unit_price, sold_at
                order by cancelled_at
            ) as decimal(18, 4)
        ) as amount_so_far
    from cancelled_amounts

),

taken_back as (

    select
        cancelled.customer_id,
        cancelled.sold_at,
        cancelled.cancelled_at,
        least(cancelled.amount_so_far, sold_amounts.amount)
            - least(cast(cancelled.amount_so_far - cancelled.amount as decimal(18, 4)), sold_amounts.amount)
            as amount
    from cancelled_amounts_added_up as cancelled
    inner join sold_amounts
        on cancelled.customer_id = sold_amounts.customer_id
        and cancelled.product_id = sold_amounts.product_id
        and cancelled.unit_price = sold_amounts.unit_price
        and cancelled.sold_at = sold_amounts.sold_at

)

select
    customer_id,
    cast(sold_at as date) as sale_date,
    cast(cancelled_at as date) as cancelled_on,
    cast(sum(amount) as decimal(18, 4)) as amount
from taken_back
where amount > 0
group by
    customer_id,
    cast(sold_at as date),
    cast(cancelled_at as date)
