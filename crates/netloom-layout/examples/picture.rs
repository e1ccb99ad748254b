//! Writes plain SVG pictures of sample layouts into a folder.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "an example is a shell")]

use netloom_layout::{Insets, LayoutInput, layout, sample};
use std::fmt::Write;

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "/tmp".into());
    let shapes = sample::shapes().into_iter().map(|(name, input)| (name.to_string(), input));
    let nets = [100, 300].map(|n| (format!("g{n}"), sample::network(n, 42, false)));
    for (name, input) in shapes.chain(nets) {
        let path = format!("{folder}/{name}.svg");
        std::fs::write(&path, svg(&input)).expect("the folder can be written");
        println!("{path}");
    }
}

fn svg(input: &LayoutInput) -> String {
    let out = layout(input);
    let (w, h) = (out.size.width + 24.0, out.size.height + 24.0);
    let mut s = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='-12 -12 {w} {h}' width='{w}' height='{h}'>\
         <rect x='-12' y='-12' width='{w}' height='{h}' fill='white'/>\
         <marker id='a' viewBox='0 0 6 6' refX='6' refY='3' markerWidth='6' markerHeight='6' orient='auto' \
         markerUnits='userSpaceOnUse'><path d='M0,0 L6,3 L0,6 z'/></marker>"
    );
    let mut order: Vec<usize> = (0..input.nodes.len()).collect();
    let depth = |mut i: usize| {
        let mut d = 0;
        while let Some(p) = input.nodes[i].parent {
            (i, d) = (p, d + 1);
        }
        d
    };
    order.sort_by_key(|&i| depth(i));
    for i in order {
        let r = out.nodes[i];
        let holds = input.nodes[i].padding != Insets::default();
        let (fill, radius) = match (holds, input.nodes[i].merge) {
            (true, _) => ("#f4f6fa", 8.0),
            (_, true) => ("#fff", r.width / 2.0),
            _ => ("#9cf", 3.0),
        };
        let _ = write!(
            s,
            "<rect x='{}' y='{}' width='{}' height='{}' rx='{radius}' fill='{fill}' stroke='#358'/>\
             <text x='{}' y='{}' font-size='7' font-family='sans-serif' fill='#888'>{i}</text>",
            r.x,
            r.y,
            r.width,
            r.height,
            r.x + 3.0,
            r.y + 8.0
        );
    }
    for route in &out.routes {
        let d: Vec<String> = route.points.iter().map(|p| format!("{},{}", p.x, p.y)).collect();
        let colour = if route.reversed { "#c33" } else { "#111" };
        let _ = write!(
            s,
            "<polyline points='{}' fill='none' stroke='{colour}' marker-end='url(#a)'/>",
            d.join(" ")
        );
        if let Some(l) = route.label {
            let _ = write!(
                s,
                "<rect x='{}' y='{}' width='{}' height='{}' fill='#fd9'/>",
                l.x, l.y, l.width, l.height
            );
        }
    }
    s + "</svg>"
}
