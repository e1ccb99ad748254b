//! PNG files: the right pixels, and the density they are meant for.
#![cfg(feature = "png")]

use netloom_export::{Options, find};
use netloom_scene::kurbo::{Rect, Shape as _, Size};
use netloom_scene::{Color, Frame, Group, Path};

/// Largest difference of a channel that is taken for the same: rounding differs between processors.
const TOLERANCE: u8 = 2;

/// Half red, with a translucent blue band across the right half.
fn tiny(background: Option<Color>) -> Frame {
    let color = |text: &str| Color::parse(text).expect("a colour");
    let mut root = Group::new("tiny");
    root.push(Path::new("red", Rect::new(0.0, 0.0, 4.0, 8.0).to_path(0.1)).filled(color("#ff0000")));
    let mut faded = Group::new("faded");
    faded.opacity = 0.5;
    faded.push(Path::new("blue", Rect::new(4.0, 4.0, 8.0, 6.0).to_path(0.1)).filled(color("#0000ff")));
    root.push(faded);
    Frame { size: Size::new(8.0, 8.0), background, title: "Tiny".to_owned(), desc: String::new(), root }
}

struct Picture {
    width: u32,
    height: u32,
    channels: usize,
    pixels_per_metre: Option<u32>,
    bytes: Vec<u8>,
}

fn read(frame: &Frame, options: &Options) -> Picture {
    let file = find("png").expect("png is built in").write(frame, options).expect("it can be drawn");
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().expect("a PNG file");
    let mut bytes = vec![0; reader.output_buffer_size().expect("a small picture")];
    reader.next_frame(&mut bytes).expect("whole");
    let info = reader.info();
    Picture {
        width: info.width,
        height: info.height,
        channels: info.color_type.samples(),
        pixels_per_metre: info.pixel_dims.map(|d| d.xppu),
        bytes,
    }
}

fn check_pixel(picture: &Picture, (x, y): (usize, usize), expected: &[u8]) {
    let at = (y * picture.width as usize + x) * picture.channels;
    let found = &picture.bytes[at..at + picture.channels];
    assert_eq!(found.len(), expected.len());
    assert!(
        found.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) <= TOLERANCE),
        "pixel {x}, {y}: expected {expected:?}, found {found:?}"
    );
}

#[test]
fn pixels_are_right() {
    let white = Color { r: 255, g: 255, b: 255, a: 255 };
    let opaque = read(&tiny(Some(white)), &Options { scale: 2.0, ..Options::screen() });
    assert_eq!((opaque.width, opaque.height, opaque.channels), (16, 16, 3));
    check_pixel(&opaque, (0, 0), &[255, 0, 0]);
    check_pixel(&opaque, (7, 15), &[255, 0, 0]);
    check_pixel(&opaque, (8, 0), &[255, 255, 255]);
    check_pixel(&opaque, (8, 8), &[127, 127, 255]);
    check_pixel(&opaque, (15, 11), &[127, 127, 255]);
    check_pixel(&opaque, (15, 12), &[255, 255, 255]);
    let clear = read(&tiny(None), &Options { scale: 1.0, ..Options::screen() });
    assert_eq!((clear.width, clear.height, clear.channels), (8, 8, 4));
    check_pixel(&clear, (0, 0), &[255, 0, 0, 255]);
    check_pixel(&clear, (7, 4), &[0, 0, 255, 127]);
    assert_eq!(clear.bytes[4 * 7 + 3], 0, "no background, no ink");
}

#[test]
fn density_is_stated() {
    let inch = Options { width: Some("1in".parse().expect("a length")), ..Options::print() };
    for (options, pixels, per_metre) in [
        (Options { scale: 1.0, ..Options::screen() }, 8, 3780),
        (Options::screen(), 16, 7559),
        (Options::print(), 25, 11_811),
        (inch.clone(), 300, 11_811),
        (Options { dpi: Some(600.0), ..inch }, 600, 23_622),
    ] {
        let picture = read(&tiny(None), &options);
        assert_eq!(
            (picture.width, picture.height, picture.pixels_per_metre),
            (pixels, pixels, Some(per_metre))
        );
    }
}
