//! Parts add up, turn their signs with time, say what was changed, and show nothing of few customers.
#![expect(clippy::unwrap_used, reason = "tests")]

use driftline_stats::random::SplitMix64;

use super::*;

fn sold(product: &str, units: [u64; 2], amount: [i64; 2]) -> ProductSales {
    let product = (!product.is_empty()).then(|| product.to_owned());
    let customers = units.map(|units| if units == 0 { 0 } else { 50 });
    let amount = amount.map(Minor);
    ProductSales { product, category: None, customers, units, amount, largest: [Minor::ZERO; 2] }
}

fn split(products: &[ProductSales]) -> SalesChange {
    let total = |side: usize| products.iter().map(|sales| sales.amount[side]).sum();
    compare(products, total(0), total(1), 10).unwrap()
}

/// Worked by hand: means of both periods, in cents.
#[test]
fn each_driver_alone_is_found_as_itself() {
    let tea = |units, amount| sold("tea", units, amount);
    let cases = [
        ("dearer", vec![tea([10, 10], [1000, 1200])], (0, 200, 0), Some(0.2)),
        ("more units", vec![tea([10, 15], [1000, 1500])], (500, 0, 0), Some(0.0)),
        // 12.5 units × 20 cents; 5 units × 110 cents.
        ("both", vec![tea([10, 15], [1000, 1800])], (550, 250, 0), Some(0.2)),
        // As many units of twice the price.
        (
            "dearer products",
            vec![tea([10, 5], [1000, 500]), sold("wine", [10, 15], [2000, 3000])],
            (0, 0, 500),
            Some(0.0),
        ),
        // Mean prices of the market are 100 and 150: five units more at 125 are volume, the rest assortment.
        ("new product", vec![tea([5, 5], [500, 500]), sold("wine", [0, 5], [0, 1000])], (625, 0, 375), Some(0.0)),
        ("gone product", vec![tea([5, 5], [500, 500]), sold("wine", [5, 0], [1000, 0])], (-625, 0, -375), Some(0.0)),
    ];
    for (name, products, (volume, price, assortment), rise) in cases {
        let found = split(&products);
        assert_eq!((found.volume.0, found.price.0, found.assortment.0), (volume, price, assortment), "{name}");
        let (rise, change) = (rise.unwrap_or(f64::NAN), found.price_change.unwrap());
        assert!((change - rise).abs() < 1e-12, "{name}: {change}");
    }
}

#[test]
fn parts_add_up_to_the_cent_and_turn_with_time() {
    for seed in 0..200 {
        let mut random = SplitMix64::new(seed);
        let mut draw = |most: usize| random.below(most) as u64;
        let mut products: Vec<ProductSales> = (0..40)
            .map(|number| {
                let units = [draw(5_000), draw(5_000)].map(|units| units.saturating_sub(700));
                let amount = units.map(|units| (units * (1 + draw(90_000))) as i64);
                sold(&format!("product {number}"), units, amount)
            })
            .collect();
        products
            .push(ProductSales { customers: [30, 30], ..sold("", [0, 0], [draw(9_000) as i64, draw(9_000) as i64]) });
        let there = split(&products);
        let parts =
            |found: &SalesChange| [found.volume, found.price, found.assortment, found.unmeasured.unwrap_or_default()];
        assert_eq!(parts(&there).into_iter().sum::<Minor>(), there.change, "seed {seed}");
        let rows = |of: fn(&PriceMove) -> Minor| there.moves.iter().map(of).sum::<Minor>();
        let others = there.others.clone().unwrap();
        assert_eq!(rows(|line| line.price) + others.price, there.price, "seed {seed}");
        assert_eq!(rows(|line| line.assortment) + others.assortment, there.assortment, "seed {seed}");
        for sales in &mut products {
            sales.customers.reverse();
            sales.units.reverse();
            sales.amount.reverse();
            sales.largest.reverse();
        }
        assert_eq!(parts(&split(&products)), parts(&there).map(|part| -part), "seed {seed}");
    }
}

#[test]
fn few_customers_have_no_row_and_are_not_alone_among_the_others() {
    let mut products: Vec<ProductSales> =
        (0..4).map(|number| sold(&format!("p{number}"), [10, 10], [1000, 2000 - 100 * number])).collect();
    products[0].customers = [50, 9];
    let found = split(&products);
    let shown: Vec<&str> = found.moves.iter().map(|line| line.label.as_str()).collect();
    assert_eq!(shown, ["p1", "p2"], "p0 is of few customers, and p3 goes with it");
    assert_eq!(found.others.as_ref().map(|others| others.products), Some(2));
    products[0].customers = [50, 50];
    products[0].largest = [Minor(0), Minor(1701)];
    assert_eq!(split(&products), found, "one customer has more than 85 % of p0");
    products[0].largest = [Minor(0), Minor(1700)];
    assert_eq!(split(&products).moves.len(), 4);
    let mut few = sold("", [0, 0], [500, 900]);
    few.customers = [3, 20];
    products.push(few);
    assert_eq!(split(&products).unmeasured, None, "lines without a product, of three customers");
}

#[test]
fn nothing_is_compared_without_units() {
    assert_eq!(compare(&[], Minor(1), Minor(2), 10), None);
    assert_eq!(compare(&[sold("tea", [0, 5], [0, 100])], Minor(0), Minor(100), 10), None);
    let category = ProductSales { category: Some("tea".to_owned()), ..sold("", [5, 5], [100, 200]) };
    assert_eq!(split(&[category]).grain, Grain::Category);
}
