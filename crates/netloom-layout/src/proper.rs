//! From ranked items to rows of cells: a net that passes rows gets one cell in each, or one lane at the side.
//!
//! Rows and the channels between them alternate: row `r` is level `2r + 1`, the channel above it level `2r`. A net takes
//! one cell per row however many targets it has. Nets over the budget get a single lane object instead, so that the
//! cost never grows with the sum of all spans.

use crate::clean::NONE;
use crate::problem::{Problem, Role};
use crate::runs::{ends, runs};
use crate::sides::separate;
use crate::{EdgeKind, Side};

/// Cells for passing nets per item of the problem; nets beyond that, longest first, run in outer lanes.
const CELLS_PER_ITEM: usize = 6;
/// Cells for passing nets that are always granted.
const CELLS_AT_LEAST: usize = 512;
/// Space between a line and its label, px.
pub(crate) const LABEL_GAP: f64 = 4.0;

/// Something a net touches in a channel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Spot {
    /// A place on an item's border.
    Attach(u32),
    /// A cell in which the net passes a row.
    Cell(u32),
    /// An outer lane.
    Lane(u32),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Contact {
    pub channel: u32,
    pub net: u32,
    /// Whether it lies at the lower edge of the channel.
    pub below: bool,
    pub spot: Spot,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Attach {
    pub cell: u32,
    pub side: Side,
    pub net: u32,
    pub fixed: Option<f64>,
    pub weight: u32,
    /// Distance from the middle of the side, once known.
    pub offset: f64,
}

/// The contacts of one net in one channel: `contacts[from..to]`, of which those from `middle` lie below.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub net: u32,
    pub from: u32,
    pub middle: u32,
    pub to: u32,
}

/// An adjacency in one row: a cell and a place on the left or right side of an item.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beside {
    pub cell: u32,
    pub attach: u32,
    /// Whether the side is given by a port.
    pub fixed: bool,
}

/// A net in an outer lane between two channels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane {
    pub from: u32,
    pub to: u32,
}

/// The way of one link through the levels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    pub source: u32,
    pub target: u32,
    pub from: u32,
    pub to: u32,
    pub lane: u32,
    /// The cell its label stands at.
    pub label: u32,
    /// The cell before its target, for a loop from one side of an item round to the other.
    pub second: u32,
}

/// A piece of a net between a row and the next, for ordering and placing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub upper: u32,
    pub lower: u32,
    pub upper_attach: u32,
    pub lower_attach: u32,
    pub weight: u32,
}

#[derive(Default)]
pub(crate) struct Cells {
    /// Items come first, with equal indices.
    pub items: usize,
    /// For gates: the side of the row where they must stand, left negative.
    pub hint: Vec<i8>,
    /// Items that are gates for by-passes only.
    pub skip_gate: Vec<bool>,
    pub rows: usize,
    pub row: Vec<u32>,
    /// From the middle to the left border, to the end of the room kept at the left, and the same at the right.
    pub left: Vec<f64>,
    pub room: Vec<f64>,
    pub right: Vec<f64>,
    pub height: Vec<f64>,
    pub net: Vec<u32>,
    pub weight: Vec<u32>,
    /// Whether a cell belongs to a by-pass: a net that also leads elsewhere, or is named one.
    pub light: Vec<bool>,
    pub attaches: Vec<Attach>,
    pub contacts: Vec<Contact>,
    pub runs: Vec<Run>,
    /// Runs of channel `c`: `runs[run_first[c]..run_first[c + 1]]`; there is one channel more than rows.
    pub run_first: Vec<u32>,
    pub besides: Vec<Beside>,
    /// Turns within a row: an item and the cell in which its line comes back past it, sorted.
    pub turns: Vec<(u32, u32)>,
    pub lanes: Vec<Lane>,
    pub courses: Vec<Course>,
    pub segments: Vec<Segment>,
    /// The links that come in through a door.
    pub doors: Vec<bool>,
    /// The net of every link after splitting.
    pub net_of: Vec<u32>,
    /// `(net, row, cell)`, sorted.
    pub passing: Vec<(u32, u32, u32)>,
}

