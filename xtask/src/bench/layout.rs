//! Layout of seeded graphs of growing size, beside other engines, with one judge for the drawings.

use std::time::Instant;

use netloom_layout::{Layout, LayoutInput, layout};

use super::crossings::{Drawing, Edge};
use super::rivals::{self, RIVALS, Rival};
use super::table::{Table, megabytes, ratio, time};
use super::usage::{measure, own_cpu_secs};
use super::{Bench, Part};
use crate::Outcome;

/// The row of this part.
pub const PART: Part = Part { name: "layout", run, job };

/// Graphs by name: `g` plain, `m` the same with one shared mask; then the number of nodes.
const GRAPHS: &[&str] =
    &["g100", "g1000", "g3000", "g10000", "g100000", "m1000", "m3000", "m10000", "m100000"];

/// The largest graph that rivals are given, in nodes.
const MOST_FOR_RIVALS: usize = 10_000;

/// The seed of every graph.
const SEED: u32 = 42;

/// What one engine made of one graph.
struct Laid {
    engine: &'static str,
    outcome: Result<Numbers, String>,
}

/// Costs and quality of one drawing.
struct Numbers {
    cpu_secs: f64,
    wall_secs: f64,
    peak_bytes: u64,
    crossings: f64,
    width: f64,
    height: f64,
}

fn run(bench: &Bench) -> Result<Vec<Table>, String> {
    let rivals_folder = bench.folder.with_file_name("bench-node");
    let installed = rivals::install(&rivals_folder);
    if let Err(fault) = &installed {
        println!("rivals that need Node are left out: {fault}");
    }
    let mut tables = Vec::new();
    let mut gave_up: Vec<(char, &str)> = Vec::new();
    for graph in GRAPHS {
        let (family, nodes) = parse(graph)?;
        if nodes > bench.most {
            continue;
        }
        let mut results = vec![Laid { engine: "netloom", outcome: ours(bench, graph) }];
        if nodes <= MOST_FOR_RIVALS {
            let folder = rivals_folder.to_string_lossy().into_owned();
            bench.job("layout", &["write", graph, &folder], 1)?;
            for rival in RIVALS {
                let outcome = if gave_up.contains(&(family, rival.name)) {
                    Err("not run: gave up on a smaller one".to_owned())
                } else {
                    theirs(bench, rival, graph, &rivals_folder)
                };
                if outcome.is_err() {
                    gave_up.push((family, rival.name));
                }
                println!(
                    "{graph} {}: {}",
                    rival.name,
                    outcome.as_ref().map_or_else(|e| e.clone(), |n| time(n.cpu_secs))
                );
                results.push(Laid { engine: rival.name, outcome });
            }
        }
        tables.push(table(graph, family, nodes, &results));
    }
    if let Some(table) = tables.last_mut() {
        let engines =
            RIVALS.iter().map(|r| format!("- `{}`: {}", r.name, r.about)).collect::<Vec<_>>().join("\n");
        table.note = format!(
            "Engines:\n\n- `netloom`: `netloom_layout::layout`, time of the call alone\n{engines}\n\n\
             All engines keep the same sizes and distances. Crossings are pairs of edges that cross in the drawing each \
             engine made, counted by one judge; edges of one source, which carry one value, do not count against each other. \
             An engine is ended after {} s of processor time.",
            bench.limit_secs
        );
    }
    Ok(tables)
}

fn parse(graph: &str) -> Result<(char, usize), String> {
    let family = graph.chars().next().filter(|c| matches!(c, 'g' | 'm'));
    let nodes = graph.get(1..).and_then(|n| n.parse().ok());
    family.zip(nodes).ok_or_else(|| format!("expected `g` or `m` and a number of nodes, found `{graph}`"))
}

fn table(graph: &str, family: char, nodes: usize, results: &[Laid]) -> Table {
    let ours = results.first().and_then(|r| r.outcome.as_ref().ok());
    let row = |result: &Laid| match &result.outcome {
        Err(failure) => {
            let mut row = vec![result.engine.to_owned(), failure.clone()];
            row.resize(7, String::new());
            row
        }
        Ok(n) => vec![
            result.engine.to_owned(),
            time(n.cpu_secs),
            ours.map_or_else(String::new, |o| ratio(n.cpu_secs / o.cpu_secs)),
            time(n.wall_secs),
            megabytes(n.peak_bytes),
            format!("{:.0}", n.crossings),
            format!("{:.0} × {:.0}", n.width, n.height),
        ],
    };
    let mask = if family == 'm' { " and one shared mask" } else { "" };
    Table {
        title: format!("Layout of {graph}: {nodes} nodes{mask}"),
        columns: vec!["engine", "CPU", "ratio", "wall", "peak", "crossings", "px"],
        rows: results.iter().map(row).collect(),
        note: String::new(),
    }
}

