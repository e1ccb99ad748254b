//! What a page shows at one moment, as it is told in JSON.

use netloom_diagram::Detail;
#[cfg(feature = "html")]
use netloom_diagram::Fold;
use netloom_layout::Direction;
use serde::{Deserialize, Serialize};

#[cfg(feature = "html")]
use crate::figure::FigureOptions;
use crate::{Error, ErrorKind};

/// What a page shows at one moment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The themes of light and of dark pages.
    pub themes: [String; 2],
    /// Whether caption and legend stand below, as in a file that leaves the page.
    pub whole: bool,
    /// How many levels of modules are open; none where `open` says it all.
    pub depth: Option<u32>,
    /// Modules that are open, by index.
    pub open: Vec<usize>,
    /// How much is said: `sketch`, `paper` or `implement`.
    pub detail: String,
    /// Where the data flows to: `tb`, `bt`, `lr`, `rl`; empty for the style's own direction.
    pub direction: String,
    /// Whether every block is drawn, those too that come several times in a row.
    pub unfold: bool,
    /// Whether reshapes, casts and other movement of data is shown.
    pub plumbing: bool,
    /// Whether the batch dimension is shown in sizes.
    pub batch: bool,
    /// The name to print; empty takes the model's own.
    pub name: String,
}

impl Default for State {
    fn default() -> Self {
        Self {
            themes: ["light".to_owned(), "dark".to_owned()],
            whole: false,
            depth: None,
            open: Vec::new(),
            detail: "paper".to_owned(),
            direction: String::new(),
            unfold: false,
            plumbing: false,
            batch: false,
            name: String::new(),
        }
    }
}

impl State {
    /// A state from its JSON; what is left out is as in the default.
    ///
    /// # Errors
    /// When the bytes are no such JSON.
    pub fn read(json: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(json).map_err(|e| Error::new(ErrorKind::Input, e.to_string()))
    }
}

#[cfg(feature = "html")]
impl State {
    /// The state that options of a figure ask for, modules apart.
    pub(super) fn from_options(options: &FigureOptions) -> Self {
        let light = if options.theme == "dark" { "light" } else { &options.theme };
        let direction = match options.direction {
            Some(Direction::Down) => "tb",
            Some(Direction::Up) => "bt",
            Some(Direction::Right) => "lr",
            Some(Direction::Left) => "rl",
            None => "",
        };
        let detail = match options.detail {
            Detail::Sketch => "sketch",
            Detail::Paper => "paper",
            Detail::Implement => "implement",
        };
        Self {
            themes: [light.to_owned(), "dark".to_owned()],
            detail: detail.to_owned(),
            direction: direction.to_owned(),
            unfold: options.fold == Fold::None,
            plumbing: options.plumbing,
            batch: options.batch,
            name: options.name.clone(),
            ..Self::default()
        }
    }
}

impl State {
    pub(super) fn detail(&self) -> Detail {
        match self.detail.as_str() {
            "sketch" => Detail::Sketch,
            "implement" => Detail::Implement,
            _ => Detail::Paper,
        }
    }

    pub(super) fn direction(&self) -> Option<Direction> {
        match self.direction.as_str() {
            "tb" => Some(Direction::Down),
            "bt" => Some(Direction::Up),
            "lr" => Some(Direction::Right),
            "rl" => Some(Direction::Left),
            _ => None,
        }
    }
}
