//! Pixels as PNG files.

use netloom_scene::Image;
use png::{
    BitDepth, ColorType, Compression, Encoder, EncodingError, PixelDimensions, SrgbRenderingIntent, Unit,
};

/// The PNG file of a bitmap; empty if its pixels do not fill it.
pub(crate) fn encode(image: &Image) -> Vec<u8> {
    write(image.width, image.height, ColorType::Rgba, None, &image.pixels).unwrap_or_default()
}

/// A PNG file of eight bits a channel in sRGB, with the pixels per metre if they are known.
///
/// # Errors
/// When the pixels do not fill the picture.
pub(crate) fn write(
    width: u32,
    height: u32,
    color: ColorType,
    pixels_per_metre: Option<u32>,
    pixels: &[u8],
) -> Result<Vec<u8>, EncodingError> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, width, height);
    encoder.set_color(color);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Balanced);
    encoder.set_source_srgb(SrgbRenderingIntent::Perceptual);
    encoder.set_pixel_dims(pixels_per_metre.map(|n| PixelDimensions { xppu: n, yppu: n, unit: Unit::Meter }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(out)
}
