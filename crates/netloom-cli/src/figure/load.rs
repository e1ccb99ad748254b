//! From a figure file to the arguments it stands for.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::{Arg, CommandFactory as _};
use netloom::diagram::rules::{EFFECTS, Rule};
use netloom::scene::theme::closest;
use toml::de::{DeTable, DeValue};

use super::{MODEL, first_line, is_file, is_flag, is_list, keys, option};
use crate::args::Args;
use crate::failure::Failure;

/// How deep tables of settings may stand in one another: `set.swatch.conv.fill`.
const MAX_DEPTH: usize = 6;

/// What a figure file stands for.
pub(super) struct Loaded {
    pub(super) models: Vec<PathBuf>,
    pub(super) options: Vec<OsString>,
}

/// A place in a file.
struct Place<'a> {
    text: &'a str,
    name: &'a str,
}

impl Place<'_> {
    fn wrong(&self, byte: usize, message: &str) -> Failure {
        let before = self.text.get(..byte.min(self.text.len())).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Failure::usage(format!("{}, line {line}, column {column}: {message}", self.name))
    }
}

/// The arguments that a figure file stands for, without those that what was typed beside takes the place of. Files are
/// named from `folder` on.
pub(super) fn arguments(
    text: &str,
    name: &str,
    folder: &Path,
    is_given: &dyn Fn(&str) -> bool,
) -> Result<Loaded, Failure> {
    let place = Place { text, name };
    let document = DeTable::parse(text).map_err(|e| {
        let message = e.message().lines().next().unwrap_or("not a figure file").to_owned();
        place.wrong(e.span().map_or(0, |s| s.start), &message)
    })?;
    let keys = keys();
    let mut loaded = Loaded { models: Vec::new(), options: Vec::new() };
    for (key, value) in document.get_ref() {
        let at = key.span().start;
        let plain = key.get_ref().replace('_', "-");
        let plain = if plain == "models" { MODEL.to_owned() } else { plain };
        let Some((long, arg)) = keys.iter().find(|k| k.0 == plain) else {
            let names = keys.iter().map(|k| k.0.as_str());
            let failure = place.wrong(at, &format!("unknown key `{}`", key.get_ref()));
            return Err(match closest(&plain, names.clone()) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure.hint(format!("known are: {}", names.collect::<Vec<_>>().join(", "))),
            });
        };
        let values = values(&place, long, arg, value.get_ref(), value.span().start)?;
        if long == MODEL {
            loaded.models.extend(values.iter().map(|(v, _)| placed(folder, v)));
            continue;
        }
        for (value, at) in values {
            check("draw", long, arg, &value)
                .map_err(|message| place.wrong(at, &format!("`{long}`: {message}")))?;
            // Settings, rules and the like add up; anything else that is typed takes the place of what the file says.
            if is_given(arg.get_id().as_str()) && (!is_list(arg) || long == "output") {
                continue;
            }
            if is_flag(arg) {
                loaded.options.push(format!("--{long}").into());
                continue;
            }
            let value =
                if is_file(arg, &value) { placed(folder, &value).into() } else { OsString::from(value) };
            loaded.options.push(option(long, &value));
        }
    }
    if loaded.models.is_empty() {
        return Err(place.wrong(0, "expected `model = \"FILE\"`"));
    }
    Ok(loaded)
}

/// A file named in a figure file; `-` stays.
fn placed(folder: &Path, file: &str) -> PathBuf {
    if file == "-" { PathBuf::from(file) } else { folder.join(file) }
}

/// The values of a key as they would be typed, each with where it stands; none for a flag that is not set.
fn values(
    place: &Place<'_>,
    long: &str,
    arg: &Arg,
    value: &DeValue<'_>,
    at: usize,
) -> Result<Vec<(String, usize)>, Failure> {
    match value {
        DeValue::Boolean(on) if is_flag(arg) => {
            Ok(if *on { vec![("true".to_owned(), at)] } else { Vec::new() })
        }
        _ if is_flag(arg) => Err(place.wrong(at, &format!("`{long}`: expected true or false"))),
        DeValue::Table(table) if long == "set" => {
            let mut pairs = Vec::new();
            settings(place, table, "", 0, &mut pairs)?;
            Ok(pairs)
        }
        DeValue::Table(table) if long == "rule" => Ok(vec![(rule(place, table, at)?, at)]),
        DeValue::Array(items) if is_list(arg) => {
            let mut all = Vec::new();
            for item in items.iter() {
                all.extend(values(place, long, arg, item.get_ref(), item.span().start)?);
            }
            Ok(all)
        }
        value => match word(value) {
            Some(word) => Ok(vec![(word, at)]),
            None => {
                let expected = if is_list(arg) { "text, or a list of texts" } else { "text or a number" };
                Err(place.wrong(at, &format!("`{long}`: expected {expected}")))
            }
        },
    }
}

