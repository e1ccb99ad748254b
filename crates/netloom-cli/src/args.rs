//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use netloom::diagram::overlay::{Axis, Combine, Show};
use netloom::{Depth, Detail, Direction, Fold, Length, Nodes};

/// Turns a neural network file into a picture.
#[derive(Parser)]
#[command(name = "netloom", version, about, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Draw a model as SVG, PDF, PNG, TikZ, plain text and more
    Draw(Box<DrawArgs>),
    /// Count parameters, multiply-adds and shapes
    Summary(SummaryArgs),
    /// Compare two models by structure: exit code 0 where they are equal, 1 where they differ, 2 on an error
    Diff(Box<DiffArgs>),
    /// Write a model of any format in the notation, folded, or as documented JSON
    Convert(ConvertArgs),
    /// Lay texts in the notation out: spaces, indentation and blank lines; words and comments stay
    Fmt(FmtArgs),
    /// List the model formats that can be read
    Formats,
    /// List the formats a figure can be written in
    Outputs,
    /// List the diagram styles
    Styles,
    /// List the themes, or print one to start from
    Themes(ThemesArgs),
}

#[derive(ClapArgs)]
pub(crate) struct ThemesArgs {
    /// Print the file of this theme
    #[arg(long, value_name = "NAME")]
    pub(crate) show: Option<String>,
}

