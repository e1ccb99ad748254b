//! Prints a view as text.
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let src = netloom_import::Bytes::new(a[1].clone(), std::fs::read(&a[1]).unwrap());
    let mut g = netloom_import::read(&src).unwrap();
    netloom_graph::infer::infer(&mut g);
    let depth = match a[2].as_str() { "full" => netloom_diagram::Depth::Full, n => netloom_diagram::Depth::Levels(n.parse().unwrap()) };
    let o = netloom_diagram::ViewOptions { depth, ..Default::default() };
    let v = netloom_diagram::view(&g, &o);
    print!("{}", netloom_diagram::plain::plain(&g, &v, &o, netloom_diagram::plain::PlainOptions { ascii: false }));
    for d in g.diagnostics.iter().take(5) { println!("{d:?}"); }
}
