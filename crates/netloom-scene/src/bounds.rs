//! Bounding boxes of what is drawn, px.

use kurbo::{Affine, BezPath, Rect, Shape as _};

use crate::{Frame, Group, Item, Path, Text};

impl Frame {
    /// The box around everything drawn, strokes included; zero for an empty frame.
    pub fn bounds(&self) -> Rect {
        self.root.bounds()
    }

    /// Every line of text, in paint order.
    pub fn texts(&self) -> Vec<&Text> {
        let mut texts = Vec::new();
        let mut stack: Vec<std::slice::Iter<'_, Item>> = vec![self.root.children.iter()];
        while let Some(items) = stack.last_mut() {
            match items.next() {
                Some(Item::Group(group)) => stack.push(group.children.iter()),
                Some(Item::Text(text)) => texts.push(text),
                Some(_) => {}
                None => {
                    stack.pop();
                }
            }
        }
        texts
    }
}

impl Item {
    /// The box around the item, strokes included; zero for an empty one.
    pub fn bounds(&self) -> Rect {
        bounds(std::slice::from_ref(self), Affine::IDENTITY)
    }
}

impl Group {
    /// The box around everything in the group, after its own transform; zero for an empty group.
    pub fn bounds(&self) -> Rect {
        bounds(&self.children, self.transform)
    }
}

impl Path {
    /// The box around the path, its stroke included.
    pub fn bounds(&self) -> Rect {
        self.bounds_under(Affine::IDENTITY)
    }

    pub(crate) fn bounds_under(&self, transform: Affine) -> Rect {
        let half = self.stroke.as_ref().map_or(0.0, |s| s.width / 2.0);
        let shape = if transform == Affine::IDENTITY {
            shape_box(&self.shape)
        } else {
            shape_box(&(transform * self.shape.clone()))
        };
        let grow = half * transform.determinant().abs().sqrt();
        shape.inflate(grow, grow)
    }
}

impl Text {
    /// The box of the line: its width, from its ascent to its descent.
    pub fn bounds(&self) -> Rect {
        self.run.bounds() + self.origin.to_vec2()
    }
}

/// The box around items; items that draw nothing have none.
fn bounds(items: &[Item], transform: Affine) -> Rect {
    let mut all: Option<Rect> = None;
    let mut stack: Vec<(&[Item], Affine)> = vec![(items, transform)];
    while let Some((items, transform)) = stack.pop() {
        for item in items {
            let one = match item {
                Item::Group(group) => {
                    stack.push((&group.children, transform * group.transform));
                    continue;
                }
                Item::Path(path) if path.shape.is_empty() => continue,
                Item::Path(path) => path.bounds_under(transform),
                Item::Text(text) if text.run.glyphs.is_empty() => continue,
                Item::Text(text) => transform.transform_rect_bbox(text.bounds()),
                Item::Image(image) => transform.transform_rect_bbox(image.rect),
            };
            all = Some(all.map_or(one, |all| all.union(one)));
        }
    }
    all.unwrap_or(Rect::ZERO)
}

fn shape_box(shape: &BezPath) -> Rect {
    shape.bounding_box()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Color, TextStyle, figures};

    #[test]
    fn boxes_hold_strokes_text_and_moved_groups() {
        let color = Color::parse("000000").unwrap();
        let mut inner = Group::new("in");
        inner.transform = Affine::translate((100.0, 0.0));
        inner.push(figures::rect("r", Rect::new(0.0, 0.0, 10.0, 10.0)).stroked(color, 2.0));
        let mut group = Group::new("out");
        assert_eq!(group.bounds(), Rect::ZERO);
        group.push(inner);
        assert_eq!(group.bounds(), Rect::new(99.0, -1.0, 111.0, 11.0));
        let run = crate::text::shape("abc", &TextStyle::sans(10.0));
        let width = run.width;
        group.push(Text { key: "t".into(), run, origin: (0.0, 50.0).into(), fill: color });
        assert_eq!(group.bounds().x0.to_bits(), 0.0_f64.to_bits());
        assert!(width > 10.0 && group.bounds().y1 > 52.0);
        group.transform = Affine::scale(2.0);
        assert_eq!(Item::from(group).bounds().x1.to_bits(), 222.0_f64.to_bits());
    }
}
