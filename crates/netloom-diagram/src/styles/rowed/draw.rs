//! All but the tensors: frames, words, signs, arrows, and the ways between rows.

use std::collections::BTreeMap;

use netloom_scene::figures::{pill, plus, rounded_rect, route, times, tip};
use netloom_scene::kurbo::{BezPath, PathSeg, Point, Rect, Shape as _, Size};
use netloom_scene::text::{ellipsize, shape};
use netloom_scene::{Group, Key, Path, Role, Stroke, Text, TextRun, Theme};

use super::{Joint, Kind, Placed, Plan, Stroked};
use crate::styles::DrawOptions;
use crate::styles::caption::Mark;
use crate::styles::layered::{shared_px, without_start};
use crate::view::{NodeKind, View, ViewNode};

/// Diameter of a sign, px.
pub(super) const MERGE: f64 = 11.0;
/// Space kept between words and lines, px.
const CLEAR: f64 = 1.5;
/// Space inside a pill, px.
const PILL: Size = Size::new(5.0, 2.0);
/// Space between a frame's corner and its words, px.
const CORNER: f64 = 10.0;

impl Plan {
    /// The sizes of signs and words; those of tensors are for the style to say.
    pub(in crate::styles) fn fixed(&self, piece: usize, below: &[TextRun], line: f64) -> Option<Size> {
        match self.pieces[piece].kind {
            Kind::Merge => Some(Size::new(MERGE, MERGE)),
            Kind::Word => {
                let width = below.iter().map(|r| r.width).fold(0.0, f64::max);
                #[expect(clippy::cast_precision_loss, reason = "a few lines")]
                let height = below.len().max(1) as f64 * line;
                Some(Size::new(width.max(1.0) + 4.0, height))
            }
            _ => None,
        }
    }

    /// Draws everything; `body` draws a tensor into its group, `joint` what joins two in the place of an arrow.
    pub(in crate::styles) fn draw(
        &self,
        view: &View,
        options: &DrawOptions,
        placed: &Placed,
        body: &dyn Fn(usize, Rect, &mut Group),
        joint: &dyn Fn(usize, &Placed) -> Option<Joint>,
        into: &mut Group,
    ) {
        let joints = self.joints(placed, joint);
        for (f, (node, _)) in self.frames.iter().enumerate() {
            if placed.frames[f].area() > 0.0 {
                into.push(frame(&view.nodes[*node], placed.frames[f], options));
            }
        }
        for (i, piece) in self.pieces.iter().enumerate() {
            let node = &view.nodes[piece.node];
            let mut group =
                Group::new(node.key.clone()).with_class(node.category.name()).with_title(tooltip(node));
            match piece.kind {
                Kind::Merge => {
                    group.role = Role::Node;
                    sign(node, placed.bodies[i], options, &mut group);
                }
                Kind::Word => group.role = Role::Note,
                _ => {
                    group.role = Role::Node;
                    body(i, placed.bodies[i], &mut group);
                }
            }
            into.push(group);
        }
        self.arrows(view, options, placed, joints, into);
        self.texts(view, options, placed, into);
    }

    /// What dashes and pills mean, as far as they are used.
    pub(in crate::styles) fn marks(&self, view: &View, theme: &Theme) -> Vec<(Mark, String)> {
        let mut marks = Vec::new();
        if self.links.iter().any(|l| view.edges[l.edge].projected) {
            marks.push((Mark::Dash(theme.skip_dash), "projection skip".to_owned()));
        }
        if !self.frames.is_empty() {
            marks.push((Mark::Pill(shape("×N", &theme.header_style(true))), "N in a row".to_owned()));
        }
        marks
    }

    /// What joins tensors, where it keeps clear of all words.
    fn joints(&self, placed: &Placed, joint: &dyn Fn(usize, &Placed) -> Option<Joint>) -> Vec<Option<Joint>> {
        let mut joints: Vec<Option<Joint>> =
            (0..self.links.len()).map(|l| placed.direct[l].then(|| joint(l, placed)).flatten()).collect();
        let mut of_row: Vec<Vec<usize>> = Vec::new();
        for (p, row) in placed.rows.iter().enumerate() {
            if of_row.len() <= *row {
                of_row.resize(row + 1, Vec::new());
            }
            of_row[*row].push(p);
        }
        for (l, slot) in joints.iter_mut().enumerate() {
            let Some(found) = slot else { continue };
            let (a, b) = (self.links[l].source, self.links[l].target);
            let reach = placed.bodies[a].union(placed.bodies[b]);
            let hit = of_row[placed.rows[a]].iter().any(|p| {
                placed.texts[*p].iter().any(|(run, at, _)| {
                    let rect = text_rect(run, *at);
                    rect.x1 > reach.x0 && rect.x0 < reach.x1 && found.meets(rect)
                })
            });
            if hit {
                *slot = None;
            }
        }
        joints
    }

