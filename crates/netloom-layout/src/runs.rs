//! What every net does in every channel: its contacts, grouped into runs, and the segments between rows.

use crate::Side;
use crate::clean::NONE;
use crate::place::group;
use crate::proper::{Beside, Cells, Contact, Run, Segment, Spot};

/// Joins the ends of the links to channels and rows.
pub(crate) fn ends(cells: &mut Cells, net_of: &[u32], beside: &[bool], doors: &[bool]) {
    let mut contacts = std::mem::take(&mut cells.contacts);
    for (i, &net) in net_of.iter().enumerate() {
        let course = cells.courses[i];
        let ends = [(course.source, course.from, false), (course.target, course.to, beside[i])];
        for (attach, level, beside) in &ends[usize::from(doors[i])..] {
            let (attach, level, beside) = (*attach, *level, *beside);
            if level % 2 == 0 {
                let below = cells.attaches[attach as usize].side == Side::Top;
                contacts.push(Contact { channel: level / 2, net, below, spot: Spot::Attach(attach) });
            } else {
                let second = if attach == course.target { course.second } else { NONE };
                let cell = if second == NONE { cells.passing(net, level / 2) } else { second };
                cells.besides.push(Beside { cell, attach, fixed: !beside });
            }
        }
    }
    cells.besides.sort_unstable_by_key(|b| (b.cell, b.attach));
    cells.besides.dedup_by_key(|b| (b.cell, b.attach));
    // Channels are many and small: deal contacts out to them, then sort each.
    let (first, mut contacts) = group(cells.rows + 1, contacts.iter().map(|c| (c.channel, Some(*c))));
    for channel in first.windows(2) {
        contacts[channel[0] as usize..channel[1] as usize].sort_unstable();
    }
    contacts.dedup();
    cells.contacts = contacts.into_iter().flatten().collect();
}

/// Groups contacts into runs and derives the segments between rows.
pub(crate) fn runs(cells: &mut Cells) {
    let channels = cells.rows + 1;
    cells.run_first = vec![0; channels + 1];
    let (mut above, mut below) = (Vec::new(), Vec::new());
    let mut from = 0;
    while from < cells.contacts.len() {
        let Contact { channel, net, .. } = cells.contacts[from];
        let group = &cells.contacts[from..];
        let to = from + group.iter().take_while(|c| (c.channel, c.net) == (channel, net)).count();
        let middle = from + cells.contacts[from..to].partition_point(|c| !c.below);
        cells.runs.push(Run { net, from: from as u32, middle: middle as u32, to: to as u32 });
        cells.run_first[channel as usize + 1] += 1;
        let spot = |c: &Contact| match c.spot {
            Spot::Cell(cell) => Some((cell, NONE, cells.weight[cell as usize])),
            Spot::Attach(a) => Some((cells.attaches[a as usize].cell, a, cells.attaches[a as usize].weight)),
            Spot::Lane(_) => None,
        };
        // Where both sides have several, the first above leads to all below; the rest above to the first below.
        for side in [&cells.contacts[from..middle], &cells.contacts[middle..to]] {
            for pair in side.windows(2) {
                if let (Spot::Attach(a), Spot::Cell(cell)) = (pair[0].spot, pair[1].spot) {
                    cells.turns.push((cells.attaches[a as usize].cell, cell));
                }
            }
        }
        above.clear();
        above.extend(cells.contacts[from..middle].iter().filter_map(spot));
        below.clear();
        below.extend(cells.contacts[middle..to].iter().filter_map(spot));
        for (i, a) in above.iter().enumerate() {
            let reach = if i == 0 { below.len() } else { below.len().min(1) };
            for b in &below[..reach] {
                cells.segments.push(Segment {
                    upper: a.0,
                    lower: b.0,
                    upper_attach: a.1,
                    lower_attach: b.1,
                    weight: a.2.min(b.2),
                });
            }
        }
        from = to;
    }
    for c in 0..channels {
        cells.run_first[c + 1] += cells.run_first[c];
    }
    cells.turns.sort_unstable();
    cells.turns.dedup();
}
