//! Options said by another program: by name with values, in the words and with the defaults of the command.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Arg, CommandFactory as _, Parser as _};
use netloom::Comparison;
use netloom::scene::theme::closest;

use crate::Drawing;
use crate::args::{Args, Command};
use crate::failure::Failure;
use crate::figure::{self, is_flag, option};
use crate::files::{Folder, Model};

/// One option: its long name, with `_` or `-`, and its values as they would be typed. A flag has `true` or `false`;
/// one that leaves something out, such as `no-legend`, may also be called by what it leaves out.
pub type Said = (String, Vec<String>);

/// A figure of models with options of `netloom draw`; files that these name are looked for in `files`.
///
/// # Errors
/// When there is no such option or it does not take the value.
pub fn draw(models: Vec<Arc<Model>>, options: &[Said], files: &Folder) -> Result<Drawing, Failure> {
    match parse("draw", options)?.command {
        Command::Draw(args) => Drawing::new(models, &args, files),
        _ => Err(Failure::usage("expected a figure to draw")),
    }
}

/// The figure that a figure file describes; `options` win over what it says.
///
/// # Errors
/// When the file is none, a model cannot be read, there is no such option or it does not take the value.
pub fn figure_file(path: &Path, options: &[Said], files: &Folder) -> Result<Drawing, Failure> {
    figure::drawing(path, &words("draw", options)?, files)
}

/// The text of a figure file, to stand at `path`, that draws the models at other paths with options.
///
/// # Errors
/// When there is no such option or it does not take the value.
pub fn figure_text(models: &[PathBuf], options: &[Said], path: &Path) -> Result<String, Failure> {
    figure::described(models, &words("draw", options)?, path)
}

/// The figure of a comparison with options of `netloom diff`.
///
/// # Errors
/// When there is no such option or it does not take the value.
pub fn compared(found: Arc<Comparison>, options: &[Said]) -> Result<Drawing, Failure> {
    match parse("diff", options)?.command {
        Command::Diff(args) => Ok(Drawing::of_comparison(found, &args)),
        _ => Err(Failure::usage("expected a comparison to draw")),
    }
}

/// The options of a command, with how each is used: name, what it is, its default, the words it takes, whether it is a
/// flag, whether it may be given several times.
pub fn options(verb: &str) -> Vec<(String, String, String, Vec<String>, bool, bool)> {
    named(verb)
        .iter()
        .map(|(long, arg)| {
            let words = |values: &[clap::builder::OsStr]| {
                values.iter().map(|v| v.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
            };
            let values = arg.get_possible_values().iter().map(|v| v.get_name().to_owned()).collect();
            let about = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let many = matches!(arg.get_action(), clap::ArgAction::Append);
            (long.clone(), about, words(arg.get_default_values()), values, is_flag(arg), many)
        })
        .collect()
}

/// The arguments that options stand for, with something in the place of the models.
fn parse(verb: &str, options: &[Said]) -> Result<Args, Failure> {
    let mut line: Vec<OsString> = vec!["netloom".into(), verb.into()];
    line.extend(words(verb, options)?);
    line.push("--".into());
    let command = Args::command();
    let models = command.find_subcommand(verb).map_or(0, |c| c.get_positionals().count());
    line.extend(vec![OsString::from("model"); models]);
    Args::try_parse_from(line).map_err(|e| Failure::usage(figure::first_line(&e)))
}

/// Options as they would be typed.
fn words(verb: &str, options: &[Said]) -> Result<Vec<OsString>, Failure> {
    let known = named(verb);
    let mut line = Vec::new();
    for (name, values) in options {
        let plain = name.replace('_', "-");
        let negated = format!("no-{plain}");
        let found = known.iter().find(|(long, _)| *long == plain || *long == negated);
        let Some((long, arg)) = found else {
            let names = known.iter().map(|k| k.0.as_str());
            let failure = Failure::usage(format!("unknown option `{name}`"));
            return Err(match closest(&plain, names) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure,
            });
        };
        if is_flag(arg) {
            let [value] = values.as_slice() else { return Err(expected(name, "true or false")) };
            match (value.as_str(), *long == negated) {
                ("true", false) | ("false", true) => line.push(format!("--{long}").into()),
                ("true", true) | ("false", false) => {}
                _ => return Err(expected(name, "true or false")),
            }
            continue;
        }
        for value in values {
            figure::check(verb, long, arg, value)
                .map_err(|message| Failure::usage(format!("`{name}`: {message}")))?;
            line.push(option(long, OsStr::new(value)));
        }
    }
    Ok(line)
}

fn expected(name: &str, what: &str) -> Failure {
    Failure::usage(format!("`{name}`: expected {what}"))
}

/// The options of a command by their long names.
fn named(verb: &str) -> Vec<(String, Arg)> {
    let command = Args::command();
    let arguments = command.find_subcommand(verb).into_iter().flat_map(clap::Command::get_arguments);
    arguments.filter_map(|a| Some((a.get_long()?.to_owned(), a.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(verb: &str, options: &[(&str, &[&str])], expected: Result<(), &str>) {
        let said: Vec<Said> = options
            .iter()
            .map(|(name, values)| ((*name).to_owned(), values.iter().map(|v| (*v).to_owned()).collect()))
            .collect();
        let found = parse(verb, &said).map(|_| ()).map_err(|f| f.message().to_owned());
        assert_eq!(found, expected.map_err(str::to_owned), "{options:?}");
    }

    #[test]
    fn options_are_said_by_name() {
        check("draw", &[], Ok(()));
        check("draw", &[("depth", &["2"]), ("open", &["a", "b"]), ("overlay_as", &["bar"])], Ok(()));
        check("draw", &[("legend", &["false"]), ("details", &["true"]), ("ascii", &["true"])], Ok(()));
        check("diff", &[("width", &["3in"])], Ok(()));
        check("draw", &[("dept", &["2"])], Err("unknown option `dept`"));
        check("draw", &[("legend", &["no"])], Err("`legend`: expected true or false"));
        check(
            "draw",
            &[("depth", &["deep"])],
            Err("`depth`: expected a number, `full` or `auto`, found `deep`"),
        );
        check(
            "draw",
            &[("depth", &["1", "2"])],
            Err("the argument '--depth <DEPTH>' cannot be used multiple times"),
        );
    }

    #[test]
    fn what_is_left_out_can_be_asked_for() {
        let legend = |value: &str| match parse("draw", &[("legend".into(), vec![value.into()])]) {
            Ok(Args { command: Command::Draw(args) }) => args.no_legend,
            _ => panic!("it is an option of draw"),
        };
        assert!(legend("false"));
        assert!(!legend("true"));
    }
}
