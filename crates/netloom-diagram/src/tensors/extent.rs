//! What a tensor is on paper: maps of so many channels, a sequence, a vector.

use netloom_graph::{Category, Dim, Graph, Node, NodeId, Producer, TensorId, layers};

/// What sort of thing a tensor is, the batch left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Maps: channels and two sides.
    Maps,
    /// Channels and one side: a signal.
    Signal,
    /// Channels and three sides.
    Solid,
    /// A sequence of tokens with features each.
    Sequence,
    /// Units in a row.
    Vector,
    /// One number.
    Scalar,
    /// Nothing of the above, or not known.
    Other,
}

/// The size of a tensor, the batch left out.
#[derive(Clone, PartialEq, Debug)]
pub struct Extent {
    /// What sort of thing it is.
    pub form: Form,
    /// Channels, features or units.
    pub channels: Dim,
    /// Sides: height and width of maps; tokens of a sequence; empty for a vector.
    pub sides: Vec<Dim>,
}

impl Extent {
    /// What is not known.
    pub fn other() -> Self {
        Self { form: Form::Other, channels: Dim::Unknown, sides: Vec::new() }
    }

    /// Height of maps or length of a sequence, where it is a number.
    pub fn height(&self) -> Option<u64> {
        self.sides.first().and_then(Dim::as_size)
    }

    /// Width of maps, where it is a number.
    pub fn width(&self) -> Option<u64> {
        self.sides.last().and_then(Dim::as_size)
    }

    /// Whether both have the same sides.
    pub fn same_sides(&self, other: &Self) -> bool {
        self.form == other.form && self.sides == other.sides
    }
}

/// Where the channels of a tensor stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Axis {
    /// Right behind the batch.
    First,
    /// At the end.
    Last,
    /// No layer has said.
    Unknown,
}

/// The extents of all tensors of a graph.
pub struct Extents {
    axes: Vec<Axis>,
}

impl Extents {
    /// Finds out where the channels of every tensor stand, from the layers that made it: convolution and pooling put them
    /// first, dense layers and attention last, the rest keeps them where they were.
    pub fn new(graph: &Graph) -> Self {
        let mut extents = Self { axes: vec![Axis::Unknown; graph.tensors().len()] };
        for (id, node) in graph.nodes() {
            // What a convolution reads has its channels where it says, whoever made it.
            if let (Some(Category::Conv | Category::Upsample), Some(read)) =
                (node.layer.map(|l| l.category), node.input(0))
                && extents.axes[read.index()] == Axis::Unknown
            {
                extents.axes[read.index()] = axis_of(node);
            }
            let axis = extents.made_by(graph, id);
            for output in node.outputs.iter().flatten() {
                extents.axes[output.index()] = axis;
            }
        }
        extents
    }

    fn made_by(&self, graph: &Graph, id: NodeId) -> Axis {
        let node = graph.node(id);
        let Some(layer) = node.layer else { return Axis::Unknown };
        let before = || {
            let inputs = node.inputs.iter().flatten().filter(|t| !graph.tensor(**t).is_stored());
            inputs.map(|t| self.axes[t.index()]).find(|a| *a != Axis::Unknown).unwrap_or(Axis::Unknown)
        };
        match layer.category {
            Category::Conv | Category::Pool => axis_of(node),
            // Resizing keeps channels where they were; without a word from others they stand in front.
            Category::Upsample => match before() {
                Axis::Last => Axis::Last,
                _ => axis_of(node),
            },
            Category::Linear | Category::Attention | Category::Recurrent | Category::Embedding => Axis::Last,
            Category::Norm if layer.name == "batch_norm" || layer.name == "instance_norm" => axis_of(node),
            Category::Norm if layer.name == "layer_norm" || layer.name == "rms_norm" => match before() {
                Axis::Unknown => Axis::Last,
                known => known,
            },
            Category::Shape => moved(graph, id, before()),
            _ => before(),
        }
    }

    /// The extent of a tensor.
    pub fn of(&self, graph: &Graph, tensor: TensorId) -> Extent {
        let by_example = layers::recurrent::by_example(graph, tensor);
        let shape = by_example.as_ref().unwrap_or(graph.tensor(tensor).ty.shape());
        let Some(dims) = shape.dims() else { return Extent::other() };
        let axis = self.axes.get(tensor.index()).copied().unwrap_or(Axis::Unknown);
        let is_input = matches!(graph.tensor(tensor).producer, Producer::Input(_));
        let first = |form| Extent { form, channels: dims[1].clone(), sides: dims[2..].to_vec() };
        let last = |form| Extent {
            form,
            channels: dims[dims.len() - 1].clone(),
            sides: dims[1..dims.len() - 1].to_vec(),
        };
        match (dims.len(), axis) {
            (0, _) => Extent { form: Form::Scalar, channels: Dim::Known(1), sides: Vec::new() },
            (1, _) => Extent { form: Form::Scalar, channels: dims[0].clone(), sides: Vec::new() },
            // Token numbers: a sequence without features yet.
            (2, _) if is_input && is_integer(graph, tensor) => {
                Extent { form: Form::Sequence, channels: Dim::Known(1), sides: vec![dims[1].clone()] }
            }
            (2, _) => last(Form::Vector),
            (3, Axis::First) => first(Form::Signal),
            (3, _) => last(Form::Sequence),
            (4, Axis::Last) => last(Form::Maps),
            // Nothing says where: of square maps the odd one out is the channels.
            (4, Axis::Unknown) if dims[1] == dims[2] && dims[1] != dims[3] && dims[1].as_size().is_some() => {
                last(Form::Maps)
            }
            (4, _) => first(Form::Maps),
            (5, Axis::Last) => last(Form::Solid),
            (5, _) => first(Form::Solid),
            _ => Extent::other(),
        }
    }
}

/// Where a layer that works on channels has them.
fn axis_of(node: &Node) -> Axis {
    if layers::channels::are_last(node) { Axis::Last } else { Axis::First }
}

fn is_integer(graph: &Graph, tensor: TensorId) -> bool {
    graph.tensor(tensor).ty.dtype().is_some_and(|d| d.name().contains("int"))
}

/// Where movement of data leaves the channels.
fn moved(graph: &Graph, id: NodeId, before: Axis) -> Axis {
    let node = graph.node(id);
    let rank = |t: Option<TensorId>| t.and_then(|t| graph.tensor(t).ty.shape().rank());
    let (source, target) = (rank(node.input(0)), rank(node.output(0)));
    match (node.op.as_str(), source, target) {
        ("Transpose", Some(rank), _) if rank >= 3 => match node.attributes.ints("perm") {
            Some(order) if order.len() == rank => {
                let at = |axis: usize| order.iter().position(|o| usize::try_from(*o) == Ok(axis));
                let channel = match before {
                    Axis::First => at(1),
                    Axis::Last => at(rank - 1),
                    Axis::Unknown => None,
                };
                match channel {
                    Some(1) => Axis::First,
                    Some(c) if c == rank - 1 => Axis::Last,
                    _ => Axis::Unknown,
                }
            }
            _ => Axis::Unknown,
        },
        (_, Some(a), Some(b)) if a == b => before,
        // Maps laid out in a row keep their channels in front until they are turned.
        (_, Some(4), Some(3)) | (_, Some(3), Some(4)) => before,
        _ => Axis::Unknown,
    }
}
