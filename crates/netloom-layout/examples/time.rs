//! Prints time, crossings, bends and size of layouts of the sample networks.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "an example is a shell")]

use netloom_layout::{layout, sample};

fn main() {
    println!(
        "{:>8} {:>5} {:>8} {:>8} {:>9} {:>8} {:>7} {:>9}",
        "nodes", "mask", "edges", "ms", "crossings", "bends", "width", "height"
    );
    let most = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(100_000);
    for n in [100, 1_000, 3_000, 10_000, 100_000].into_iter().filter(|&n| n <= most) {
        for mask in [false, true] {
            let input = sample::network(n, 42, mask);
            let runs = if n > 10_000 { 1 } else { 5 };
            let mut best = f64::INFINITY;
            let mut out = None;
            for _ in 0..runs {
                let start = std::time::Instant::now();
                out = Some(layout(&input));
                best = best.min(start.elapsed().as_secs_f64() * 1e3);
            }
            let out = out.expect("it ran at least once");
            println!(
                "{n:>8} {mask:>5} {:>8} {best:>8.2} {:>9} {:>8} {:>7.0} {:>9.0}",
                input.edges.len(),
                out.stats.crossings,
                out.stats.bends,
                out.size.width,
                out.size.height
            );
        }
    }
}
