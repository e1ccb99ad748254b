//! A figure that is opened and closed by its reader: one model, drawn again for every state.
//!
//! A [`Live`] is made once from a graph; [`Live::frame`] draws a state as JSON that a page shows and animates by keys, in
//! two themes at once. Lifting is done when the page is made: [`Live::json`] is the graph as it is drawn, which
//! [`Live::read`] takes in the page.

use netloom_diagram::styles::{DrawOptions, LAYERED};
#[cfg(feature = "html")]
use netloom_diagram::view::NodeKind;
use netloom_diagram::view::{View, view};
use netloom_diagram::{Depth, Fold, ViewOptions};
#[cfg(feature = "html")]
use netloom_graph::NodeId;
#[cfg(feature = "html")]
use netloom_graph::lift::Lifted;
use netloom_graph::{Graph, ModuleId};
use netloom_import::{Bytes, Format as _};
use netloom_scene::Scene;

use crate::figure::named_theme;
#[cfg(feature = "html")]
use crate::figure::{Figure, FigureOptions, prepared};
use crate::{Error, ErrorKind};

mod about;
mod frame;
#[cfg(feature = "html")]
mod index;
mod state;

#[cfg(feature = "html")]
pub(crate) use frame::hex;
pub use state::State;

/// What changes when a page and its engine no longer understand each other.
pub const VERSION: u32 = 1;

/// The deepest level that is tried.
#[cfg(feature = "html")]
const MAX_DEPTH: u32 = 16;
/// The most boxes of the first state of a page where nobody asked for a depth.
#[cfg(feature = "html")]
const MAX_FIRST: usize = 40;

/// A model, ready to be drawn in any state.
pub struct Live {
    graph: Graph,
    /// Colours met so far, as they are in the light and the dark theme; pages refer to them by place.
    palette: frame::Palette,
}

impl Live {
    /// A model from the JSON that [`Live::json`] wrote.
    ///
    /// # Errors
    /// When the bytes are no such JSON.
    pub fn read(json: Vec<u8>) -> Result<Self, Error> {
        // This format alone: a page has no use for the other readers.
        let graph = netloom_import::formats::json::Json.read(&Bytes::new("graph.json", json))?;
        Ok(Self { graph, palette: frame::Palette::default() })
    }

    /// The graph that is drawn, as JSON.
    pub fn json(&self) -> String {
        netloom_import::writers::json::write(&self.graph)
    }

    /// Draws a state: JSON with what stands where, by key, in both themes.
    ///
    /// # Errors
    /// When the state names a theme that does not exist.
    pub fn frame(&mut self, state: &State) -> Result<String, Error> {
        let view = view(&self.graph, &self.spec(state));
        let scenes = [self.draw(state, &view, 0)?, self.draw(state, &view, 1)?];
        let mut units = frame::units([&scenes[0], &scenes[1]], &mut self.palette);
        about::tell(&self.graph, &view, &mut units);
        json(&frame::Frame::new(&scenes[0], units, &self.palette))
    }

    /// What a state shows.
    fn spec(&self, state: &State) -> ViewOptions {
        let paths = state.open.iter().filter(|m| **m < self.graph.modules().len());
        let mut open: Vec<String> =
            paths.map(|m| self.graph.module(ModuleId::new(*m)).path.clone()).collect();
        // The whole is never one box: there would be nothing to look at.
        open.push(String::new());
        ViewOptions {
            depth: Depth::Levels(state.depth.unwrap_or(0)),
            open,
            detail: state.detail(),
            fold: if state.unfold { Fold::None } else { Fold::Similar },
            plumbing: state.plumbing,
            batch: state.batch,
            ..ViewOptions::default()
        }
    }

    fn draw(&self, state: &State, view: &View, at: usize) -> Result<Scene, Error> {
        let options = DrawOptions {
            direction: state.direction().unwrap_or(LAYERED.direction),
            legend: state.whole,
            caption: state.whole,
            name: state.name.clone(),
            batch: state.batch,
            ..DrawOptions::new(named_theme(state.themes.get(at).map_or("light", String::as_str))?)
        };
        Ok((LAYERED.draw)(&self.graph, view, &options))
    }
}

/// What only the making of a page needs.
#[cfg(feature = "html")]
impl Live {
    /// A model from a graph as it was read, with what each of its operators stands for there.
    pub(crate) fn new(source: &Graph, options: &FigureOptions) -> (Self, Vec<Vec<NodeId>>) {
        match prepared(source, options) {
            Some(Lifted { graph, stands_for, .. }) => {
                (Self { graph, palette: frame::Palette::default() }, stands_for)
            }
            None => Self::as_read(source),
        }
    }

    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    /// A graph as it was read, to show figures that are drawn elsewhere.
    pub(crate) fn as_read(source: &Graph) -> (Self, Vec<Vec<NodeId>>) {
        let itself = source.nodes().map(|(id, _)| vec![id]).collect();
        (Self { graph: source.clone(), palette: frame::Palette::default() }, itself)
    }

    /// A state as the markup a page begins with.
    pub(crate) fn sheet(&mut self, state: &State) -> Result<Sheet, Error> {
        let view = view(&self.graph, &self.spec(state));
        let scenes = [self.draw(state, &view, 0)?, self.draw(state, &view, 1)?];
        self.written([&scenes[0], &scenes[1]], &view)
    }