#[derive(ClapArgs)]
pub(crate) struct DrawArgs {
    /// Model file, or `-` for standard input; several stand side by side where the style can (--style strip). A file
    /// that ends in .toml describes a whole figure, see docs/customising.md; options given beside it win
    #[arg(required = true, value_name = "MODEL")]
    pub(crate) models: Vec<PathBuf>,
    /// Where to write; the extension chooses the format; `-` is standard output; may be given several times. Without it
    /// a plain-text figure goes to standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,
    /// Format, when the extension of the output does not say; see `netloom outputs`
    #[arg(long, value_name = "FORMAT")]
    pub(crate) to: Option<String>,
    /// Diagram style, see `netloom styles`; `auto` takes the one that suits the model best and says why
    #[arg(long, default_value = "auto")]
    pub(crate) style: String,
    /// What boxes stand for, where the style is `auto`
    #[arg(long)]
    pub(crate) nodes: Option<NodesArg>,
    /// Theme, see `netloom themes`, or a theme file of one's own that ends in .toml
    #[arg(long, default_value = "light")]
    pub(crate) theme: String,
    /// How many levels of modules are open: a number, `full`, or `auto` for as many as fit the page at readable type
    #[arg(long, default_value = "auto", value_parser = depth)]
    pub(crate) depth: DepthArg,
    /// How much is said
    #[arg(long, default_value = "paper")]
    pub(crate) detail: DetailArg,
    /// Open this module too, by path, such as `layer1.0`; may be given several times
    #[arg(long, value_name = "PATH")]
    pub(crate) open: Vec<String>,
    /// Which blocks in a row are drawn once with a count
    #[arg(long, default_value = "similar")]
    pub(crate) fold: FoldArg,
    /// Draw these layers as one box, such as `ConvBnRelu = Conv > BatchNorm > Relu`; may be given several times, and
    /// later patterns may use the names of earlier ones
    #[arg(long, value_name = "PATTERN")]
    pub(crate) pattern: Vec<String>,
    /// Set something about the style, such as `scale=sqrt`, or a token of the theme, such as `label.size=10`;
    /// `netloom styles` and `netloom themes --show light` list what can be set
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) set: Vec<(String, String)>,
    /// JSON file of weights to show where the style can (--style neurons): names of tensors with rows of numbers, such as
    /// `{"fc1.weight": [[0.5, -1], [2, 0.1]]}`
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// Where the data flows to: tb (top to bottom), bt, lr or rl; the style's own direction by default
    #[arg(long)]
    pub(crate) direction: Option<DirectionArg>,
    /// Width on the page, such as 3.25in, 8cm or 312px
    #[arg(long, value_parser = |s: &str| s.parse::<Length>().map_err(|e| e.to_string()))]
    pub(crate) width: Option<Length>,
    /// Height of the page, such as 9in; what does not fit is folded, unless --depth says how deep
    #[arg(long, value_parser = |s: &str| s.parse::<Length>().map_err(|e| e.to_string()))]
    pub(crate) height: Option<Length>,
    /// Pixels per px of a PNG
    #[arg(long, default_value_t = 2.0)]
    pub(crate) scale: f64,
    /// Resolution of a PNG in dots per inch; takes the place of --scale
    #[arg(long)]
    pub(crate) dpi: Option<f64>,
    /// How text is written into SVG: as text with an embedded font, or as outlines
    #[arg(long, default_value = "text")]
    pub(crate) text: TextArg,
    /// Name to print under the figure
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Small print under the figure
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// Show numbers at boxes: a CSV or JSON file of names and values, or what is counted from the model: params, macs,
    /// memory (bytes of activations) or size (elements of the output)
    #[arg(long, value_name = "FILE|KIND")]
    pub(crate) overlay: Option<String>,
    /// How boxes show their numbers
    #[arg(long, default_value = "colour", value_name = "LOOK")]
    pub(crate) overlay_as: ShowArg,
    /// How a box takes the numbers of all it stands for together
    #[arg(long, default_value = "sum", value_name = "HOW")]
    pub(crate) overlay_by: CombineArg,
    /// How numbers are spread over colours and lengths
    #[arg(long, default_value = "linear", value_name = "SCALE")]
    pub(crate) overlay_scale: AxisArg,
    /// The numbers at both ends of the scale, such as 0..10
    #[arg(long, value_name = "LEAST..MOST", value_parser = range, allow_hyphen_values = true)]
    pub(crate) overlay_range: Option<(f64, f64)>,
    /// Say something about boxes by kind, path or regular expression: `kind=conv { colour: #77aadd }`; may be given
    /// several times, see docs/customising.md
    #[arg(long, value_name = "RULE")]
    pub(crate) rule: Vec<String>,
    /// Write a file that describes this figure, to be drawn again by `netloom draw FILE`
    #[arg(long, value_name = "FILE")]
    pub(crate) save_figure: Option<PathBuf>,
    /// Leave out the legend
    #[arg(long)]
    pub(crate) no_legend: bool,
    /// Leave out the detail figures that show what closed blocks hold
    #[arg(long)]
    pub(crate) no_details: bool,
    /// Leave out name and totals
    #[arg(long)]
    pub(crate) no_caption: bool,
    /// Show the operators of the file as they are, reshapes, casts and other movement of data included
    #[arg(long)]
    pub(crate) plumbing: bool,
    /// Show the batch dimension in sizes
    #[arg(long)]
    pub(crate) batch: bool,
    /// Plain text in ASCII only
    #[arg(long)]
    pub(crate) ascii: bool,
    /// Draw again whenever a model is saved, until Ctrl-C; mistakes are shown, and the last figure stays
    #[arg(long)]
    pub(crate) watch: bool,
    /// Print all remarks on the model, not only the first few
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(ClapArgs)]
pub(crate) struct ConvertArgs {
    /// Model file, or `-` for standard input
    pub(crate) model: PathBuf,
    /// Where to write: a file that ends in .loom or .json; standard output without it, or for `-`
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Format, when the name of the output does not say: loom, which is also the default, or json
    #[arg(long, value_name = "FORMAT")]
    pub(crate) to: Option<String>,
    /// Write the operators of the file as they are, not the layers they make up
    #[arg(long)]
    pub(crate) plumbing: bool,
    /// Print all remarks on the model, not only the first few
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(ClapArgs)]
pub(crate) struct FmtArgs {
    /// Texts in the notation, laid out in place; `-` takes standard input to standard output
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Change nothing; name the files that are not laid out and leave with 1 if there are any
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(ClapArgs)]
pub(crate) struct SummaryArgs {
    /// Model file, or `-` for standard input
    pub(crate) model: PathBuf,
    /// How many levels of modules are listed; all by default
    #[arg(long)]
    pub(crate) depth: Option<u32>,
    /// Write JSON for scripts
    #[arg(long)]
    pub(crate) json: bool,
    /// Print all remarks on the model, not only the first few
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(ClapArgs)]
pub(crate) struct DiffArgs {
    /// The first model: a file, or `-` for standard input
    #[arg(value_name = "BEFORE")]
    pub(crate) before: PathBuf,
    /// The second model
    #[arg(value_name = "AFTER")]
    pub(crate) after: PathBuf,
    /// Where to write; the extension chooses the format: a figure, txt or json. Without it a report goes to standard
    /// output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write JSON for scripts to standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// Diagram style of the figure, see `netloom styles`
    #[arg(long, default_value = "layered")]
    pub(crate) style: String,
    /// Theme, see `netloom themes`
    #[arg(long, default_value = "light")]
    pub(crate) theme: String,
    /// How many levels of modules are open: a number, `full`, or `auto` for as many as fit the page at readable type
    #[arg(long, default_value = "auto", value_parser = depth)]
    pub(crate) depth: DepthArg,
    /// How much is said
    #[arg(long, default_value = "paper")]
    pub(crate) detail: DetailArg,
    /// Where the data flows to: tb (top to bottom), bt, lr or rl; the style's own direction by default
    #[arg(long)]
    pub(crate) direction: Option<DirectionArg>,
    /// Width on the page, such as 3.25in, 8cm or 312px
    #[arg(long, value_parser = |s: &str| s.parse::<Length>().map_err(|e| e.to_string()))]
    pub(crate) width: Option<Length>,
    /// Height of the page, such as 9in
    #[arg(long, value_parser = |s: &str| s.parse::<Length>().map_err(|e| e.to_string()))]
    pub(crate) height: Option<Length>,
    /// Print all remarks on the models, not only the first few
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// A depth, or `None` to let the figure choose.
#[derive(Clone, Copy)]
pub(crate) struct DepthArg(pub(crate) Option<Depth>);

fn depth(text: &str) -> Result<DepthArg, String> {
    match text {
        "auto" => Ok(DepthArg(None)),
        "full" => Ok(DepthArg(Some(Depth::Full))),
        n => n
            .parse()
            .map(|n| DepthArg(Some(Depth::Levels(n))))
            .map_err(|_| "expected a number, `full` or `auto`".to_owned()),
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected name=value")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn range(text: &str) -> Result<(f64, f64), String> {
    let parsed =
        text.split_once("..").and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
    parsed
        .filter(|(a, b): &(f64, f64)| a.is_finite() && b.is_finite() && a < b)
        .ok_or_else(|| "expected two numbers, the lower first: 0..10".to_owned())
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ShowArg {
    /// By their colour
    #[value(alias = "color")]
    Colour,
    /// By a bar with the number
    Bar,
    /// By the number
    Badge,
}

impl From<ShowArg> for Show {
    fn from(arg: ShowArg) -> Self {
        match arg {
            ShowArg::Colour => Self::Colour,
            ShowArg::Bar => Self::Bar,
            ShowArg::Badge => Self::Badge,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum CombineArg {
    Sum,
    Mean,
    Max,
}

impl From<CombineArg> for Combine {
    fn from(arg: CombineArg) -> Self {
        match arg {
            CombineArg::Sum => Self::Sum,
            CombineArg::Mean => Self::Mean,
            CombineArg::Max => Self::Max,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum AxisArg {
    Linear,
    Log,
}

impl From<AxisArg> for Axis {
    fn from(arg: AxisArg) -> Self {
        match arg {
            AxisArg::Linear => Self::Linear,
            AxisArg::Log => Self::Log,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum FoldArg {
    /// Every block is drawn
    None,
    /// Blocks that are equal in all but their names and weights
    Identical,
    /// Blocks of one make too, with what tells them apart said beside
    Similar,
}

impl From<FoldArg> for Fold {
    fn from(arg: FoldArg) -> Self {
        match arg {
            FoldArg::None => Self::None,
            FoldArg::Identical => Self::Identical,
            FoldArg::Similar => Self::Similar,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum NodesArg {
    /// Operators and layers; arrows are tensors
    Ops,
    /// Tensors; arrows are operators
    Tensors,
}

impl From<NodesArg> for Nodes {
    fn from(arg: NodesArg) -> Self {
        match arg {
            NodesArg::Ops => Self::Operators,
            NodesArg::Tensors => Self::Tensors,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum DetailArg {
    /// Stages and blocks
    Sketch,
    /// What the figure of a paper shows
    Paper,
    /// All that is needed to build the network again
    Implement,
}

impl From<DetailArg> for Detail {
    fn from(arg: DetailArg) -> Self {
        match arg {
            DetailArg::Sketch => Self::Sketch,
            DetailArg::Paper => Self::Paper,
            DetailArg::Implement => Self::Implement,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum DirectionArg {
    Tb,
    Bt,
    Lr,
    Rl,
}

impl From<DirectionArg> for Direction {
    fn from(arg: DirectionArg) -> Self {
        match arg {
            DirectionArg::Tb => Self::Down,
            DirectionArg::Bt => Self::Up,
            DirectionArg::Lr => Self::Right,
            DirectionArg::Rl => Self::Left,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum TextArg {
    Text,
    Outlines,
}
