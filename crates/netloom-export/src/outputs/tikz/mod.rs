//! TikZ: a document of its own for LaTeX, made to be edited.

use kurbo::{Affine, Point};
use netloom_scene::{Frame, Group, Image, Path, Role, Text};

use self::shape::{Outline, outline, push_outline};
use self::styles::{Styles, piece};
use self::words::{escape, push_comment};
use crate::walk::{Event, walk};
use crate::{Error, Options, Output};

mod shape;
mod styles;
mod words;

/// A LaTeX document that `pdflatex` compiles without anything beyond TikZ; of the class `standalone` where that is
/// installed.
///
/// Every sort of mark has one named style at the top (`nl/conv box`, `nl/edge line`), made of the class of its group and
/// the piece that it is; every node also leaves a name behind (`layer1-0-conv1`), so that further arrows can be drawn to
/// it. Text is text in the document's own sans serif; what is wider than in the figure is narrowed to fit.
#[derive(Debug)]
pub struct Tikz;

/// Big points of TeX (1/72 in) per px.
const BP_PER_PX: f64 = 0.75;

/// The largest side of an image in cells; larger ones are drawn coarser, for TeX draws every cell.
const MAX_CELLS: u32 = 48;

impl Output for Tikz {
    fn name(&self) -> &'static str {
        "tikz"
    }

    fn about(&self) -> &'static str {
        "a LaTeX document with named styles, to be compiled or edited"
    }

    fn extension(&self) -> &'static str {
        "tex"
    }

    fn write(&self, frame: &Frame, options: &Options) -> Result<Vec<u8>, Error> {
        let page = options.page(frame)?;
        let unit = page.scale * BP_PER_PX;
        let mut pen = Pen { body: String::new(), styles: Styles::new(unit), open: Vec::new() };
        if let Some(color) = frame.background {
            let style = pen.styles.shape("page", Some(color), None, 0.0);
            let corner = Point::new(frame.size.width, frame.size.height);
            pen.body += &format!("  \\path[{style}] (0,0) rectangle {};\n", shape::point(corner));
        }
        pen.draw(frame);
        let mut out = String::new();
        push_comment(&mut out, "", &frame.title);
        push_comment(&mut out, "", &frame.desc);
        push_comment(
            &mut out,
            "",
            "Compile with pdflatex. Change a style below to change every mark of its sort.",
        );
        let (width, height) = (frame.size.width * unit, frame.size.height * unit);
        out += &words::document(&shape::number(width), &shape::number(height));
        out.push_str(words::PREAMBLE);
        pen.styles.push(&mut out);
        out.push_str("\\begin{document}\n");
        let unit = shape::number(unit);
        out += &format!("\\begin{{tikzpicture}}[x={unit}bp,y=-{unit}bp]\n");
        out += &format!(
            "  \\useasboundingbox (0,0) rectangle {};\n",
            shape::point(Point::new(frame.size.width, frame.size.height))
        );
        out += &pen.body;
        out.push_str("\\end{tikzpicture}\n\\end{document}\n");
        Ok(out.into_bytes())
    }
}

struct Pen {
    body: String,
    styles: Styles,
    open: Vec<Level>,
}

/// An open group.
struct Level {
    transform: Affine,
    class: &'static str,
    in_node: bool,
    fades: bool,
}

impl Pen {
    fn draw(&mut self, frame: &Frame) {
        for event in walk(frame) {
            match event {
                Event::Enter(group) => self.enter(group),
                Event::Leave => {
                    if self.open.pop().is_some_and(|l| l.fades) {
                        self.body.push_str("  \\end{scope}\n");
                    }
                }
                Event::Path(path) => self.path(path),
                Event::Text(text) => self.text(text),
                Event::Image(image) => self.image(image),
            }
        }
    }

    fn enter(&mut self, group: &Group) {
        let (transform, class, in_node) =
            self.open.last().map_or((Affine::IDENTITY, "", false), |l| (l.transform, l.class, l.in_node));
        let transform = transform * group.transform;
        let own = match &group.role {
            _ if !group.class.is_empty() => group.class,
            Role::Edge { .. } => "edge",
            Role::Note => "note",
            Role::Container => "container",
            Role::Node => "node",
            Role::None => class,
        };
        let fades = group.opacity < 1.0;
        if fades {
            let opacity = shape::number(group.opacity);
            self.body += &format!("  \\begin{{scope}}[opacity={opacity},transparency group]\n");
        }
        if matches!(group.role, Role::Node | Role::Container | Role::Edge { .. }) {
            let title = group.title.lines().next().unwrap_or_default();
            let words = if title.is_empty() || title == group.key.subject() {
                group.key.subject().to_owned()
            } else {
                format!("{}: {title}", group.key.subject())
            };
            push_comment(&mut self.body, "  ", &words);
        }
        if group.role == Role::Node {
            self.anchor(group, transform);
        }
        let in_node = in_node || group.role == Role::Node;
        self.open.push(Level { transform, class: own, in_node, fades });
    }