    fn arrows(
        &self,
        view: &View,
        options: &DrawOptions,
        placed: &Placed,
        joints: Vec<Option<Joint>>,
        into: &mut Group,
    ) {
        let theme = &options.theme;
        let mut turned = vec![None; self.links.len()];
        for (points, link) in &placed.turns {
            if let Some(l) = link {
                turned[*l] = Some(points);
            }
        }
        let mut drawn: BTreeMap<usize, Vec<Vec<Point>>> = BTreeMap::new();
        for (l, (link, joint)) in self.links.iter().zip(joints).enumerate() {
            let edge = &view.edges[link.edge];
            let (from, to) =
                (&view.nodes[self.pieces[link.source].node], &view.nodes[self.pieces[link.target].node]);
            let name = format!("{}>{}~{}", from.key.subject(), to.key.subject(), link.edge);
            let key = Key::new(&name);
            let ends = Role::Edge { from: from.key.clone(), to: to.key.clone() };
            let mut group = Group::new(key.clone()).with_role(ends);
            let piece = |name: &str| key.piece(name);
            if let Some(joint) = joint {
                for (i, stroked) in joint.strokes.into_iter().enumerate() {
                    group.push(path(piece(&format!("line{i}")), stroked, theme.skip_dash));
                }
                into.push(group);
                continue;
            }
            let mut points = placed.courses[l].clone();
            if let Some(before) = turned[l] {
                points = before.iter().chain(points.iter().skip(1)).copied().collect();
            }
            if points.len() < 2 {
                continue;
            }
            // What another arrow from the same tensor has drawn is not drawn again, or it would look bolder.
            let bundle = drawn.entry(link.source).or_default();
            let shared = bundle.iter().map(|other| shared_px(&points, other)).fold(0.0, f64::max);
            bundle.push(points.clone());
            let points = without_start(&points, shared - theme.route_radius);
            let color = if from.kind == NodeKind::Stub { theme.muted } else { theme.edge };
            let width = if edge.skip { theme.skip_stroke } else { theme.edge_stroke };
            let mut line = route(piece("line"), &points, theme.route_radius, theme.tip_length * 0.8)
                .stroked(color, width);
            if let Some(stroke) = &mut line.stroke {
                stroke.dash = edge.projected.then_some(theme.skip_dash);
            }
            group.push(line);
            group.push(tip(piece("tip"), &points, theme.tip_length, theme.tip_width).filled(color));
            into.push(group);
        }
    }

    fn texts(&self, view: &View, options: &DrawOptions, placed: &Placed, into: &mut Group) {
        let theme = &options.theme;
        for (i, piece) in self.pieces.iter().enumerate() {
            if placed.texts[i].is_empty() {
                continue;
            }
            let node = &view.nodes[piece.node];
            let mut group = Group::new(node.key.piece("words")).with_role(Role::Note);
            let last_above = placed.texts[i].iter().filter(|t| t.2).count();
            for (j, (run, origin, above)) in placed.texts[i].iter().enumerate() {
                let fill = match (above, piece.kind) {
                    (true, _) if j + 1 == last_above => theme.ink,
                    (false, Kind::Word) if node.kind != NodeKind::Stub => theme.ink,
                    (false, Kind::Closed) if run.style.weight != theme.secondary_weight => theme.ink,
                    _ => theme.muted,
                };
                let key = node.key.piece(&format!("text{j}"));
                group.push(Text { key, origin: *origin, run: run.clone(), fill });
            }
            into.push(group);
        }
    }
}

impl Joint {
    /// Whether one of its lines runs through a rectangle.
    fn meets(&self, rect: Rect) -> bool {
        let grown = rect.inflate(CLEAR, CLEAR);
        self.strokes.iter().filter(|s| s.fill.is_none()).any(|s| {
            s.shape.segments().any(|segment| match segment {
                PathSeg::Line(line) => {
                    let bounds = line.bounding_box();
                    // A flat line has no area, so that overlaps are compared side by side.
                    let apart = bounds.x1 < grown.x0
                        || bounds.x0 > grown.x1
                        || bounds.y1 < grown.y0
                        || bounds.y0 > grown.y1;
                    !apart && crosses(line.p0, line.p1, grown)
                }
                _ => false,
            })
        })
    }
}

