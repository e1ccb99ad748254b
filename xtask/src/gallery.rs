//! `cargo xtask gallery`: every model at several depths, in every style and theme, as a page to look at with lint results.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use netloom::output::Unit;
use netloom::scene::lint::Defect;
use netloom::{Bytes, Depth, ExportOptions, Figure, FigureOptions, Graph, Length};

use crate::{Command, Outcome, check, workspace};

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "gallery",
    about: "draws every model as a page to look at: gallery [PART OF A NAME]",
    run,
};

/// How deep modules are opened, by name.
const DEPTHS: &[(&str, Depth)] = &[("1", Depth::Levels(1)), ("2", Depth::Levels(2)), ("full", Depth::Full)];

/// The largest thumbnail, px.
const THUMB: (f64, f64) = (420.0, 1600.0);

/// One figure on the page.
struct Picture {
    /// `style-theme`.
    variant: String,
    depth: &'static str,
    /// Its SVG and its thumbnail, from the page; or why there is none.
    files: Result<(String, String), String>,
    /// What the lint says.
    faults: Vec<String>,
    /// Size, boxes, time.
    facts: String,
}

fn run(args: &[String]) -> Outcome {
    if cfg!(debug_assertions) {
        return check::in_release("gallery", args);
    }
    let folder = workspace::root().join("gallery");
    let part = args.first().map_or("", String::as_str);
    let mut pages = Vec::new();
    for model in models()?.iter().filter(|m| name(m).contains(part)) {
        let name = name(model);
        let pictures = match read(model) {
            Ok(graph) => pictures(&folder, &name, &graph)?,
            Err(fault) => vec![Picture {
                variant: String::new(),
                depth: "",
                files: Err(fault),
                faults: Vec::new(),
                facts: String::new(),
            }],
        };
        let faults: usize = pictures.iter().map(|p| p.faults.len() + usize::from(p.files.is_err())).sum();
        println!("{name}: {} figures, {faults} faults", pictures.len());
        pages.push((name, pictures));
    }
    let page = folder.join("index.html");
    write(&page, page_of(&pages).as_bytes())?;
    let faulty =
        pages.iter().flat_map(|(_, p)| p).filter(|p| p.files.is_err() || !p.faults.is_empty()).count();
    println!("wrote {}", page.display());
    if faulty == 0 { Ok(()) } else { Err(format!("{faulty} figures have faults; the page lists them")) }
}

/// The models of the corpus where it is, and the examples.
fn models() -> Result<Vec<PathBuf>, String> {
    let mut models = Vec::new();
    for folder in [workspace::corpus(), workspace::root().join("examples")] {
        if !folder.is_dir() {
            continue;
        }
        let entries = std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        models.extend(entries.filter_map(|e| Some(e.ok()?.path())));
    }
    models.retain(|m| m.extension().is_some_and(|e| e == "onnx" || e == "loom"));
    models.sort_by_key(|m| name(m));
    Ok(models)
}

