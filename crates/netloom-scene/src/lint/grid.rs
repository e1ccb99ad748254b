//! A grid over the canvas that tells what is near what.

use kurbo::{Point, Rect};

/// Cells with the numbers of what lies in them.
pub(super) struct Grid {
    origin: Point,
    cell: f64,
    columns: usize,
    rows: usize,
    cells: Vec<Vec<usize>>,
}

impl Grid {
    /// Cells of at least this side, px.
    const CELL: f64 = 48.0;
    /// At most so many cells a side, which bounds the work for a long line.
    const MAX_SIDE: f64 = 512.0;

    /// An empty grid over an area. What lies outside is put into the outermost cells.
    pub(super) fn new(area: Rect) -> Self {
        let cell = Self::CELL.max(area.width() / Self::MAX_SIDE).max(area.height() / Self::MAX_SIDE);
        let mut grid = Self { origin: area.origin(), cell, columns: 1, rows: 1, cells: Vec::new() };
        grid.columns = index(area.width() / cell, 1 + Self::MAX_SIDE as usize) + 1;
        grid.rows = index(area.height() / cell, 1 + Self::MAX_SIDE as usize) + 1;
        grid.cells = vec![Vec::new(); grid.columns * grid.rows];
        grid
    }

    pub(super) fn insert(&mut self, rect: Rect, number: usize) {
        for cell in self.cells_of(rect) {
            self.cells[cell].push(number);
        }
    }

    pub(super) fn insert_line(&mut self, a: Point, b: Point, number: usize) {
        for cell in self.cells_along(a, b) {
            self.cells[cell].push(number);
        }
    }

    /// What may meet a rectangle, in ascending order.
    pub(super) fn near(&self, rect: Rect) -> Vec<usize> {
        self.collect(self.cells_of(rect))
    }

    /// What may meet a straight line, in ascending order.
    pub(super) fn near_line(&self, a: Point, b: Point) -> Vec<usize> {
        self.collect(self.cells_along(a, b))
    }

    fn collect(&self, cells: Vec<usize>) -> Vec<usize> {
        let mut found: Vec<usize> = cells.into_iter().flat_map(|c| &self.cells[c]).copied().collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    fn cells_of(&self, rect: Rect) -> Vec<usize> {
        let (left, right) = (self.column(rect.x0), self.column(rect.x1));
        (self.row(rect.y0)..=self.row(rect.y1))
            .flat_map(|row| (left..=right).map(move |column| (row, column)))
            .map(|(row, column)| row * self.columns + column)
            .collect()
    }

    fn cells_along(&self, a: Point, b: Point) -> Vec<usize> {
        let (a, b) = if a.y <= b.y { (a, b) } else { (b, a) };
        let mut cells = Vec::new();
        for row in self.row(a.y)..=self.row(b.y) {
            #[expect(clippy::cast_precision_loss, reason = "at most a few hundred rows")]
            let top = self.origin.y + row as f64 * self.cell;
            // The stretch of the line in this row; the outermost rows reach on without end.
            let at = |y: f64| {
                let part = if b.y > a.y { ((y - a.y) / (b.y - a.y)).clamp(0.0, 1.0) } else { 0.0 };
                a.x + (b.x - a.x) * part
            };
            let (mut from, mut to) = (at(top), at(top + self.cell));
            if b.y - a.y < 1e-9 || row == 0 {
                from = a.x;
            }
            if b.y - a.y < 1e-9 || row + 1 == self.rows {
                to = b.x;
            }
            let rect = Rect::new(from.min(to), top, from.max(to), top);
            cells.extend(
                (self.column(rect.x0)..=self.column(rect.x1)).map(|column| row * self.columns + column),
            );
        }
        cells
    }

    fn column(&self, x: f64) -> usize {
        index((x - self.origin.x) / self.cell, self.columns)
    }

    fn row(&self, y: f64) -> usize {
        index((y - self.origin.y) / self.cell, self.rows)
    }
}

/// The whole part of a number as an index below a count; 0 for what is no number.
fn index(value: f64, count: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts of floats saturate")]
    let whole = value.max(0.0) as usize;
    whole.min(count - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_finds_all_that_touches() {
        let mut grid = Grid::new(Rect::new(0.0, 0.0, 1000.0, 800.0));
        let lines = [
            ((0.0, 0.0), (1000.0, 800.0)),
            ((500.0, 0.0), (500.0, 800.0)),
            ((-50.0, 400.0), (2000.0, 400.0)),
        ];
        for (i, (a, b)) in lines.iter().enumerate() {
            grid.insert_line((*a).into(), (*b).into(), i);
        }
        assert_eq!(grid.near(Rect::new(499.0, 399.0, 501.0, 401.0)), [0, 1, 2]);
        assert_eq!(grid.near(Rect::new(10.0, 600.0, 20.0, 610.0)), Vec::<usize>::new());
        assert_eq!(grid.near_line((900.0, 0.0).into(), (900.0, 790.0).into()), [0, 2]);
        assert_eq!(grid.near(Rect::new(5000.0, 390.0, 6000.0, 410.0)), [2]);
        assert_eq!(Grid::new(Rect::ZERO).near(Rect::ZERO), Vec::<usize>::new());
    }
}
