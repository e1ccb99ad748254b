//! PNG: a bitmap at a given density, which the file states.

use kurbo::{Affine, Cap, Join, Rect, Stroke};
use netloom_scene::{Color, Frame, Image, Path, Text};
use png::ColorType;
use std::sync::Arc;
use vello_cpu::color::{AlphaColor, Srgb};
use vello_cpu::peniko::{ImageAlphaType, ImageQuality, ImageSampler};
use vello_cpu::{Level, PixelMetadata, Pixmap, RenderContext, RenderSettings, Resources};

use crate::walk::{Event, dash, stroke, walk};
use crate::{Error, ErrorKind, Options, Output, bitmap};

/// Eight bits a channel in sRGB; transparent only where the frame has no background.
#[derive(Debug)]
pub struct Png;

/// Longest side, pixels: beyond this many programs refuse to open a picture.
const MAX_SIDE: f64 = 65_535.0;

/// Most pixels, 400 MB while drawing.
const MAX_PIXELS: f64 = 100_000_000.0;

impl Output for Png {
    fn name(&self) -> &'static str {
        "png"
    }

    fn about(&self) -> &'static str {
        "bitmap at a given scale or number of dots per inch"
    }

    fn extension(&self) -> &'static str {
        "png"
    }

    fn write(&self, frame: &Frame, options: &Options) -> Result<Vec<u8>, Error> {
        let page = options.page(frame)?;
        let density = options.dpi.map_or(options.scale, |dpi| dpi / 96.0);
        if !(density > 0.0 && density.is_finite()) {
            let (name, value) = options.dpi.map_or(("scale", options.scale), |dpi| ("dpi", dpi));
            return Err(Error::new(
                ErrorKind::Option,
                format!("expected a {name} above zero, found {value}"),
            ));
        }
        let (width, height) = (pixels(page.size.width * density), pixels(page.size.height * density));
        if width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS {
            return Err(too_large(width, height));
        }
        let bitmaps = walk(frame).filter_map(|event| match event {
            Event::Image(image) => Some(image.width.max(image.height)),
            _ => None,
        });
        if let Some(side) = bitmaps.max().filter(|&side| f64::from(side) > MAX_SIDE) {
            let message =
                format!("expected bitmaps in the figure of at most {MAX_SIDE} pixels a side, found {side}");
            return Err(
                Error::new(ErrorKind::Limit, message).with_hint("write SVG or PDF, which have no such limit")
            );
        }
        // The whole canvas fits: where pixels are rounded up, the picture grows by less than one.
        let zoom = Affine::scale_non_uniform(width / frame.size.width, height / frame.size.height);
        let pixmap = render(frame, zoom, small(width), small(height));
        let opaque = frame.background.is_some_and(|c| c.a == 255);
        let (width, height) = (u32::from(pixmap.width()), u32::from(pixmap.height()));
        let (color, bytes) = unpack(pixmap, opaque);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
        let per_metre = (density * 96.0 / 0.0254).round() as u32;
        bitmap::write(width, height, color, Some(per_metre), &bytes)
            .map_err(|e| Error::new(ErrorKind::Encoding, format!("the PNG writer refused: {e}")))
    }
}

fn too_large(width: f64, height: f64) -> Error {
    let message = format!(
        "expected a bitmap of at most {MAX_SIDE} pixels a side and {} million in all, found {width} × {height}",
        MAX_PIXELS / 1e6
    );
    Error::new(ErrorKind::Limit, message)
        .with_hint("show less of the network with --depth, ask for a smaller scale, or write SVG, which has no such limit")
}