    /// A figure that was drawn in two themes as the markup of a page.
    pub(crate) fn still(&mut self, light: &Figure, dark: &Figure) -> Result<Sheet, Error> {
        self.written([&light.scene, &dark.scene], &light.view)
    }

    fn written(&mut self, scenes: [&Scene; 2], view: &View) -> Result<Sheet, Error> {
        let mut units = frame::units(scenes, &mut self.palette);
        about::tell(&self.graph, view, &mut units);
        let svg = frame::svg(scenes[0], &mut units);
        let json = json(&frame::Frame::new(scenes[0], units, &self.palette))?;
        Ok(Sheet { svg, json, palette: self.palette.pairs().to_vec() })
    }

    /// What can be searched and what is known of the whole: JSON.
    pub(crate) fn index(&self, source: &Graph, stands_for: &[Vec<NodeId>]) -> Result<String, Error> {
        json(&index::Index::new(&self.graph, stands_for, source, self.depths()))
    }

    /// The state that a page opens with: as deep as was asked for, else as deep as can be taken in at once.
    pub(crate) fn first(&self, options: &FigureOptions) -> State {
        let mut state = State::from_options(options);
        let module = |path: &String| self.graph.modules().find(|(_, m)| m.path == *path);
        state.open = options.open.iter().filter_map(module).map(|(id, _)| id.index()).collect();
        state.depth = Some(match options.depth {
            Some(Depth::Full) => self.depths(),
            Some(Depth::Levels(n)) => n.min(MAX_DEPTH),
            None => self.inviting(&state),
        });
        state
    }

    /// The deepest level with few enough boxes.
    fn inviting(&self, state: &State) -> u32 {
        let boxes = |depth| {
            let view = view(&self.graph, &self.spec(&State { depth: Some(depth), ..state.clone() }));
            view.nodes.iter().filter(|n| n.kind != NodeKind::Container).count()
        };
        (2..=self.depths()).take_while(|d| boxes(*d) <= MAX_FIRST).last().unwrap_or(1)
    }

    /// At which depth everything is open.
    fn depths(&self) -> u32 {
        let closed = |depth| {
            let view = view(&self.graph, &self.spec(&State { depth: Some(depth), ..State::default() }));
            view.nodes.iter().any(|n| n.kind == NodeKind::Module)
        };
        (1..MAX_DEPTH).find(|d| !closed(*d)).unwrap_or(MAX_DEPTH)
    }
}

/// What a page begins with.
#[cfg(feature = "html")]
pub(crate) struct Sheet {
    /// The figure as markup.
    pub svg: String,
    /// What is known of it, without the markup.
    pub json: String,
    /// Colours by place: light, dark.
    pub palette: Vec<[String; 2]>,
}

pub(crate) fn json(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|e| Error::new(ErrorKind::Output, e.to_string()))
}

#[cfg(feature = "html")]
#[cfg(test)]
mod tests {
    use super::*;

    const NET: &str = include_str!("../../../../examples/resnet34.loom");

    fn live() -> Live {
        let graph = crate::read(&Bytes::new("model.loom", NET.as_bytes().to_vec())).unwrap();
        Live::new(&graph, &FigureOptions::default()).0
    }

    fn keys(frame: &str, role: &str) -> Vec<String> {
        let frame: serde_json::Value = serde_json::from_str(frame).unwrap();
        let units = frame["units"].as_array().unwrap().iter().filter(|u| u["role"] == role);
        units.map(|u| u["key"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_graph_of_a_page_draws_as_the_model_does() {
        let mut made = live();
        let mut read = Live::read(made.json().into_bytes()).unwrap();
        for depth in 1..4 {
            let state = State { depth: Some(depth), unfold: depth == 2, ..State::default() };
            assert_eq!(made.frame(&state).unwrap(), read.frame(&state).unwrap(), "depth {depth}");
        }
    }

    #[test]
    fn modules_open_one_by_one_and_keys_stay() {
        let mut live = live();
        let each = State { unfold: true, ..State::default() };
        let closed = live.frame(&each).unwrap();
        let facts: serde_json::Value = serde_json::from_str(&closed).unwrap();
        let modules = facts["units"].as_array().unwrap().iter().find_map(|u| {
            let module = u["facts"]["kind"] == "module";
            module.then(|| u["facts"]["modules"].as_array().unwrap().iter().map(|m| m.as_u64().unwrap()))
        });
        let open: Vec<usize> = modules.unwrap().map(|m| usize::try_from(m).unwrap()).collect();
        let opened = live.frame(&State { open, ..each }).unwrap();
        let (before, after) = (keys(&closed, "node"), keys(&opened, "node"));
        assert!(after.iter().any(|k| !before.contains(k)), "what was inside is shown: {after:?}");
        assert!(before.iter().filter(|k| after.contains(k)).count() + 1 >= before.len(), "the rest stays");
    }

    #[test]
    fn a_state_is_read_with_what_it_leaves_out() {
        assert_eq!(State::read(b"{}").unwrap(), State::default());
        assert_eq!(State::read(br#"{"depth":3}"#).unwrap().depth, Some(3));
        assert!(State::read(b"[").is_err());
        assert!(live().frame(&State { themes: ["no".into(), "dark".into()], ..State::default() }).is_err());
    }
}
