//! Layouts of small shapes as plain text, compared with files; `UPDATE=1` writes them anew.
#![expect(clippy::disallowed_methods, reason = "snapshots are files")]

use netloom_layout::{Layout, LayoutInput, Rect, layout, sample};

/// Px per character.
const CELL: (f64, f64) = (6.0, 6.0);

/// A drawing by characters: boxes with their index, lines, arrow heads.
fn text(input: &LayoutInput, out: &Layout) -> String {
    let column = |x: f64| (x / CELL.0).round() as usize;
    let row = |y: f64| (y / CELL.1).round() as usize;
    let (w, h) = (column(out.size.width) + 2, row(out.size.height) + 2);
    let mut grid = vec![vec![' '; w]; h];
    let frame = |grid: &mut Vec<Vec<char>>, r: &Rect| {
        let (l, t, right, b) = (column(r.x), row(r.y), column(r.right()), row(r.bottom()));
        grid[t][l..=right].fill('─');
        grid[b][l..=right].fill('─');
        for line in &mut grid[t..=b] {
            line[l] = '│';
            line[right] = '│';
        }
        (grid[t][l], grid[t][right], grid[b][l], grid[b][right]) = ('┌', '┐', '└', '┘');
    };
    let mut order: Vec<usize> = (0..input.nodes.len()).collect();
    let area = |i: usize| out.nodes[i].width * out.nodes[i].height;
    order.sort_by(|&a, &b| area(b).total_cmp(&area(a)));
    for &i in &order {
        frame(&mut grid, &out.nodes[i]);
    }
    for route in &out.routes {
        for pair in route.points.windows(2) {
            let (a, b) = ((column(pair[0].x), row(pair[0].y)), (column(pair[1].x), row(pair[1].y)));
            for line in &mut grid[a.1.min(b.1)..=a.1.max(b.1)] {
                for cell in &mut line[a.0.min(b.0)..=a.0.max(b.0)] {
                    let new = if pair[0].y == pair[1].y { '·' } else { ':' };
                    *cell = if *cell == ' ' || *cell == new { new } else { '+' };
                }
            }
        }
    }
    for route in &out.routes {
        if let [.., a, b] = route.points[..] {
            let head = if a.y < b.y {
                'v'
            } else if a.y > b.y {
                '^'
            } else if a.x < b.x {
                '>'
            } else {
                '<'
            };
            grid[row(b.y)][column(b.x)] = head;
        }
    }
    for &i in &order {
        let (x, y) = (column(out.nodes[i].x) + 1, row(out.nodes[i].y) + 1);
        for (k, digit) in i.to_string().chars().enumerate() {
            grid[y][x + k] = digit;
        }
    }
    let mut lines: Vec<String> =
        grid.iter().map(|line| line.iter().collect::<String>().trim_end().to_string()).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    format!("{} crossings, {} bends\n{}\n", out.stats.crossings, out.stats.bends, lines.join("\n"))
}

#[test]
fn shapes_look_as_before() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/shapes");
    let update = std::env::var("UPDATE").is_ok();
    let mut changed = Vec::new();
    for (name, input) in sample::shapes() {
        let path = format!("{folder}/{name}.txt");
        let now = text(&input, &layout(&input));
        if update {
            std::fs::create_dir_all(folder).expect("the folder can be made");
            std::fs::write(&path, &now).expect("the snapshot can be written");
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(&now) {
            changed.push(format!("{name}:\n{now}"));
        }
    }
    assert!(changed.is_empty(), "changed:\n{}", changed.join("\n"));
}

#[test]
fn trunks_are_straight() {
    for (name, input) in sample::shapes() {
        let out = layout(&input);
        for (edge, route) in input.edges.iter().zip(&out.routes) {
            assert!(edge.weight < 8 || route.points.len() == 2, "{name}: {:?}", route.points);
        }
    }
}

#[test]
fn simple_shapes_have_no_crossings() {
    for (name, input) in sample::shapes() {
        let most = match name {
            "ports" => 2,
            "dense" => 2,
            _ => 0,
        };
        assert!(layout(&input).stats.crossings <= most, "{name}: {}", layout(&input).stats.crossings);
    }
}
