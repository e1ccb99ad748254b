//! Letters cut small, for pages: names and numbers of figures, without kerning, digits equally wide.

/// Inter, weight 400.
pub const REGULAR: &[u8] = include_bytes!("../../fonts/small/Inter-Regular.otf");
/// Inter, weight 500.
pub const MEDIUM: &[u8] = include_bytes!("../../fonts/small/Inter-Medium.otf");
/// Inter, weight 600.
pub const BOLD: &[u8] = include_bytes!("../../fonts/small/Inter-SemiBold.otf");
/// Inter, slanted.
pub const ITALIC: &[u8] = include_bytes!("../../fonts/small/Inter-Italic.otf");
