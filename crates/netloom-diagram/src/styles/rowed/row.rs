//! One row: pieces side by side, by hand where they are a chain, else by the layout of graphs.

use netloom_layout::{Direction, Edge, EdgeKind, End, Insets, LayoutInput, Node, Port, Side, Spacing};
use netloom_scene::kurbo::{Point, Rect, Size, Vec2};

use super::words::is_pixel;
use super::{Kind, Measure, Plan};
use crate::tensors::Form;
use crate::view::View;

/// Space between two drawings of a chain, px.
const GAP: f64 = 18.0;
/// The least space before a drawing, px.
pub(super) const LEAD: f64 = 8.0;
/// Where the words below are centred where branches meet, as a part of the drawing's width.
const SAID: f64 = 0.3;
/// Space between words side by side, px.
const WORDS: f64 = 7.0;
/// Space between a drawing and the words above and below it, px.
pub(super) const ABOVE: f64 = 5.0;
/// Space between boxes of a row that is no chain, px.
const SPACING: Spacing = Spacing { rank: 12.0, node: 14.0, lane: 10.0 };
/// Space inside a frame: above for its words, and on the other sides, px.
const FRAME: (f64, f64) = (24.0, 10.0);

/// A row that is laid out from the origin.
#[derive(Default)]
pub(super) struct Row {
    /// Each piece's drawing, in the order of the row.
    pub(super) bodies: Vec<Rect>,
    /// Courses of links by index of the plan's, with whether only the link lies between.
    pub(super) courses: Vec<(usize, Vec<Point>, bool)>,
    /// Frames by index of the plan's.
    pub(super) frames: Vec<(usize, Rect)>,
    /// Where the course from the row before arrives, and where the one to the next leaves.
    pub(super) ends: (Option<Point>, Option<Point>),
    /// How much higher than usual the words above each piece stand, px; empty for not at all.
    pub(super) lifts: Vec<f64>,
    /// Whether it is a chain, whose words below stand on one line.
    pub(super) chain: bool,
    /// The whole: bodies, words and courses.
    pub(super) bounds: Rect,
}

/// What a row is made of.
pub(super) struct Content<'a> {
    /// Its pieces, in order.
    pub(super) pieces: &'a [usize],
    /// The piece of an earlier row whose tensor arrives.
    pub(super) enters: Option<usize>,
    /// The piece whose tensor goes on to the next row.
    pub(super) leaves: Option<usize>,
}

impl Plan {
    /// Lays a row out; `inside` tells the place of each of its pieces, `links` those that end at them.
    pub(super) fn row_of(
        &self,
        view: &View,
        measures: &[Measure],
        line: f64,
        content: &Content<'_>,
        inside: &std::collections::BTreeMap<usize, usize>,
        links: &[usize],
    ) -> Row {
        let follows = |i: usize| {
            let mut into = links.iter().filter(|l| self.links[**l].target == content.pieces[i]);
            let first = into.next().map(|l| self.links[*l].source);
            let before = if i == 0 { content.enters } else { Some(content.pieces[i - 1]) };
            first == before && into.next().is_none() || i == 0 && first.is_none()
        };
        let last = content.pieces.last().copied();
        let chain = (0..content.pieces.len()).all(follows)
            && content.leaves.is_none_or(|p| Some(p) == last)
            && content.pieces.iter().all(|p| self.pieces[*p].frame.is_none());
        if chain {
            self.chain(measures, line, content, links)
        } else {
            self.graph(view, measures, line, (content, inside), links)
        }
    }