/// A plain value as it would be typed.
fn word(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok().map(|n| n.to_string()),
        DeValue::Float(n) => Some(n.as_str().to_owned()),
        DeValue::Boolean(on) => Some(if *on { "yes" } else { "no" }.to_owned()),
        _ => None,
    }
}

/// `name=value` for each leaf of a table, names joined by dots.
fn settings(
    place: &Place<'_>,
    table: &DeTable<'_>,
    prefix: &str,
    depth: usize,
    into: &mut Vec<(String, usize)>,
) -> Result<(), Failure> {
    for (key, value) in table {
        let name =
            if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        let at = key.span().start;
        match value.get_ref() {
            DeValue::Table(inner) if depth < MAX_DEPTH => settings(place, inner, &name, depth + 1, into)?,
            DeValue::Array(items) => {
                let words: Option<Vec<String>> = items.iter().map(|i| word(i.get_ref())).collect();
                let words =
                    words.ok_or_else(|| place.wrong(at, &format!("`{name}`: expected plain values")))?;
                into.push((format!("{name}={}", words.join(", ")), at));
            }
            value => {
                let word =
                    word(value).ok_or_else(|| place.wrong(at, &format!("`{name}`: expected a value")))?;
                into.push((format!("{name}={word}"), at));
            }
        }
    }
    Ok(())
}

/// The text of a rule that is given as a table.
fn rule(place: &Place<'_>, table: &DeTable<'_>, at: usize) -> Result<String, Failure> {
    let (mut select, mut body) = (None, Vec::new());
    for (key, value) in table {
        let (name, at) = (key.get_ref().as_ref(), key.span().start);
        let takes = EFFECTS.iter().find(|e| e.0 == name || (name, e.0) == ("color", "colour")).map(|e| e.1);
        match (name, takes, value.get_ref()) {
            ("select", _, DeValue::String(text)) => select = Some(text.to_string()),
            (_, Some(false), DeValue::Boolean(on)) => body.extend(on.then(|| name.to_owned())),
            (_, Some(false), _) => return Err(place.wrong(at, &format!("`{name}`: expected true or false"))),
            (_, Some(true), value) => {
                let word =
                    word(value).ok_or_else(|| place.wrong(at, &format!("`{name}`: expected a value")))?;
                body.push(format!("{name}: \"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")));
            }
            _ => {
                let names = EFFECTS.iter().map(|e| e.0).chain(["select"]);
                let failure = place.wrong(at, &format!("unknown key `{name}` of a rule"));
                return Err(match closest(name, names.clone()) {
                    Some(near) => failure.hint(format!("did you mean `{near}`?")),
                    None => failure.hint(format!("known are: {}", names.collect::<Vec<_>>().join(", "))),
                });
            }
        }
    }
    let select = select.ok_or_else(|| place.wrong(at, "expected `select = \"…\"` in a rule"))?;
    Ok(format!("{select} {{ {} }}", body.join("; ")))
}

/// Whether an option of a command takes a value, as the command says it.
pub(crate) fn check(verb: &str, long: &str, arg: &Arg, value: &str) -> Result<(), String> {
    if long == "rule" {
        let hinted = |e: netloom::diagram::rules::RuleError| match &e.hint {
            Some(hint) => format!("{e}; {hint}"),
            None => e.to_string(),
        };
        return Rule::parse(value).map(|_| ()).map_err(hinted);
    }
    let typed = if is_flag(arg) { format!("--{long}").into() } else { option(long, OsStr::new(value)) };
    let models = Args::command().find_subcommand(verb).map_or(0, |c| c.get_positionals().count());
    let line = ["netloom".into(), verb.into(), typed].into_iter().chain(vec!["model".into(); models]);
    let found = Args::command().try_get_matches_from(line);
    found.map(|_| ()).map_err(|e| {
        let said = first_line(&e);
        said.split_once(": ").map_or(said.clone(), |(_, rest)| format!("{rest}, found `{value}`"))
    })
}
