//! Sum of squared distances that k-means reaches on given points: `inertia CLUSTERS RESTARTS SEED < points`, one point a line,
//! numbers separated by spaces. For comparing the optimiser with another program's on the same points.

use std::io::Read;

use driftline_stats::cluster::{Points, kmeans};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<u64> = std::env::args().skip(1).map(|text| text.parse()).collect::<Result<_, _>>()?;
    let [clusters, restarts, seed] = arguments[..] else {
        return Err("inertia CLUSTERS RESTARTS SEED < points".into());
    };
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let dimensions = text.lines().next().map_or(0, |line| line.split_whitespace().count());
    let values = text.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let found = kmeans(&Points { dimensions, values }, usize::try_from(clusters)?, usize::try_from(restarts)?, seed);
    println!("{}", found.inertia);
    Ok(())
}