/// A side as whole pixels, rounded up unless it is whole but for an error of the arithmetic.
fn pixels(side: f64) -> f64 {
    (side - 1e-6).ceil().max(1.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most MAX_SIDE")]
fn small(side: f64) -> u16 {
    side as u16
}

fn render(frame: &Frame, zoom: Affine, width: u16, height: u16) -> Pixmap {
    // The instructions every processor of a platform has: the same bytes on the next machine.
    let settings = RenderSettings { level: Level::baseline(), num_threads: 0 };
    let mut resources = Resources::new();
    let mut pen = Pen {
        context: RenderContext::new_with(width, height, settings),
        transforms: vec![zoom],
        open: Vec::new(),
    };
    if let Some(background) = frame.background {
        pen.context.set_transform(zoom);
        pen.context.set_paint(paint(background));
        pen.context.fill_rect(&Rect::from_origin_size((0.0, 0.0), frame.size));
    }
    pen.draw(frame);
    let mut pixmap = Pixmap::new(width, height);
    pen.context.flush();
    pen.context.render(&mut pixmap, &mut resources);
    pixmap
}

struct Pen {
    context: RenderContext,
    /// From each open group to pixels, outermost first.
    transforms: Vec<Affine>,
    /// For each open group, whether it fades its children.
    open: Vec<bool>,
}

impl Pen {
    fn draw(&mut self, frame: &Frame) {
        for event in walk(frame) {
            match event {
                Event::Enter(group) => {
                    let outer = self.transform();
                    self.transforms.push(outer * group.transform);
                    let fades = group.opacity < 1.0;
                    if fades {
                        #[expect(clippy::cast_possible_truncation, reason = "a part of one")]
                        self.context.push_opacity_layer(group.opacity as f32);
                    }
                    self.open.push(fades);
                }
                Event::Leave => {
                    self.transforms.pop();
                    if self.open.pop() == Some(true) {
                        self.context.pop_layer();
                    }
                }
                Event::Path(path) => self.path(path),
                Event::Text(text) => self.text(text),
                Event::Image(image) => self.image(image),
            }
        }
    }

    fn transform(&self) -> Affine {
        self.transforms.last().copied().unwrap_or(Affine::IDENTITY)
    }

    fn path(&mut self, path: &Path) {
        self.context.set_transform(self.transform());
        if let Some(color) = path.fill {
            self.context.set_paint(paint(color));
            self.context.fill_path(&path.shape);
        }
        if let Some(line) = stroke(path) {
            let mut pen = Stroke::new(line.width).with_caps(Cap::Butt).with_join(Join::Round);
            if let Some(dash) = dash(line) {
                pen = pen.with_dashes(0.0, [dash.on, dash.off]);
            }
            self.context.set_stroke(pen);
            self.context.set_paint(paint(line.color));
            self.context.stroke_path(&path.shape);
        }
    }

    fn text(&mut self, text: &Text) {
        self.context.set_transform(self.transform() * Affine::translate(text.origin.to_vec2()));
        self.context.set_paint(paint(text.fill));
        self.context.fill_path(&text.run.outline());
    }

    fn image(&mut self, image: &Image) {
        let rect = image.rect;
        let (Ok(width), Ok(height)) = (u16::try_from(image.width), u16::try_from(image.height)) else {
            return;
        };
        let straight = PixelMetadata::new(ImageAlphaType::Alpha, true);
        // The length as capacity, which the pixmap asks for.
        let pixels = image.pixels.clone().into_boxed_slice().into_vec();
        let pixmap = Pixmap::from_parts(pixels, width, height, straight);
        let per_pixel = (rect.width() / f64::from(width), rect.height() / f64::from(height));
        self.context.set_transform(
            self.transform()
                * Affine::translate((rect.x0, rect.y0))
                * Affine::scale_non_uniform(per_pixel.0, per_pixel.1),
        );
        self.context.set_paint(vello_cpu::Image {
            image: vello_cpu::ImageSource::Pixmap(Arc::new(pixmap)),
            sampler: ImageSampler::new().with_quality(ImageQuality::Low),
        });
        self.context.fill_rect(&Rect::new(0.0, 0.0, f64::from(width), f64::from(height)));
    }
}

fn paint(color: Color) -> AlphaColor<Srgb> {
    AlphaColor::from_rgba8(color.r, color.g, color.b, color.a)
}

/// The pixels with straight alpha, or without any where all are opaque.
fn unpack(pixmap: Pixmap, opaque: bool) -> (ColorType, Vec<u8>) {
    let bytes = pixmap.take_rgba8(ImageAlphaType::Alpha);
    if !opaque {
        return (ColorType::Rgba, bytes);
    }
    let pixels = bytes.as_chunks::<4>().0;
    (ColorType::Rgb, pixels.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect())
}
