//! Pictures to put on boxes, from PNG files.

use std::io::Cursor;
use std::sync::Arc;

use netloom_diagram::view::Picture;
use png::{ColorType, Decoder, Limits, Transformations};

use crate::{Error, ErrorKind};

/// The most bytes that decoding may take up.
const MAX_BYTES: usize = 256 << 20;
/// The longest side that is kept, pixels; a picture on a box is drawn at most 88 px wide.
const MAX_SIDE: usize = 512;

/// Reads a PNG file of any kind; what is larger than a figure can show is made smaller.
///
/// # Errors
/// When the bytes are no PNG file, or the picture is too large to decode.
pub fn picture(bytes: &[u8]) -> Result<Picture, Error> {
    let wrong = |message: String| Error::new(ErrorKind::Input, format!("not a PNG picture: {message}"));
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MAX_BYTES });
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(|e| wrong(e.to_string()))?;
    let size = reader.output_buffer_size().filter(|s| *s <= MAX_BYTES);
    let mut raw = vec![0; size.ok_or_else(|| wrong(format!("more than {MAX_BYTES} bytes")))?];
    let info = reader.next_frame(&mut raw).map_err(|e| wrong(e.to_string()))?;
    let samples = info.color_type.samples();
    let pixel = |p: &[u8]| match (info.color_type, p) {
        (ColorType::Grayscale, [l]) => [*l, *l, *l, 255],
        (ColorType::GrayscaleAlpha, [l, a]) => [*l, *l, *l, *a],
        (ColorType::Rgb, [r, g, b]) => [*r, *g, *b, 255],
        (_, [r, g, b, a]) => [*r, *g, *b, *a],
        _ => [0; 4],
    };
    let rows = raw.chunks(info.line_size.max(1)).take(info.height as usize);
    let width = info.width as usize;
    let pixels: Vec<u8> = rows.flat_map(|r| r[..width * samples].chunks(samples).flat_map(pixel)).collect();
    Ok(smaller(width, info.height as usize, pixels))
}

/// A picture whose sides are at most [`MAX_SIDE`], each pixel the mean of a square of the first.
fn smaller(width: usize, height: usize, pixels: Vec<u8>) -> Picture {
    let step = width.max(height).div_ceil(MAX_SIDE).max(1);
    let (w, h) = (width.div_ceil(step), height.div_ceil(step));
    let picture = |w: usize, h: usize, pixels| Picture {
        width: u32::try_from(w).unwrap_or(u32::MAX),
        height: u32::try_from(h).unwrap_or(u32::MAX),
        pixels: Arc::new(pixels),
    };
    if step == 1 {
        return picture(width, height, pixels);
    }
    let mut out = Vec::with_capacity(4 * w * h);
    for y in 0..h {
        for x in 0..w {
            // Colours weigh by their opacity, so that what is transparent does not darken the edges.
            let (mut sums, mut n) = ([0u64; 4], 0u64);
            for v in y * step..((y + 1) * step).min(height) {
                for u in x * step..((x + 1) * step).min(width) {
                    let at = 4 * (v * width + u);
                    let alpha = u64::from(pixels[at + 3]);
                    for c in 0..3 {
                        sums[c] += u64::from(pixels[at + c]) * alpha;
                    }
                    sums[3] += alpha;
                    n += 1;
                }
            }
            let mean =
                |sum: u64, by: u64| u8::try_from((sum + by / 2).checked_div(by).unwrap_or(0)).unwrap_or(255);
            out.extend([
                mean(sums[0], sums[3]),
                mean(sums[1], sums[3]),
                mean(sums[2], sums[3]),
                mean(sums[3], n),
            ]);
        }
    }
    picture(w, h, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(color: ColorType, width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, width, height);
        encoder.set_color(color);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(pixels).unwrap();
        writer.finish().unwrap();
        out
    }

    #[test]
    fn pictures_of_every_kind_are_read() {
        for (color, pixels, expected) in [
            (ColorType::Grayscale, vec![7, 9], [7, 7, 7, 255, 9, 9, 9, 255]),
            (ColorType::GrayscaleAlpha, vec![7, 1, 9, 2], [7, 7, 7, 1, 9, 9, 9, 2]),
            (ColorType::Rgb, vec![1, 2, 3, 4, 5, 6], [1, 2, 3, 255, 4, 5, 6, 255]),
            (ColorType::Rgba, vec![1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, 8]),
        ] {
            let found = picture(&file(color, 2, 1, &pixels)).unwrap();
            assert_eq!(
                (found.width, found.height, found.pixels.as_slice()),
                (2, 1, &expected[..]),
                "{color:?}"
            );
        }
        let large = picture(&file(ColorType::Grayscale, 1025, 2, &[9; 2050])).unwrap();
        assert_eq!((large.width, large.height, large.pixels.len()), (342, 1, 4 * 342));
        assert!(large.pixels.chunks(4).all(|p| p == [9, 9, 9, 255]));
        assert!(picture(b"GIF89a").unwrap_err().to_string().starts_with("not a PNG picture"));
        assert!(picture(&file(ColorType::Rgb, 2, 1, &[0; 6])[..40]).is_err());
    }
}