fn ours(bench: &Bench, graph: &str) -> Result<Numbers, String> {
    let usage = bench.job("layout", &["lay", graph], 5)?;
    let judged = bench.job("layout", &["judge", graph], 1)?;
    let said = |usage: &super::Usage, name: &str| {
        usage.said(name).ok_or_else(|| format!("{graph}: expected `{name}`"))
    };
    Ok(Numbers {
        cpu_secs: said(&usage, "cpu")?,
        wall_secs: said(&usage, "wall")?,
        peak_bytes: usage.peak_bytes,
        crossings: said(&judged, "crossings")?,
        width: said(&judged, "width")?,
        height: said(&judged, "height")?,
    })
}

fn theirs(bench: &Bench, rival: &Rival, graph: &str, folder: &std::path::Path) -> Result<Numbers, String> {
    let usage = measure(&mut rival.command(folder, graph, bench.limit_secs), &bench.log())?;
    if let Some(failure) = &usage.failure {
        return Err(format!("{failure} at {} s", usage.cpu_secs.round()));
    }
    let output = folder.join(rival.output(graph)).to_string_lossy().into_owned();
    let judged = bench.job("layout", &["judge", graph, rival.name, &output], 1)?;
    let said = |name: &str| judged.said(name).ok_or_else(|| format!("{graph}: expected `{name}`"));
    Ok(Numbers {
        cpu_secs: usage.said("cpu").unwrap_or(usage.cpu_secs),
        wall_secs: usage.said("wall").unwrap_or(usage.wall_secs),
        peak_bytes: usage.peak_bytes,
        crossings: said("crossings")?,
        width: said("width")?,
        height: said("height")?,
    })
}

fn job(args: &[String]) -> Outcome {
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["write", graph, folder] => rivals::write(std::path::Path::new(folder), graph, &sample(graph)?),
        ["lay", graph] => {
            let input = sample(graph)?;
            let (cpu, start) = (own_cpu_secs(), Instant::now());
            let layout = layout(&input);
            println!("cpu {}\nwall {}", own_cpu_secs() - cpu, start.elapsed().as_secs_f64());
            // Used, so that the call is not left out.
            println!("height {}", layout.size.height);
            Ok(())
        }
        ["judge", graph] => {
            let input = sample(graph)?;
            let laid = layout(&input);
            println!("own_crossings {}\nbends {}", laid.stats.crossings, laid.stats.bends);
            judge(&drawing(&input, &laid));
            Ok(())
        }
        ["judge", _, engine, file] => {
            let rival = RIVALS.iter().find(|r| r.name == *engine).ok_or("no such engine")?;
            let text = std::fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))?;
            judge(&(rival.read)(&text)?);
            Ok(())
        }
        _ => Err("no such job".to_owned()),
    }
}

fn judge(drawing: &Drawing) {
    println!("crossings {}\nwidth {}\nheight {}", drawing.crossings(), drawing.width, drawing.height);
}

fn drawing(input: &LayoutInput, layout: &Layout) -> Drawing {
    let edge = |(edge, route): (&netloom_layout::Edge, &netloom_layout::Route)| Edge {
        source: edge.source.node,
        target: edge.target.node,
        points: route.points.iter().map(|p| [p.x, p.y]).collect(),
    };
    Drawing {
        width: layout.size.width,
        height: layout.size.height,
        edges: input.edges.iter().zip(&layout.routes).map(edge).collect(),
    }
}

/// The seeded graph of a name.
fn sample(graph: &str) -> Result<LayoutInput, String> {
    let (family, nodes) = parse(graph)?;
    Ok(netloom_layout::sample::network(nodes, SEED, family == 'm'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphs_have_names() {
        for graph in GRAPHS {
            assert!(parse(graph).is_ok(), "{graph}");
        }
        assert!(parse("x100").is_err() && parse("g").is_err());
    }

    #[test]
    fn the_judge_agrees_with_the_engine_on_order() {
        let input = sample("g100").unwrap();
        let laid = layout(&input);
        let judged = drawing(&input, &laid).crossings();
        assert!(judged <= laid.stats.crossings, "{judged} judged, {} counted", laid.stats.crossings);
    }
}