    /// Pieces side by side on one axis, each as near to the one before as their words allow.
    fn chain(&self, measures: &[Measure], line: f64, content: &Content<'_>, links: &[usize]) -> Row {
        let mut row = Row { chain: true, ..Row::default() };
        let widest = |runs: &[netloom_scene::TextRun]| runs.iter().map(|r| r.width).fold(0.0, f64::max);
        let (mut right, mut above_right, mut below_right) = (0.0f64, f64::MIN, f64::MIN);
        let (mut up, mut down, mut low) = (0.0f64, 0.0f64, 0.0f64);
        let (mut least, mut most) = (0.0f64, 0.0f64);
        let mut before = 0.0;
        let names: Vec<f64> = content.pieces.iter().map(|p| widest(&measures[*p].above)).collect();
        for (i, &p) in content.pieces.iter().enumerate() {
            let m = &measures[p];
            let (w, h) = (m.body.width, m.body.height);
            let (name, said) = (widest(&m.above), widest(&m.below));
            let is_word = self.pieces[p].kind == Kind::Word;
            let (said, lines_below) = if is_word { (0.0, 0) } else { (said, m.below.len()) };
            let mut left = if i == 0 { 0.0 } else { right + GAP.max(m.lead) };
            if name > 0.0 {
                left = left.max(above_right + WORDS + (name - w) / 2.0);
                // A name beside a drawing that is higher than it keeps clear of it.
                if i > 0 && before > h {
                    left = left.max(right + 4.0 + (name - w) / 2.0);
                }
            }
            if i > 0 && before < h {
                left = left.max(above_right + 4.0);
            }
            let said_at = |left: f64| match i {
                _ if m.under => left + w / 2.0,
                0 => left - LEAD / 2.0,
                _ => f64::midpoint(right, left),
            };
            if said > 0.0 {
                let short = below_right + WORDS + said / 2.0 - said_at(left);
                left += (short * if i == 0 || m.under { 1.0 } else { 2.0 }).max(0.0);
                below_right = said_at(left) + said / 2.0;
            }
            least = least.min(left + (w - name) / 2.0).min(if said > 0.0 {
                said_at(left) - said / 2.0
            } else {
                0.0
            });
            right = left + w;
            if name > 0.0 {
                above_right = left + (w + name) / 2.0;
            }
            most = most.max(right).max(above_right).max(below_right);
            #[expect(clippy::cast_precision_loss, reason = "a few lines")]
            let (above, below) = (m.above.len() as f64 * line, lines_below as f64 * line);
            up = up.max(h / 2.0 + if above > 0.0 { ABOVE + above } else { 0.0 });
            down = down.max(h / 2.0);
            low = low.max(below);
            row.bodies.push(Rect::new(left, -h / 2.0, right, h / 2.0));
            before = h;
        }
        row.lifts = self.lifts((content.pieces, measures), &row.bodies, &names);
        for (i, &p) in content.pieces.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a few lines")]
            let above = measures[p].above.len() as f64 * line;
            up = up.max(row.bodies[i].height() / 2.0 + ABOVE + above + row.lifts[i]);
        }
        for &l in links {
            let link = &self.links[l];
            let index = |p: usize| content.pieces.iter().position(|q| *q == p);
            let Some(to) = index(link.target) else { continue };
            let end = Point::new(row.bodies[to].x0 + measures[link.target].inset, 0.0);
            let start = match to.checked_sub(1) {
                Some(from) => Point::new(row.bodies[from].x1 - measures[link.source].inset, 0.0),
                None => Point::new((row.bodies[0].x0 - GAP).min(least), 0.0),
            };
            row.courses.push((l, vec![start, end], to > 0));
        }
        let first = row.bodies.first().map_or(0.0, |b| b.x0);
        row.ends = (
            content.enters.map(|_| Point::new((first - GAP).min(least), 0.0)),
            content.leaves.map(|p| Point::new(right - measures[p].inset, 0.0)),
        );
        if row.ends.0.is_some() {
            least = least.min(first - GAP);
        }
        let low = if low > 0.0 { ABOVE + low } else { 0.0 };
        row.bounds = Rect::new(least, -up, most, down + low);
        row
    }

    /// How much higher names stand so that lines from the ends of a bar to a higher neighbour pass below them, px.
    fn lifts(&self, (pieces, measures): (&[usize], &[Measure]), bodies: &[Rect], names: &[f64]) -> Vec<f64> {
        let is_flat = |p: usize| {
            let extent = &self.pieces[p].extent;
            measures[p].under || extent.form == Form::Vector || is_pixel(extent)
        };
        let lift = |i: usize, j: usize| {
            let (own, other) = (bodies[i], bodies[j]);
            let gap = if j > i { other.x0 - own.x1 } else { own.x0 - other.x1 };
            let over = (names[i] - own.width()) / 2.0 + 3.0;
            let rise = (other.height() - own.height()) / 2.0;
            if rise <= 0.0 || over <= 0.0 || gap <= 0.0 || !(is_flat(pieces[i]) || is_flat(pieces[j])) {
                return 0.0;
            }
            (rise * (over / gap).min(1.0) + 3.0 - ABOVE).max(0.0)
        };
        (0..pieces.len())
            .map(|i| {
                let before = i.checked_sub(1).map_or(0.0, |j| lift(i, j));
                let behind = if i + 1 < pieces.len() { lift(i, i + 1) } else { 0.0 };
                before.max(behind)
            })
            .collect()
    }

    /// Pieces with branches between them: boxes that hold a drawing and its words.
    fn graph(
        &self,
        view: &View,
        measures: &[Measure],
        line: f64,
        (content, inside): (&Content<'_>, &std::collections::BTreeMap<usize, usize>),
        links: &[usize],
    ) -> Row {
        let frames: Vec<usize> =
            (0..self.frames.len()).filter(|f| content.pieces.iter().any(|p| self.is_in(*p, *f))).collect();
        let n = content.pieces.len();
        let frame_node = |f: usize| frames.iter().position(|g| *g == f).map(|i| n + i);
        let mut insets = Vec::new();
        let mut nodes: Vec<Node> = Vec::new();
        for p in content.pieces {
            let (inset, node) = self.boxed(*p, &measures[*p], line);
            insets.push(inset);
            nodes.push(Node { parent: self.pieces[*p].frame.and_then(frame_node), ..node });
        }
        for f in &frames {
            let title = frame_title(view, self.frames[*f].0).chars().count();
            #[expect(clippy::cast_precision_loss, reason = "titles are short")]
            let width = (title as f64).min(24.0) * 6.0 + 36.0;
            nodes.push(Node {
                parent: self.frames[*f].1.and_then(frame_node),
                size: netloom_layout::Size::new(width, 0.0),
                padding: Insets { top: FRAME.0, right: FRAME.1, bottom: FRAME.1, left: FRAME.1 },
                ..Node::default()
            });
        }
        let mut edges: Vec<Edge> = Vec::new();
        let mut bundles = std::collections::BTreeMap::new();
        let dot = Node { size: netloom_layout::Size::new(1.0, 1.0), ..Node::default() };
        let enters = content.enters.map(|_| {
            nodes.push(dot.clone());
            nodes.len() - 1
        });
        for &l in links {
            let link = &self.links[l];
            let edge = &view.edges[link.edge];
            let source = inside.get(&link.source).copied().or(enters);
            let (Some(source), Some(target)) = (source, inside.get(&link.target).copied()) else { continue };
            let next = bundles.len();
            let is_merge = |i: usize| i < n && self.pieces[content.pieces[i]].kind == Kind::Merge;
            edges.push(Edge {
                source: End { node: source, port: (!is_merge(source) && source < n).then_some(1) },
                target: End { node: target, port: (!is_merge(target)).then_some(0) },
                bundle: Some(*bundles.entry(link.source).or_insert(next)),
                kind: match (edge.back, edge.skip) {
                    (true, _) => EdgeKind::Back,
                    (_, true) => EdgeKind::Skip,
                    _ => EdgeKind::Flow,
                },
                weight: if edge.trunk { 8 } else { 1 },
                label: netloom_layout::Size::default(),
            });
        }
        let leaves = content.leaves.and_then(|p| inside.get(&p).copied().or(enters)).map(|source| {
            nodes.push(dot);
            let is_merge = source < n && self.pieces[content.pieces[source]].kind == Kind::Merge;
            edges.push(Edge {
                source: End { node: source, port: (!is_merge && source < n).then_some(1) },
                target: End { node: nodes.len() - 1, port: None },
                bundle: content.leaves.and_then(|p| bundles.get(&p).copied()),
                kind: EdgeKind::Flow,
                weight: 8,
                label: netloom_layout::Size::default(),
            });
            nodes.len() - 1
        });
        let input = LayoutInput { nodes, edges, direction: Direction::Right, spacing: SPACING };
        let layout = netloom_layout::layout(&input);
        let mut row = Row::default();
        for (i, p) in content.pieces.iter().enumerate() {
            let r = layout.nodes[i];
            let body = measures[*p].body;
            row.bodies.push(Rect::from_origin_size(Point::new(r.x, r.y) + insets[i], body));
        }
        let course = |i: usize| -> Vec<Point> {
            layout
                .routes
                .get(i)
                .map_or_else(Vec::new, |r| r.points.iter().map(|p| Point::new(p.x, p.y)).collect())
        };
        let mut at = 0;
        for &l in links {
            let link = &self.links[l];
            let Some(to) = inside.get(&link.target).copied() else { continue };
            let mut points = course(at);
            at += 1;
            let from = inside.get(&link.source).copied();
            self.reach(
                &mut points,
                (from.map(|i| (link.source, row.bodies[i])), (link.target, row.bodies[to])),
                measures,
            );
            let direct = points.len() == 2
                && from.is_some()
                && !view.edges[link.edge].back
                && points[0].x < points[1].x;
            row.courses.push((l, points, direct));
        }
        row.frames = frames
            .iter()
            .enumerate()
            .map(|(i, f)| {
                let r = layout.nodes[n + i];
                (*f, Rect::new(r.x, r.y, r.right(), r.bottom()))
            })
            .collect();
        let point = |i: usize| Point::new(layout.nodes[i].center().x, layout.nodes[i].center().y);
        row.ends = (enters.map(point), leaves.map(point));
        if let Some(end) = leaves {
            // The way out is drawn with the way to the next row.
            let mut points = course(at);
            if let Some(p) = content.leaves
                && let Some(i) = inside.get(&p)
                && let Some(first) = points.first_mut()
                && self.pieces[p].kind != Kind::Merge
            {
                first.x = row.bodies[*i].x1 - measures[p].inset;
            }
            if points.len() < 2 {
                points = vec![point(end)];
            }
            row.courses.push((usize::MAX, points, false));
        }
        row.bounds = Rect::from_origin_size(Point::ORIGIN, Size::new(layout.size.width, layout.size.height));
        row
    }

    /// The box that holds a piece and its words, and where in it the drawing starts, px.
    fn boxed(&self, piece: usize, m: &Measure, line: f64) -> (Vec2, Node) {
        let body = m.body;
        if self.pieces[piece].kind == Kind::Merge {
            let size = netloom_layout::Size::new(body.width, body.height);
            return (Vec2::ZERO, Node { size, merge: true, ..Node::default() });
        }
        let ports = |at: f64| vec![Port { side: Side::Top, at }, Port { side: Side::Bottom, at }];
        if self.pieces[piece].kind == Kind::Word {
            let size = netloom_layout::Size::new(body.width, body.height);
            return (Vec2::ZERO, Node { size, ports: ports(0.5), ..Node::default() });
        }
        let widest = |runs: &[netloom_scene::TextRun]| runs.iter().map(|r| r.width).fold(0.0, f64::max);
        let (name, said) = (widest(&m.above), widest(&m.below));
        let left = ((name - body.width) / 2.0)
            .max(said / 2.0 - m.said() * body.width)
            .max(LEAD)
            .max(m.lead - SPACING.rank);
        let right = body.width.max(f64::midpoint(name, body.width)).max(said / 2.0 + m.said() * body.width);
        #[expect(clippy::cast_precision_loss, reason = "a few lines")]
        let words = |lines: usize| if lines > 0 { ABOVE + lines as f64 * line } else { 0.0 };
        let (up, down) = (words(m.above.len()), words(m.below.len()));
        let height = up + body.height + down;
        let at = if height > 0.0 { (up + body.height / 2.0) / height } else { 0.5 };
        let size = netloom_layout::Size::new(left + right, height);
        (Vec2::new(left, up), Node { size, ports: ports(at), ..Node::default() })
    }

    /// Makes a course start and end at the drawings rather than at the boxes that hold their words too.
    fn reach(
        &self,
        points: &mut [Point],
        (from, to): (Option<(usize, Rect)>, (usize, Rect)),
        measures: &[Measure],
    ) {
        let has_box = |p: usize| self.pieces[p].kind != Kind::Merge;
        if let (Some((p, body)), [first, ..]) = (from.filter(|f| has_box(f.0)), &mut *points) {
            *first += Vec2::new(body.x1 - measures[p].inset - first.x, 0.0);
        }
        if let ([.., last], true) = (points, has_box(to.0)) {
            *last += Vec2::new(to.1.x0 + measures[to.0].inset - last.x, 0.0);
        }
    }
}

impl Measure {
    /// Where the words below are centred where branches meet, as a part of the drawing's width.
    pub(super) fn said(&self) -> f64 {
        if self.under { 0.5 } else { SAID }
    }
}

/// The words in the corner of a frame.
pub(super) fn frame_title(view: &View, node: usize) -> &str {
    &view.nodes[node].title
}
