//! Which models are U-shaped, told from their structure alone.

use std::path::{Path, PathBuf};

use netloom::{Bytes, read};
use netloom_diagram::ushape::{Join, u_shape};
use netloom_diagram::{Depth, ViewOptions, view};

/// Levels, by-passes and how all of them join; `None` for no U.
type Found = Option<(usize, usize, Join)>;

fn found(name: &str, bytes: Vec<u8>, depth: Depth) -> Found {
    let graph = read(&Bytes::new(name.to_owned(), bytes)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let graph = netloom_graph::lift::lift(&graph).graph;
    let graph = netloom_graph::hierarchy::infer(&graph);
    let shown = view(&graph, &ViewOptions { depth, ..ViewOptions::default() });
    let u = u_shape(&graph, &shown)?;
    let kind = u.skips[0].kind;
    assert!(u.skips.iter().all(|s| s.kind == kind), "{name}: {:?}", u.skips);
    Some((u.levels, u.skips.len(), kind))
}

#[track_caller]
fn check(loom: &str, want: Found) {
    assert_eq!(found("test.loom", loom.as_bytes().to_vec(), Depth::Full), want);
}

#[test]
fn nested_by_passes_of_equal_resolution_are_a_u() {
    let net = |join: &str, size: &str, scale: u32| {
        format!(
            "input x [1, 3, {size}]
block Down(c) {{ conv(c, 3, pad=1) > relu > max_pool({scale}) }}
block Up(c, skip) {{ upsample({scale}) > {join} > conv(c, 3, pad=1) > relu }}
a = conv(8, 3, pad=1) > relu
b = Down(8)
c = Down(8)
Down(8) > Up(8, c) > Up(8, b) > Up(8, a) > conv(2, 1)
"
        )
    };
    check(&net("concat(skip)", "64, 64", 2), Some((3, 3, Join::Concat)));
    check(&net("add(skip)", "81, 81", 3), Some((3, 3, Join::Add)));
    check(&net("concat(skip)", "512", 4), Some((3, 3, Join::Concat)));
    check(&net("concat(skip)", "h, w", 2), Some((3, 3, Join::Concat)));
}

#[test]
fn gates_residuals_and_pooled_branches_are_none() {
    check(
        "input x [1, 8, 32, 32]\n[conv(8, 3, pad=1) > relu, same] > add > max_pool(2) > conv(8, 3)\n",
        None,
    );
    // Squeeze and excite: down to one cell and back, but it only scales.
    check(
        "input x [1, 8, 32, 32]\n[conv(8, 3, pad=1), global_avg_pool > conv(2, 1) > relu > conv(8, 1) > sigmoid] > mul > conv(4, 3)\n",
        None,
    );
    // Up and down without by-passes.
    check(
        "input x [1, 8, 32, 32]\nmax_pool(2) > conv(8, 3, pad=1) > upsample(2) > conv(8, 3, pad=1)\n",
        None,
    );
}

/// The models of the corpus that are U-shaped, by the beginning of their names.
const CORPUS: &[(&str, Found)] =
    &[("unet.", Some((4, 4, Join::Concat))), ("unet_small.", Some((4, 4, Join::Concat)))];

#[test]
fn of_the_corpus_the_u_nets_are() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models/onnx"));
    if !folder.is_dir() {
        println!("no corpus at {}", folder.display());
        return;
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder can be listed")
        .map(|entry| entry.expect("the folder can be listed").path())
        .collect();
    files.sort();
    for path in files {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        #[expect(clippy::disallowed_methods, reason = "a test reads models")]
        let bytes = std::fs::read(&path).expect("a model can be read");
        let want = CORPUS.iter().find(|(start, _)| name.starts_with(start)).and_then(|(_, want)| *want);
        assert_eq!(found(&name, bytes.clone(), Depth::Full), want, "{name}");
        if want.is_none() {
            assert_eq!(found(&name, bytes, Depth::Levels(1)), None, "{name}, closed");
        }
    }
}