impl Cells {
    /// The cell in which a net passes a row.
    pub fn passing(&self, net: u32, row: u32) -> u32 {
        match self.passing.binary_search_by_key(&(net, row), |p| (p.0, p.1)) {
            Ok(i) => self.passing[i].2,
            Err(_) => NONE,
        }
    }

    /// Whether a cell is a gate for by-passes only.
    pub fn skip_gate(&self, cell: u32) -> bool {
        self.skip_gate.get(cell as usize).copied().unwrap_or(false)
    }

    /// Where in `passing` a net passes a row, if it does.
    pub fn passing_index(&self, net: u32, row: u32) -> usize {
        self.passing.partition_point(|p| (p.0, p.1) < (net, row))
    }

    /// The run of a net in a channel.
    pub fn run(&self, channel: u32, net: u32) -> usize {
        let (a, b) =
            (self.run_first[channel as usize] as usize, self.run_first[channel as usize + 1] as usize);
        a + self.runs[a..b].partition_point(|r| r.net < net)
    }

    fn cell(&mut self, row: u32, left: f64, right: f64, height: f64, net: u32, weight: u32) -> u32 {
        self.row.push(row);
        self.left.push(left);
        self.room.push(left);
        self.right.push(right);
        self.height.push(height);
        self.net.push(net);
        self.weight.push(weight);
        self.light.push(false);
        self.row.len() as u32 - 1
    }
}

/// Builds rows from the rank of every item and the links that enter their target from the side.
pub(crate) fn proper(problem: &Problem, rows: &[u32], beside: &[bool]) -> Cells {
    let mut cells = Cells { items: problem.items.len(), ..Cells::default() };
    cells.rows = rows.iter().max().map_or(0, |&r| r as usize + 1);
    cells.hint = problem.items.iter().map(|i| i.hint).collect();
    for (item, &row) in problem.items.iter().zip(rows) {
        let note = if item.note.width > 0.0 { item.note.width + LABEL_GAP } else { 0.0 };
        let half = item.size.width / 2.0;
        cells.cell(row, half, half + note + item.right, item.size.height.max(item.note.height), NONE, 0);
        if let Some(room) = cells.room.last_mut() {
            *room += item.left;
        }
    }
    let level = |side: Side, row: u32, beside: bool| match side {
        _ if beside => 2 * row + 1,
        Side::Top => 2 * row,
        Side::Bottom => 2 * row + 2,
        Side::Left | Side::Right => 2 * row + 1,
    };
    let links = &problem.links;
    for (i, link) in links.iter().enumerate() {
        let from = level(link.source.side, rows[link.source.item as usize], false);
        let to = level(link.target.side, rows[link.target.item as usize], beside[i]);
        let course = Course { source: NONE, target: NONE, from, to, lane: NONE, label: NONE, second: NONE };
        cells.courses.push(course);
    }
    let (net_of, nets) = separate(problem, &mut cells, rows, beside);
    let (first, by_net) =
        crate::place::group(nets, net_of.iter().enumerate().map(|(i, &net)| (net, i as u32)));
    let span = |net: usize| &by_net[first[net] as usize..first[net + 1] as usize];
    let extent = |cells: &Cells, links: &[u32]| {
        let courses = || links.iter().map(|&i| &cells.courses[i as usize]);
        let low = courses().map(|c| c.from.min(c.to)).min().unwrap_or(0);
        let high = courses().map(|c| c.from.max(c.to)).max().unwrap_or(0);
        (low, high)
    };
    let mut lengths: Vec<(u32, usize)> = (0..nets)
        .map(|net| {
            let (low, high) = extent(&cells, span(net));
            (high - low, net)
        })
        .collect();
    lengths.sort_unstable();
    let mut budget = CELLS_AT_LEAST + CELLS_PER_ITEM * problem.items.len();
    let mut in_lane = vec![false; nets];
    for (length, net) in lengths {
        let need = length as usize / 2;
        if need <= budget { budget -= need } else { in_lane[net] = true }
    }
    cells.skip_gate = problem.items.iter().map(|i| i.role == Role::Entry).collect();
    for link in links.iter().filter(|l| l.kind != EdgeKind::Skip) {
        cells.skip_gate[link.source.item as usize] = false;
    }
    let mut at = 0;
    while at < links.len() {
        // Links of one net stand together, those split off it included.
        let end = at + links[at..].iter().take_while(|l| l.net == links[at].net).count();
        attach(&mut cells, problem, (at, end), beside);
        at = end;
    }
    for (net, in_lane) in in_lane.into_iter().enumerate() {
        let (low, high) = extent(&cells, span(net));
        if in_lane {
            lane(&mut cells, net as u32, span(net));
        } else {
            pass(&mut cells, problem, net as u32, span(net), low, high);
        }
    }
    cells.passing.sort_unstable();
    let doors: Vec<bool> =
        problem.links.iter().map(|l| problem.items[l.source.item as usize].role.is_door()).collect();
    ends(&mut cells, &net_of, beside, &doors);
    cells.doors = doors;
    cells.net_of = net_of;
    runs(&mut cells);
    cells
}

