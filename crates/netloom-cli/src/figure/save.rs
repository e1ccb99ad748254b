//! From the arguments of a figure to the file that stands for them.

use std::path::{Component, Path, PathBuf};

use clap::ArgMatches;
use netloom::diagram::rules::Rule;

use super::{MODEL, is_file, is_flag, is_given, is_list, keys};
use crate::args::DrawArgs;
use crate::failure::Failure;

/// The text of a figure file that draws the same from wherever it is called, once it stands at a path.
pub(super) fn text(args: &DrawArgs, given: &ArgMatches, path: &Path) -> Result<String, Failure> {
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let near = |file: &str| relative(Path::new(file), &folder);
    let models = args.models.iter().map(|m| m.to_string_lossy());
    let models: Vec<String> = models.map(|m| if m == "-" { m.into_owned() } else { near(&m) }).collect();
    let mut text = format!("# Drawn by: netloom draw {}\n", file_name(path));
    text += &line(MODEL, &models, args.models.len() > 1);
    let mut settings = String::new();
    for (long, arg) in keys() {
        let id = arg.get_id().as_str();
        if long == MODEL || !is_given(given, id) {
            continue;
        }
        if is_flag(&arg) {
            text += &format!("{long} = true\n");
            continue;
        }
        let typed = given.get_raw(id).into_iter().flatten().map(|v| v.to_string_lossy().into_owned());
        if long == "set" {
            for (name, value) in typed.filter_map(|v| {
                Some(v.split_once('=')?).map(|(n, v)| (n.trim().to_owned(), v.trim().to_owned()))
            }) {
                settings += &format!("{} = {}\n", quoted(&name), plain(&value));
            }
            continue;
        }
        let values: Vec<String> = typed
            .map(|v| match long.as_str() {
                "rule" => placed_rule(&v, &near),
                _ if is_file(&arg, &v) => near(&v),
                _ => v,
            })
            .collect();
        text += &line(&long, &values, is_list(&arg) && (long != "output" || values.len() > 1));
    }
    if !settings.is_empty() {
        text += &format!("\n[set]\n{settings}");
    }
    Ok(text)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// `key = value`, or a list of values.
fn line(key: &str, values: &[String], is_list: bool) -> String {
    match values {
        [value] if !is_list => format!("{key} = {}\n", plain(value)),
        values => {
            let all: Vec<String> = values.iter().map(|v| quoted(v)).collect();
            format!("{key} = [{}]\n", all.join(", "))
        }
    }
}

/// A rule whose picture is named from the folder of the figure file on.
fn placed_rule(text: &str, near: &dyn Fn(&str) -> String) -> String {
    match Rule::parse(text).ok().and_then(|r| r.effects.image) {
        Some(image) => text.replacen(&image, &near(&image), 1),
        None => text.to_owned(),
    }
}

/// A number as it is, any other text in quotes.
fn plain(value: &str) -> String {
    let is_number = value.parse::<i64>().is_ok_and(|n| n.to_string() == value);
    if is_number { value.to_owned() } else { quoted(value) }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out += "\\n",
            '\t' => out += "\\t",
            c if c.is_control() => out += &format!("\\u{:04X}", u32::from(c)),
            c => out.push(c),
        }
    }
    out + "\""
}

/// A file as it is named from a folder on, with slashes; absolute where there is no other way.
fn relative(file: &Path, folder: &Path) -> String {
    let here = |p: &Path| std::path::absolute(if p.as_os_str().is_empty() { Path::new(".") } else { p });
    let (Ok(file_at), Ok(folder_at)) = (here(file), here(folder)) else {
        return file.to_string_lossy().into_owned();
    };
    let clean = |p: &Path| {
        let mut parts: Vec<Component<'_>> = Vec::new();
        for part in p.components() {
            match part {
                Component::ParentDir if matches!(parts.last(), Some(Component::Normal(_))) => {
                    parts.pop();
                }
                Component::CurDir => {}
                part => parts.push(part),
            }
        }
        parts.iter().map(|c| c.as_os_str().to_owned()).collect::<Vec<_>>()
    };
    let (file_at, folder_at) = (clean(&file_at), clean(&folder_at));
    let shared = file_at.iter().zip(&folder_at).take_while(|(a, b)| a == b).count();
    // Only the root is shared: nothing is near, so the whole path is plainer.
    if shared <= 1 && file.is_absolute() {
        return file.to_string_lossy().into_owned();
    }
    let up = folder_at[shared..].iter().map(|_| "..".into());
    let path: PathBuf = up.chain(file_at[shared..].iter().cloned()).collect();
    path.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("/")
}
