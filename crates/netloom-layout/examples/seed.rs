//! local
#![allow(clippy::all)]
use netloom_layout::sample::{self, Mix, Random};
use netloom_layout::*;
fn main() {
    let a: Vec<u32> = std::env::args().skip(1).map(|s| s.parse().unwrap()).collect();
    let mix = Mix {
        nodes: a[1] as usize,
        edges: a[2] as usize,
        containers: a[3] == 1,
        ports: a[4] == 1,
        merges: a[5] == 1,
        backward: a[6] == 1,
        bundles: a[7] == 1,
    };
    let input = sample::random(&mut Random(a[0]), mix);
    let out = layout(&input);
    let d = verify(&input, &out);
    println!("{d:?} {:?}", input.direction);
    for x in &d {
        if let Defect::Shared { a, b } = x {
            for e in [a, b] {
                println!("{:?} {:?}", input.edges[*e], out.routes[*e].points);
                for v in [input.edges[*e].source.node, input.edges[*e].target.node] {
                    let mut p = Some(v);
                    while let Some(q) = p {
                        print!(
                            " {q}{} {:?} ports{:?};",
                            if input.nodes[q].merge { "m" } else { "" },
                            out.nodes[q],
                            input.nodes[q].ports.len()
                        );
                        p = input.nodes[q].parent;
                    }
                    println!();
                }
            }
        }
    }
    for x in &d {
        if let Defect::Through { edge, node } = x {
            println!("{:?} {:?}", input.edges[*edge], out.routes[*edge].points);
            for v in [*node, input.edges[*edge].source.node, input.edges[*edge].target.node] {
                let mut p = Some(v);
                while let Some(q) = p {
                    print!(
                        " {q}{}{} {:?} ports{:?};",
                        if input.nodes[q].merge { "m" } else { "" },
                        if input.nodes[q].beside { "b" } else { "" },
                        out.nodes[q],
                        input.nodes[q].ports.len()
                    );
                    p = input.nodes[q].parent;
                }
                println!();
            }
            for (i, e) in input.edges.iter().enumerate() {
                if [e.source.node, e.target.node].contains(node)
                    || e.target.node == input.edges[*edge].target.node
                {
                    println!(
                        "  {i} {:?}->{:?} {:?} w{} {:?}",
                        e.source, e.target, e.kind, e.weight, out.routes[i].points
                    );
                }
            }
        }
    }
    for (i, e) in input.edges.iter().enumerate() {
        println!("{i} {:?}->{:?} {:?} {:?}", e.source, e.target, e.kind, out.routes[i].reversed);
    }
    for (i, n) in input.nodes.iter().enumerate() {
        println!("{i} p{:?} {:?} {}", n.parent, out.nodes[i], n.merge);
    }
    let bundle = |e: &Edge| (e.source.node, e.source.port, e.bundle);
    for x in &d {
        if let Defect::Shared { a, b } = x {
            for (i, e) in input.edges.iter().enumerate() {
                if bundle(e) == bundle(&input.edges[*a]) || bundle(e) == bundle(&input.edges[*b]) {
                    println!("  {i} {:?}->{:?} {:?} w{}", e.source, e.target, e.kind, e.weight);
                }
            }
        }
    }
}