fn name(model: &Path) -> String {
    model.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn read(model: &Path) -> Result<Graph, String> {
    let bytes = std::fs::read(model).map_err(|e| e.to_string())?;
    netloom::read(&Bytes::new(name(model), bytes)).map_err(|e| e.to_string())
}

fn pictures(folder: &Path, name: &str, graph: &Graph) -> Result<Vec<Picture>, String> {
    let mut pictures = Vec::new();
    for (depth, levels) in DEPTHS {
        for style in netloom::STYLES {
            for theme in netloom::scene::theme::all().iter().map(|t| t.name.as_str()) {
                let options = FigureOptions {
                    style: style.name.to_owned(),
                    theme: theme.to_owned(),
                    depth: Some(*levels),
                    name: name.split('.').next().unwrap_or(name).to_owned(),
                    ..FigureOptions::default()
                };
                let start = Instant::now();
                let drawn = netloom::draw(graph, &options).map_err(|e| e.to_string());
                let took = start.elapsed();
                let mut picture = Picture {
                    variant: format!("{}-{theme}", style.name),
                    depth,
                    files: Err(String::new()),
                    faults: Vec::new(),
                    facts: String::new(),
                };
                picture.files = drawn.and_then(|figure| {
                    let report = netloom::lint(graph, &figure);
                    picture.faults = report.defects.iter().map(told).collect();
                    let size = figure.scene.size;
                    picture.facts = format!(
                        "{:.0} × {:.0} px, {} boxes, {} arrows, {} crossings, {} bends, drawn in {:.1} ms",
                        size.width,
                        size.height,
                        report.nodes,
                        report.edges,
                        report.crossings,
                        report.bends,
                        took.as_secs_f64() * 1000.0
                    );
                    save(folder, name, &format!("{depth}-{}", picture.variant), &figure)
                });
                pictures.push(picture);
            }
        }
    }
    Ok(pictures)
}

/// A defect as the page says it: the rule, then what breaks it.
fn told(defect: &Defect) -> String {
    let keys: Vec<&str> = defect.keys.iter().map(|k| k.as_str()).collect();
    format!("{}: {} {}", defect.rule.message(), keys.join(", "), defect.detail).trim_end().to_owned()
}

/// Writes a figure and its thumbnail and says where, as seen from the page.
fn save(folder: &Path, name: &str, variant: &str, figure: &Figure) -> Result<(String, String), String> {
    let size = figure.scene.size;
    let scale = (THUMB.0 / size.width).min(THUMB.1 / size.height).min(1.0);
    let screen = ExportOptions::screen();
    let width = Length::new(size.width * scale, Unit::Px);
    let small = ExportOptions { width, scale: 1.0, ..ExportOptions::screen() };
    let mut paths = Vec::new();
    for (output, options) in [("svg", &screen), ("png", &small)] {
        let bytes = netloom::export(figure, output, options).map_err(|e| format!("{output}: {e}"))?;
        let path = format!("{name}/{variant}.{output}");
        write(&folder.join(&path), &bytes)?;
        paths.push(path);
    }
    let png = paths.pop().unwrap_or_default();
    Ok((paths.pop().unwrap_or_default(), png))
}

fn write(path: &Path, bytes: &[u8]) -> Outcome {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    std::fs::write(path, bytes).map_err(|e| format!("{}: {e}", path.display()))
}

const STYLE: &str = "
:root { color-scheme: light dark; font: 14px/1.45 system-ui, sans-serif; }
body { margin: 0; display: grid; grid-template-columns: 17rem 1fr; }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1rem; box-sizing: border-box; }
nav a { display: block; text-decoration: none; color: inherit; padding: .1rem .3rem; overflow-wrap: anywhere; }
nav a:hover, nav a:focus { background: color-mix(in srgb, currentColor 12%, transparent); }
main { padding: 1rem 2rem; min-width: 0; }
h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; }
.row { display: flex; gap: 1rem; overflow-x: auto; align-items: flex-start; padding-bottom: .5rem; }
figure { margin: 0; flex: 0 0 auto; max-width: 26rem; }
img { max-width: 26rem; max-height: 34rem; border: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
figcaption { font-size: .85rem; opacity: .8; }
.fault { color: light-dark(firebrick, salmon); }
";

fn page_of(models: &[(String, Vec<Picture>)]) -> String {
    let all = || models.iter().flat_map(|(_, pictures)| pictures);
    let mut by_rule: BTreeMap<&str, usize> = BTreeMap::new();
    for fault in all().flat_map(|p| &p.faults) {
        *by_rule.entry(fault.split(':').next().unwrap_or_default()).or_default() += 1;
    }
    let clean = all().filter(|p| p.files.is_ok() && p.faults.is_empty()).count();
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Netloom gallery</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<style>{STYLE}</style>\n<nav>\n"
    );
    for (name, pictures) in models {
        let faults = pictures.iter().filter(|p| p.files.is_err() || !p.faults.is_empty()).count();
        let class = if faults > 0 { " class=\"fault\"" } else { "" };
        html.push_str(&format!("<a href=\"#{0}\"{class}>{0}</a>\n", escaped(name)));
    }
    html.push_str(&format!(
        "</nav>\n<main>\n<h1>Netloom gallery</h1>\n<p>{} models, {} figures, {clean} without a fault.</p>\n<ul>\n",
        models.len(),
        all().count()
    ));
    for (rule, count) in by_rule {
        html.push_str(&format!("<li class=\"fault\">{}: {count}</li>\n", escaped(rule)));
    }
    html.push_str("</ul>\n");
    for (name, pictures) in models {
        html.push_str(&format!("<h2 id=\"{0}\">{0}</h2>\n", escaped(name)));
        for row in pictures.chunk_by(|a, b| a.depth == b.depth) {
            html.push_str("<div class=\"row\">\n");
            for picture in row {
                html.push_str(&figure_of(picture));
            }
            html.push_str("</div>\n");
        }
    }
    html.push_str("</main>\n</html>\n");
    html
}

/// At most this many faults of one figure are listed.
const MOST_LISTED: usize = 8;

fn figure_of(picture: &Picture) -> String {
    let Picture { variant, depth, files, faults, facts } = picture;
    let mut html = String::from("<figure>\n");
    match files {
        Ok((svg, png)) => html.push_str(&format!(
            "<a href=\"{0}\"><img src=\"{1}\" alt=\"depth {depth}, {variant}\" loading=\"lazy\"></a>\n",
            escaped(svg),
            escaped(png)
        )),
        Err(fault) => html.push_str(&format!("<p class=\"fault\">{}</p>\n", escaped(fault))),
    }
    html.push_str(&format!("<figcaption>depth {depth}, {variant}: {}", escaped(facts)));
    for fault in faults.iter().take(MOST_LISTED) {
        html.push_str(&format!("<br><span class=\"fault\">{}</span>", escaped(fault)));
    }
    if faults.len() > MOST_LISTED {
        html.push_str(&format!("<br><span class=\"fault\">and {} more</span>", faults.len() - MOST_LISTED));
    }
    html.push_str("</figcaption>\n</figure>\n");
    html
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_lists_pictures_and_faults() {
        let picture = |faults: &[&str], files: Result<(&str, &str), &str>| Picture {
            variant: "layered-light".to_owned(),
            depth: "1",
            files: files.map(|(a, b)| (a.to_owned(), b.to_owned())).map_err(str::to_owned),
            faults: faults.iter().map(|f| (*f).to_owned()).collect(),
            facts: String::new(),
        };
        let page = page_of(&[
            ("a.onnx".to_owned(), vec![picture(&[], Ok(("a/1.svg", "a/1.png")))]),
            ("b.onnx".to_owned(), vec![picture(&["overlap: <x> & y"], Ok(("b/1.svg", "b/1.png")))]),
            ("c.onnx".to_owned(), vec![picture(&[], Err("damaged"))]),
        ]);
        assert!(page.contains("3 models, 3 figures, 1 without a fault"));
        assert!(page.contains("<li class=\"fault\">overlap: 1</li>"));
        assert!(page.contains("overlap: &lt;x&gt; &amp; y"));
        assert!(
            page.contains("<a href=\"#a.onnx\">") && page.contains("<a href=\"#c.onnx\" class=\"fault\">")
        );
        assert!(!page.contains("://"), "the page asks nothing of the network");
    }
}
