/*---
about = "Every line of every order of the market, in one shape. A dialect must provide it."
grain = []
kind = "view"
required = true

[columns]
order_id = { type = "utf8", about = "Number of the order; shared by its lines." }
customer_id = { type = "utf8", about = "The company's own id of the customer; null for a guest." }
order_date = { type = "date", about = "Calendar day in the market's time zone." }
kind = { type = "utf8", values = ["sale", "return", "cancellation", "adjustment", "correction"], about = "sale adds to gross; return and cancellation to returns; adjustment and correction to neither." }
category = { type = "utf8", about = "What was bought, at the level a marketer would name; null if unknown." }
product = { type = "utf8", about = "Code or name of the product, as a reader would know it; null if unknown or no product (postage)." }
channel = { type = "utf8", about = "Where it was bought; null if there is no such field." }
line_count = { type = "int64", about = "Source lines that this row stands for." }
quantity = { type = "int64", about = "Units of the product: pieces, or grams, always the same for one product; not signed by the kind. Null on all lines if the export does not count them; 0 where it has no usable count." }
amount = { type = "decimal(18,4)", about = "Net of tax, shipping as the source has it; negative for returns. Currency of the job." }
discount = { type = "decimal(18,4)", about = "Reduction already taken off the amount, as a positive number; null if unknown." }
is_profiled = { type = "boolean", about = "False if the customer objected to profiling: counts in market totals only." }
---*/
select
    cast(null as varchar) as order_id,
    cast(null as varchar) as customer_id,
    cast(null as date) as order_date,
    cast(null as varchar) as kind,
    cast(null as varchar) as category,
    cast(null as varchar) as product,
    cast(null as varchar) as channel,
    cast(null as bigint) as line_count,
    cast(null as bigint) as quantity,
    cast(null as decimal(18, 4)) as amount,
    cast(null as decimal(18, 4)) as discount,
    cast(null as boolean) as is_profiled
where false