    /// An invisible node of the size of a box, for arrows that somebody adds.
    fn anchor(&mut self, group: &Group, transform: Affine) {
        let first = group.children.iter().find_map(|c| match c {
            netloom_scene::Item::Path(path) => Some(path),
            _ => None,
        });
        let Some(path) = first.filter(|p| crate::walk::shows_path(p)) else { return };
        let rect = kurbo::Shape::bounding_box(&(transform * path.shape.clone()));
        let (width, height) = (self.styles.bp(rect.width()), self.styles.bp(rect.height()));
        let Some(name) = self.styles.name(group.key.subject()) else { return };
        self.body += &format!(
            "  \\node[nl/anchor,minimum width={width}bp,minimum height={height}bp] ({name}) at {} {{}};\n",
            shape::point(rect.center())
        );
    }

    fn path(&mut self, path: &Path) {
        let Some(level) = self.open.last() else { return };
        let outline = outline(&(level.transform * path.shape.clone()));
        let radius = if let Outline::Rect(_, radius) = outline { radius } else { 0.0 };
        let name = piece(level.class, path.key.as_str());
        let style = self.styles.shape(&name, path.fill, crate::walk::stroke(path), radius);
        self.body += &format!("  \\path[{style}] ");
        push_outline(&mut self.body, &outline);
        self.body.push_str(";\n");
    }

    fn text(&mut self, text: &Text) {
        let Some(level) = self.open.last() else { return };
        let [a, b, c, d, ..] = level.transform.as_coeffs();
        let scale = (a * d - b * c).abs().sqrt();
        let centred = level.in_node;
        let along = if centred { text.run.width / 2.0 } else { 0.0 };
        let at = level.transform * Point::new(text.origin.x + along, text.origin.y);
        let name = piece(level.class, text.key.as_str());
        let style = self.styles.text(&name, &text.run.style, scale, text.fill, centred);
        let mut turn = String::new();
        let degrees = -libm::atan2(b, a).to_degrees();
        if degrees.abs() > 0.01 {
            turn = format!(",rotate={}", shape::number(degrees));
        }
        let width = self.styles.bp(text.run.width * scale);
        self.body += &format!(
            "  \\node[{style}{turn}] at {} {{\\nltext{{{width}bp}}{{{}}}}};\n",
            shape::point(at),
            escape(&text.run.text)
        );
    }

    /// An image as cells, for TikZ has no bitmaps of its own.
    fn image(&mut self, image: &Image) {
        let Some(level) = self.open.last() else { return };
        let step = image.width.max(image.height).div_ceil(MAX_CELLS).max(1);
        let (columns, rows) = (image.width.div_ceil(step), image.height.div_ceil(step));
        let cell =
            kurbo::Vec2::new(image.rect.width() / f64::from(columns), image.rect.height() / f64::from(rows));
        for row in 0..rows {
            for column in 0..columns {
                let (x, y) = (column * step, row * step);
                let at = (u64::from(y) * u64::from(image.width) + u64::from(x)) * 4;
                let Ok(at) = usize::try_from(at) else { return };
                let Some(&[r, g, b, alpha]) = image.pixels.get(at..at + 4) else { return };
                if alpha == 0 {
                    continue;
                }
                let from = image.rect.origin()
                    + kurbo::Vec2::new(f64::from(column) * cell.x, f64::from(row) * cell.y);
                let corners = [
                    from,
                    from + kurbo::Vec2::new(cell.x, 0.0),
                    from + cell,
                    from + kurbo::Vec2::new(0.0, cell.y),
                ];
                let corners = corners.map(|p| shape::point(level.transform * p)).join(" -- ");
                self.body += &format!(
                    "  \\fill[color={{rgb,255:red,{r};green,{g};blue,{b}}},fill opacity={}] {corners} -- cycle;\n",
                    shape::number(f64::from(alpha) / 255.0)
                );
            }
        }
    }
}