/// Gives the links of a net their places on borders.
fn attach(cells: &mut Cells, problem: &Problem, span: (usize, usize), beside: &[bool]) {
    let links = &problem.links[span.0..span.1];
    let source = links[0].source;
    let weight = links.iter().map(|l| l.weight).max().unwrap_or(1);
    let first = cells.attaches.len() as u32;
    let net = links[0].net;
    cells.attaches.push(Attach {
        cell: source.item,
        side: source.side,
        net,
        fixed: source.at,
        weight,
        offset: source.at.unwrap_or(0.0),
    });
    let mut order: Vec<(u32, Side, Option<u64>, u32)> = (links.iter().enumerate())
        .map(|(i, l)| (l.target.item, l.target.side, l.target.at.map(f64::to_bits), i as u32))
        .collect();
    order.sort_unstable();
    let mut last = None;
    for (item, side, at, i) in order {
        let i = span.0 + i as usize;
        let fixed = at.map(f64::from_bits);
        if last != Some((item, side, at)) {
            last = Some((item, side, at));
            let side = if beside[i] { Side::Right } else { side };
            cells.attaches.push(Attach {
                cell: item,
                side,
                net,
                fixed,
                weight: 0,
                offset: fixed.unwrap_or(0.0),
            });
        }
        let target = cells.attaches.len() - 1;
        cells.attaches[target].weight = cells.attaches[target].weight.max(problem.links[i].weight);
        cells.courses[i].source = first;
        cells.courses[i].target = target as u32;
    }
}

