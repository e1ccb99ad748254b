//! Volumes, bars, sums and words on the page.

use netloom_graph::{Category, Graph};
use netloom_scene::figures::{Cuboid, Stripe, label_at, plus, rounded_rect, times};
use netloom_scene::kurbo::{Affine, Rect, Vec2};
use netloom_scene::{Group, Image, Path, Role, Swatch};

use super::flat::is_activated;
use super::place::{Placed, Shape};
use super::solid::Body;
use crate::styles::DrawOptions;
use crate::styles::layered::tooltip;
use crate::view::{NodeKind, Picture, View};

/// The widest band of a norm or activation, px, and how much of a volume all bands take at most.
const BANDS: (f64, f64) = (2.6, 0.5);
/// Radius of a bar's corners, px.
const BAR_RADIUS: f64 = 1.2;

/// What is needed to paint.
pub(super) struct Paint<'a> {
    pub(super) graph: &'a Graph,
    pub(super) view: &'a View,
    pub(super) bodies: &'a [Body],
    pub(super) options: &'a DrawOptions,
}

impl Paint<'_> {
    /// Paints a stage into its group; words go to the second, so that they are nobody's content.
    pub(super) fn stage(
        &self,
        shape: &Shape,
        members: &[usize],
        by: Vec2,
        group: &mut Group,
        words: &mut Group,
    ) {
        let theme = &self.options.theme;
        let first = &self.view.nodes[members[0]];
        let hull = shape.hull + by;
        group.role = Role::Node;
        match self.bodies[members[0]] {
            Body::Frame => {}
            Body::Words => group.role = Role::Note,
            Body::Sum => {
                group.title = tooltip(self.view, first);
                let (outline, sign) =
                    if first.title == "×" { times(&first.key, hull) } else { plus(&first.key, hull) };
                let fill = if is_activated(self.graph, first) {
                    theme.swatch(Category::Activation.name()).fill
                } else {
                    theme.background
                };
                group.push(outline.filled(fill).stroked(theme.edge, theme.box_stroke));
                group.push(sign.stroked(theme.edge, theme.box_stroke));
            }
            Body::Volume | Body::Bar => {
                let mut outline = netloom_scene::kurbo::BezPath::new();
                for placed in &shape.placed {
                    outline.extend(&moved(placed.cuboid, by).outline());
                }
                let stroke = first.swatch(theme).stroke;
                group.push(Path::new(first.key.piece("outline"), outline).stroked(stroke, theme.band_stroke));
                self.members(shape, by, group);
            }
        }
        let color = |muted: bool| if muted { theme.muted } else { theme.ink };
        for (i, line) in shape.lines.iter().enumerate() {
            let key = first.key.piece(&format!("line{i}"));
            words.push(label_at(key, line.run.clone(), line.center + by, color(line.muted)));
        }
    }

    fn members(&self, shape: &Shape, by: Vec2, group: &mut Group) {
        let alone = shape.placed.iter().all(|p| p.node == shape.placed[0].node);
        for (i, placed) in shape.placed.iter().enumerate() {
            let node = &self.view.nodes[placed.node];
            if alone && placed.row == 0 {
                group.title = tooltip(self.view, node);
                self.volume(placed, by, group);
                continue;
            }
            let again = shape.placed[..i].iter().any(|p| p.node == placed.node) || alone;
            let key = if again { node.key.piece(&format!("row{}", placed.row)) } else { node.key.clone() };
            let mut inner =
                Group::new(key).with_class(node.category.name()).with_title(tooltip(self.view, node));
            self.volume(placed, by, &mut inner);
            group.push(inner);
        }
    }

    fn volume(&self, placed: &Placed, by: Vec2, group: &mut Group) {
        let theme = &self.options.theme;
        let node = &self.view.nodes[placed.node];
        let swatch = match node.kind {
            NodeKind::Input => node.look.swatch.unwrap_or_else(|| theme.swatch(Category::Shape.name())),
            _ => node.swatch(theme),
        };
        let main = if node.kind == NodeKind::Module { theme.module_fill(&swatch) } else { swatch.fill };
        let cuboid = moved(placed.cuboid, by);
        // Pieces of the rows below the first have keys of their own.
        let piece = |name: &str| match placed.row {
            0 => node.key.piece(name),
            row => node.key.piece(&format!("row{row}-{name}")),
        };
        let rename = |mut path: Path| {
            if placed.row > 0 {
                let name = path.key.as_str().rsplit('#').next().unwrap_or_default().to_owned();
                path.key = piece(&name);
            }
            path
        };
        let stripes = self.stripes(placed, main);
        if self.bodies[placed.node] == Body::Bar {
            group.push(rounded_rect(piece("bar"), cuboid.front, BAR_RADIUS).filled(main));
            let mut x = cuboid.front.x0 + stripes[0].0;
            for (i, (width, color)) in stripes.iter().enumerate().skip(1) {
                let part = Rect::new(x, cuboid.front.y0, x + width, cuboid.front.y1);
                group.push(netloom_scene::figures::rect(piece(&format!("band{i}")), part).filled(*color));
                x += width;
            }
            let outline = rounded_rect(piece("edges"), cuboid.front, BAR_RADIUS);
            group.push(self.edges(outline, &swatch, placed.known));
            return;
        }
        let (faces, edges) = cuboid.faces(&node.key, &stripes, main);
        for face in faces {
            group.push(rename(face));
        }
        if let Some(picture) = &node.look.picture {
            let mut frame = Group::new(piece("picture"));
            let unit = Rect::new(0.0, 0.0, 1.0, 1.0);
            let corner = cuboid.on_side(0.0, 0.0);
            let (along, down) = (cuboid.away, cuboid.front.height());
            frame.transform = Affine::new([along.x, along.y, 0.0, down, corner.x, corner.y]);
            frame.push(image(piece("picture-pixels"), unit, picture));
            group.push(frame);
        }
        group.push(self.edges(rename(edges), &swatch, placed.known));
    }

    fn edges(&self, path: Path, swatch: &Swatch, known: bool) -> Path {
        let theme = &self.options.theme;
        let mut path = path.stroked(swatch.stroke, theme.band_stroke);
        if let (false, Some(stroke)) = (known, &mut path.stroke) {
            stroke.dash = Some(theme.skip_dash);
        }
        path
    }

    /// The colours of a volume from left to right: its own, then norm and activation in their order.
    fn stripes(&self, placed: &Placed, main: netloom_scene::Color) -> Vec<Stripe> {
        let theme = &self.options.theme;
        let bands = &self.view.nodes[placed.node].bands;
        let width = placed.cuboid.front.width();
        #[expect(clippy::cast_precision_loss, reason = "a box has a handful of bands")]
        let each = BANDS.0.min(width * BANDS.1 / bands.len().max(1) as f64);
        #[expect(clippy::cast_precision_loss, reason = "a box has a handful of bands")]
        let rest = width - each * bands.len() as f64;
        let bands = bands.iter().map(|b| (each, theme.swatch(b.category.name()).fill));
        std::iter::once((rest, main)).chain(bands).collect()
    }
}

/// The same volume elsewhere.
pub(super) fn moved(cuboid: Cuboid, by: Vec2) -> Cuboid {
    Cuboid { front: cuboid.front + by, ..cuboid }
}

fn image(key: netloom_scene::Key, rect: Rect, picture: &Picture) -> Image {
    Image { key, rect, width: picture.width, height: picture.height, pixels: picture.pixels.as_ref().clone() }
}
