//! Numbers reach the boxes that stand for them.

use netloom_graph::{Graph, infer};
use netloom_import::Bytes;

use super::*;
use crate::view::{Depth, Fold, ViewOptions, view};

const NET: &str = "input x [1, 4, 8, 8]
one: { conv(4, 3, pad=1) > relu }
two: { conv(4, 3, pad=1) > relu }
flatten > out: linear(10)
";

fn graph(loom: &str) -> Graph {
    let mut graph = netloom_import::read(&Bytes::new("net.loom", loom.as_bytes().to_vec())).unwrap();
    infer::infer(&mut graph);
    graph
}

fn overlay(show: Show, combine: Combine) -> Overlay {
    Overlay { title: "cost".to_owned(), unit: Unit::Count, show, combine, axis: Axis::Linear, range: None }
}

/// The badges of a view, box by box.
fn badges(graph: &Graph, values: &Values, overlay: &Overlay) -> Vec<String> {
    let mut view =
        view(graph, &ViewOptions { depth: Depth::Full, fold: Fold::None, ..ViewOptions::default() });
    overlay.dress(&Theme::light(), &mut [Dressing { graph, values, view: &mut view }]);
    let boxes = view.nodes.iter().filter(|n| matches!(n.kind, NodeKind::Layer | NodeKind::Module));
    boxes.map(|n| n.look.badge.as_ref().map_or("-".to_owned(), |b| b.text.replace('\u{a0}', " "))).collect()
}

#[test]
fn measures_are_those_of_the_graph() {
    let graph = graph(NET);
    let check = |measure: Measure, expected: &[&str]| {
        let overlay = Overlay { unit: measure.unit(), ..overlay(Show::Badge, Combine::Sum) };
        assert_eq!(badges(&graph, &Values::Measured(measure), &overlay), expected, "{measure:?}");
    };
    // 4·4·9 + 4 weights; 256·10 + 10; each multiplied once per output element.
    check(Measure::Parameters, &["148", "148", "2.57 k"]);
    check(Measure::Macs, &["9.22 k", "9.22 k", "2.56 k"]);
    // Convolution and relu make 4·8·8 floats each; reshaping makes nothing new.
    check(Measure::Memory, &["2.05 kB", "2.05 kB", "40 B"]);
    check(Measure::Size, &["256", "256", "10"]);
}

#[test]
fn given_numbers_reach_the_boxes_that_stand_for_their_names() {
    let graph = graph(NET);
    let module = |path: &str| graph.modules().find(|(_, m)| m.path == path).unwrap().0;
    let check = |combine, operators: &[Option<f64>], modules: &[(&str, f64)], expected: &[&str]| {
        let modules = modules.iter().map(|(path, value)| (module(path), *value)).collect();
        let values = Values::Given { operators: operators.to_vec(), modules };
        let found = badges(&graph, &values, &overlay(Show::Badge, combine));
        assert_eq!(found, expected, "{combine:?} {operators:?}");
    };
    // Convolution, relu, convolution, relu, reshape, linear.
    let each = [Some(1.0), Some(2.0), Some(4.0), None, None, Some(9.0)];
    check(Combine::Sum, &each, &[], &["3", "4", "9"]);
    check(Combine::Mean, &each, &[], &["2", "4", "9"]);
    check(Combine::Max, &each, &[], &["2", "4", "9"]);
    // The number of a module takes the place of those of its parts.
    check(Combine::Sum, &each, &[("one", 7.0)], &["7", "4", "9"]);
    check(Combine::Sum, &[], &[("two", 5.0)], &["-", "5", "-"]);
    check(Combine::Sum, &[], &[], &["-", "-", "-"]);
}

#[test]
fn colours_and_the_legend_agree() {
    let graph = graph(NET);
    let theme = Theme::light();
    let mut view = view(&graph, &ViewOptions { depth: Depth::Full, ..ViewOptions::default() });
    let given = vec![Some(-2.0), None, None, None, None, Some(4.0)];
    let values = Values::Given { operators: given, modules: BTreeMap::new() };
    let dressing = Dressing { graph: &graph, values: &values, view: &mut view };
    overlay(Show::Colour, Combine::Sum).dress(&theme, &mut [dressing]);
    let Some(Legend::Scale { least, greatest, colors, missing, .. }) = &view.legend else {
        panic!("{:?}", view.legend)
    };
    // Signed numbers spread evenly to both sides of zero.
    assert_eq!((least.as_str(), greatest.as_str(), missing), ("−4", "4", &true));
    let boxes: Vec<&crate::view::ViewNode> =
        view.nodes.iter().filter(|n| n.kind == NodeKind::Layer).collect();
    let fill = |i: usize| boxes[i].look.swatch.unwrap().fill;
    assert_eq!(Some(&fill(2)), colors.last());
    assert_eq!(boxes[1].look.swatch, Some(missing_swatch(&theme)));
    assert!(boxes[0].look.swatch.unwrap().fill != theme.swatch("conv").fill);
}