/// Whether a line with an end outside runs through a rectangle: its corners lie on both sides, or an end is inside.
fn crosses(a: Point, b: Point, rect: Rect) -> bool {
    let side = |p: Point| (b - a).cross(p - a) > 0.0;
    let corners = [(rect.x0, rect.y0), (rect.x1, rect.y0), (rect.x1, rect.y1), (rect.x0, rect.y1)];
    let first = side(corners[0].into());
    corners.iter().any(|c| side((*c).into()) != first) || rect.contains(a) || rect.contains(b)
}

fn text_rect(run: &TextRun, at: Point) -> Rect {
    Rect::new(at.x, at.y - run.cap_height() * 1.04, at.x + run.width, at.y + run.style.size_px * 0.2)
}

fn path(key: Key, stroked: Stroked, dash: netloom_scene::Dash) -> Path {
    let Stroked { shape, fill, stroke: (color, width), dashed } = stroked;
    let stroke = (width > 0.0).then_some(Stroke { color, width, dash: dashed.then_some(dash) });
    Path { key, shape, fill, stroke }
}

fn sign(node: &ViewNode, rect: Rect, options: &DrawOptions, group: &mut Group) {
    let theme = &options.theme;
    let (outline, cross) = if node.title == "×" { times(&group.key, rect) } else { plus(&group.key, rect) };
    let fill = node.look.swatch.map_or(theme.background, |s| s.fill);
    group.push(outline.filled(fill).stroked(theme.edge, theme.box_stroke));
    if node.title == "−" || node.title == "-" {
        let mut line = BezPath::new();
        line.move_to(rect.center() - (MERGE * 0.29, 0.0));
        line.line_to(rect.center() + netloom_scene::kurbo::Vec2::new(MERGE * 0.29, 0.0));
        group.push(Path::new(group.key.piece("sign"), line).stroked(theme.edge, theme.box_stroke));
    } else {
        group.push(cross.stroked(theme.edge, theme.box_stroke));
    }
}

fn frame(node: &ViewNode, rect: Rect, options: &DrawOptions) -> Group {
    let theme = &options.theme;
    let swatch = node.swatch(theme);
    let key = &node.key;
    let piece = |name: &str| key.piece(name);
    let mut group = Group::new(key.clone()).with_role(Role::Container).with_title(tooltip(node));
    group.push(
        rounded_rect(piece("frame"), rect, theme.container_radius)
            .filled(theme.container_fill(&swatch))
            .stroked(theme.container_stroke_color(&swatch), theme.container_stroke),
    );
    let times = shape(&format!("×{}", node.repeat), &theme.header_style(true));
    let room = rect.width() - 3.0 * CORNER - times.width - 2.0 * PILL.width;
    let height = times.cap_height() + 2.0 * PILL.height;
    let right_top = Point::new(rect.x1 - CORNER + 2.0, rect.y0 + 6.0);
    let style = theme.header_style(true);
    let title = shape(&ellipsize(&node.title, &style, room.max(0.0)), &style);
    let origin = Point::new(rect.x0 + CORNER, right_top.y + (height + title.cap_height()) / 2.0);
    group.push(pill(key, times, right_top, PILL, theme.pill(&swatch)));
    let notes = node.notes.join(", ");
    let room = room - title.width - 2.0 * PILL.width;
    let notes = shape(&ellipsize(&notes, &theme.secondary_style(), room.max(0.0)), &theme.secondary_style());
    if !notes.glyphs.is_empty() {
        let origin = origin + (title.width + 2.0 * PILL.width, 0.0);
        group.push(Text { key: piece("notes"), origin, run: notes, fill: theme.muted });
    }
    if !title.glyphs.is_empty() {
        group.push(Text { key: piece("title"), origin, run: title, fill: theme.ink });
    }
    group
}

fn tooltip(node: &ViewNode) -> String {
    let mut parts = vec![node.title.clone()];
    parts.extend(node.bands.iter().map(|b| b.title.clone()));
    parts.extend(node.details.iter().cloned());
    format!("{}: {}", node.key.subject(), parts.join(", "))
}
