//! Figure files: every option of `netloom draw` in a file, so that a figure can be drawn again.
//!
//! A file is turned into the arguments it stands for, which are read as if they were typed: what can be said on the
//! command line can be said in a file, in the same words.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, CommandFactory as _, FromArgMatches as _, Parser as _};

use crate::args::{Args, Command, DrawArgs};
use crate::draw;
use crate::drawing::{self, Drawing};
use crate::failure::Failure;
use crate::files::{self, Folder};

mod load;
mod save;

pub(crate) use load::check;

/// Options of the command that say nothing about a figure.
const APART: &[&str] = &["help", "save_figure", "verbose", "watch"];

/// What stands for the models, which have no name on the command line.
const MODEL: &str = "model";

/// Draws what the arguments or the figure file they name ask for.
pub(crate) fn run(args: &DrawArgs, given: &ArgMatches) -> Result<(), Failure> {
    let Some(file) = args.models.iter().find(|m| m.extension().is_some_and(|e| e == "toml")) else {
        draw::run(args, Path::new(""))?;
        return save(args, given);
    };
    if args.models.len() > 1 {
        return Err(Failure::usage("expected a figure file alone: the models it draws are named in it"));
    }
    let (args, folder, given) = read(file, options(given), &|id| is_given(given, id))?;
    draw::run(&args, &folder)?;
    given.subcommand_matches("draw").map_or(Ok(()), |given| save(&args, given))
}

/// The figure that a file describes, with `options` said beside in the words of the command, which win.
pub(crate) fn drawing(file: &Path, options: &[OsString], files: &Folder) -> Result<Drawing, Failure> {
    let line = ["netloom", "draw"].map(OsString::from).into_iter().chain(options.iter().cloned());
    let line = line.chain(["--".into(), "model".into()]);
    let said = Args::command().try_get_matches_from(line).map_err(|e| Failure::usage(first_line(&e)))?;
    let said = said.subcommand_matches("draw");
    let (args, folder, _) = read(file, options.to_vec(), &|id| said.is_some_and(|s| is_given(s, id)))?;
    let models = args.models.iter().map(|path| files::open(path).map(Arc::new));
    let models = models.collect::<Result<Vec<_>, _>>()?;
    Drawing::new(models, &args, &files.clone().at(&folder))
}

/// The text of a figure file, to stand at `path`, that draws models with `options` in the words of the command.
pub(crate) fn described(models: &[PathBuf], options: &[OsString], path: &Path) -> Result<String, Failure> {
    let line = ["netloom", "draw"].map(OsString::from).into_iter().chain(options.iter().cloned());
    let line = line.chain(["--".into()]).chain(models.iter().map(|m| m.clone().into_os_string()));
    let wrong = |e: clap::Error| Failure::usage(first_line(&e));
    let matches = Args::command().try_get_matches_from(line).map_err(wrong)?;
    match (Args::from_arg_matches(&matches).map_err(wrong)?.command, matches.subcommand_matches("draw")) {
        (Command::Draw(args), Some(given)) => save::text(&args, given, path),
        _ => Err(Failure::usage("expected a figure to draw")),
    }
}

/// The arguments that a figure file stands for with what is typed beside, which comes last, where it wins; and the folder
/// of the file.
fn read(
    file: &Path,
    typed: Vec<OsString>,
    is_given: &dyn Fn(&str) -> bool,
) -> Result<(Box<DrawArgs>, PathBuf, ArgMatches), Failure> {
    let folder = file.parent().map(Path::to_owned).unwrap_or_default();
    let text = files::text(file)?;
    let mut line: Vec<OsString> = vec!["netloom".into(), "draw".into()];
    let loaded = load::arguments(&text, &file.display().to_string(), &folder, is_given)?;
    line.extend(loaded.options);
    line.extend(typed);
    line.push("--".into());
    line.extend(loaded.models.into_iter().map(PathBuf::into_os_string));
    let wrong = |e: clap::Error| Failure::usage(first_line(&e));
    let matches = Args::command().try_get_matches_from(&line).map_err(wrong)?;
    match Args::try_parse_from(&line).map_err(wrong)?.command {
        Command::Draw(args) => Ok((args, folder, matches)),
        _ => Err(Failure::usage("expected a figure to draw")),
    }
}

fn save(args: &DrawArgs, given: &ArgMatches) -> Result<(), Failure> {
    let Some(path) = &args.save_figure else { return Ok(()) };
    files::write(path, save::text(args, given, path)?.as_bytes())
}

/// The options of `netloom draw` that belong into a file, with their names there.
fn keys() -> Vec<(String, Arg)> {
    let command = Args::command();
    let draw = command.find_subcommand("draw").into_iter().flat_map(clap::Command::get_arguments);
    let named = draw.filter(|a| !APART.contains(&a.get_id().as_str()));
    named.map(|a| (a.get_long().map_or(MODEL.to_owned(), str::to_owned), a.clone())).collect()
}

/// Whether an option takes no value.
pub(crate) fn is_flag(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::SetFalse)
}

/// Whether an option may be given several times.
fn is_list(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

fn is_given(matches: &ArgMatches, id: &str) -> bool {
    matches.value_source(id) == Some(ValueSource::CommandLine)
}

/// Options as they were typed.
fn options(given: &ArgMatches) -> Vec<OsString> {
    let mut line = Vec::new();
    let command = Args::command();
    let draw = command.find_subcommand("draw").into_iter().flat_map(clap::Command::get_arguments);
    for arg in draw.filter(|a| a.get_long().is_some()) {
        let id = arg.get_id().as_str();
        let Some(long) = arg.get_long().filter(|_| id != "help" && is_given(given, id)) else { continue };
        if is_flag(arg) {
            line.push(format!("--{long}").into());
        } else {
            for value in given.get_raw(id).into_iter().flatten() {
                line.push(option(long, value));
            }
        }
    }
    line
}

/// `--name=value`, which may begin with anything.
pub(crate) fn option(long: &str, value: &std::ffi::OsStr) -> OsString {
    let mut text = OsString::from(format!("--{long}="));
    text.push(value);
    text
}

/// What clap has to say, without the advice on how to call it.
pub(crate) fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// Whether the value of an option names a file, which is looked for beside the figure file.
fn is_file(arg: &Arg, value: &str) -> bool {
    match arg.get_id().as_str() {
        "theme" => drawing::is_theme_file(value),
        "overlay" => netloom::overlay::measure(value).is_none(),
        _ => arg.get_value_hint() == clap::ValueHint::AnyPath && value != "-",
    }
}
