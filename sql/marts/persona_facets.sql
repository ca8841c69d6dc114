/*---
about = "What the facets say of each persona and of everyone active: only what may be shown, as in the report."
grain = ["persona", "facet", "question", "item"]
kind = "table"
publish = true
after = "described"

[columns]
persona = { type = "utf8", about = "Key of the persona; null for everyone active." }
facet = { type = "utf8", not_null = true, about = "Name of the facet's file in sql/facets." }
question = { type = "utf8", about = "Value of the facet's group column; null without one." }
item = { type = "utf8", about = "Value of the facet's item column; null without one." }
of = { type = "int64", not_null = true, min = 1, about = "Customers who count." }
customers = { type = "int64", min = 0, about = "Those of whom it is true, or who have any; null of means, and where it would tell of a few." }
figure = { type = "decimal(24,6)", not_null = true, about = "The share, mean or rate." }
low_95 = { type = "decimal(24,6)", not_null = true, about = "Lower end of its 95 % range." }
high_95 = { type = "decimal(24,6)", not_null = true, about = "Upper end of its 95 % range." }
others = { type = "decimal(24,6)", about = "The same of everyone active who is not a member." }
stands_out = { type = "boolean", not_null = true, about = "Whether members differ from the others by more than chance and by enough to matter." }
last_period = { type = "decimal(24,6)", about = "What the last report said; null if it is not compared." }
is_changed = { type = "boolean", about = "Whether the difference to the last report is more than chance and enough to matter." }
year_ago = { type = "decimal(24,6)", about = "What the report of the same period last year said." }
---*/
select
    persona,
    facet,
    question,
    item,
    of,
    customers,
    cast(figure as decimal(24, 6)) as figure,
    cast(low_95 as decimal(24, 6)) as low_95,
    cast(high_95 as decimal(24, 6)) as high_95,
    cast(others as decimal(24, 6)) as others,
    stands_out,
    cast(last_period as decimal(24, 6)) as last_period,
    is_changed,
    cast(year_ago as decimal(24, 6)) as year_ago
from fitted.persona_facets