/// One cell in every row that the net passes.
fn pass(cells: &mut Cells, problem: &Problem, net: u32, links: &[u32], low: u32, high: u32) {
    // The weight in a row is that of the links that still go on there.
    let rows = low / 2..high.div_ceil(2);
    let mut weights = vec![0u32; rows.len()];
    let mut source = rows.start;
    for &i in links[..if rows.is_empty() { 0 } else { links.len() }].iter() {
        let c = cells.courses[i as usize];
        source = (c.from / 2).clamp(rows.start, rows.end - 1);
        let last = if c.to >= c.from { c.to.div_ceil(2).max(1) - 1 } else { c.to / 2 };
        if rows.contains(&last) && c.from.min(c.to) / 2 < c.from.max(c.to).div_ceil(2) {
            let weight = &mut weights[(last - rows.start) as usize];
            *weight = (*weight).max(problem.links[i as usize].weight);
        }
    }
    if !rows.is_empty() {
        let middle = (source - rows.start) as usize;
        for k in (middle + 1..weights.len()).rev() {
            weights[k - 1] = weights[k - 1].max(weights[k]);
        }
        for k in 1..=middle {
            weights[k] = weights[k].max(weights[k - 1]);
        }
    }
    let named = links.iter().all(|&i| problem.links[i as usize].kind == EdgeKind::Skip);
    let light = links.len() > 1 || named;
    for row in rows {
        let weight = weights[(row - low / 2) as usize];
        let cell = cells.cell(row, 0.0, 0.0, 0.0, net, weight);
        cells.light[cell as usize] = light;
        cells.passing.push((net, row, cell));
        for (channel, below) in [(row, true), (row + 1, false)] {
            if (low..=high).contains(&(2 * channel)) {
                cells.contacts.push(Contact { channel, net, below, spot: Spot::Cell(cell) });
            }
        }
    }
    let first = cells.passing.len();
    for i in links.iter().map(|&i| i as usize) {
        let link = &problem.links[i];
        let label = link.label;
        let course = cells.courses[i];
        let loops = link.source.item == link.target.item && link.source.side != link.target.side;
        if course.from == course.to && course.from % 2 == 1 && loops {
            // Out at one side, below the item, and in at the other.
            let row = course.from / 2;
            let second = cells.cell(row, 0.0, 0.0, 0.0, net, 1);
            cells.courses[i].second = second;
            for cell in [cells.passing[cells.passing.len() - 1].2, second] {
                let spot = Spot::Cell(cell);
                cells.contacts.push(Contact { channel: row + 1, net, below: false, spot });
            }
        }
        let (a, b) = (course.from.min(course.to) / 2, course.from.max(course.to).div_ceil(2));
        if label.width > 0.0 && a < b {
            let row = (a + b) / 2;
            let back = (high.div_ceil(2) - row) as usize;
            let cell = cells.passing[first - back].2;
            cells.courses[i].label = cell;
            let c = cell as usize;
            cells.right[c] = cells.right[c].max(label.width + LABEL_GAP);
            cells.height[c] = cells.height[c].max(label.height);
        }
    }
}

/// One lane for all of the net that leaves its channel.
fn lane(cells: &mut Cells, net: u32, links: &[u32]) {
    let index = cells.lanes.len() as u32;
    let mut stops: Vec<u32> = Vec::new();
    let mut rows: Vec<u32> = Vec::new();
    for i in links.iter().map(|&i| i as usize) {
        let Course { from, to, .. } = cells.courses[i];
        if from == to && from % 2 == 0 {
            continue;
        }
        cells.courses[i].lane = index;
        for (at, other) in [(from, to), (to, from)] {
            if at % 2 == 1 {
                rows.push(at / 2);
            }
            stops.push(lane_channel(at, other));
        }
    }
    rows.sort_unstable();
    rows.dedup();
    for row in rows {
        let cell = cells.cell(row, 0.0, 0.0, 0.0, net, 1);
        cells.passing.push((net, row, cell));
        for (channel, below) in [(row, true), (row + 1, false)] {
            if stops.contains(&channel) {
                cells.contacts.push(Contact { channel, net, below, spot: Spot::Cell(cell) });
            }
        }
    }
    stops.sort_unstable();
    stops.dedup();
    let (Some(&from), Some(&to)) = (stops.first(), stops.last()) else { return };
    cells.lanes.push(Lane { from, to });
    for channel in stops {
        for below in [false, true] {
            if (below && channel < to) || (!below && channel > from) {
                cells.contacts.push(Contact { channel, net, below, spot: Spot::Lane(index) });
            }
        }
    }
}

/// The channel in which a link at level `at` meets its lane on the way to level `other`.
pub(crate) fn lane_channel(at: u32, other: u32) -> u32 {
    match at % 2 {
        0 => at / 2,
        _ if other >= at => at / 2 + 1,
        _ => at / 2,
    }
}
