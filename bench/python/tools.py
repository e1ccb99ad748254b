"""What each tool does with a live model, in the steps that are timed.

A tool is a list of functions: the first makes a graph of the model, the last turns the graph into bytes.
What it needs to import is imported before the clock starts.
"""


def ours(given):
    """Netloom with what it imports for a framework."""
    import importlib

    importlib.import_module("netloom._keras" if given is None else "netloom._torch")
    return importlib.import_module("netloom")


def netloom(model, given, **options):
    nl = ours(given)
    arguments = {} if given is None else {"input": given}
    return [lambda _: nl.read(model, **arguments), lambda graph: graph.draw(**options).svg.encode()]


def netloom_full(model, given):
    return netloom(model, given, depth="full", fold="none", detail="implement")


def netloom_summary(model, given):
    nl = ours(given)
    arguments = {} if given is None else {"input": given}
    return [lambda _: nl.read(model, **arguments), lambda graph: str(graph.summary()).encode()]


def torchview(model, given, **options):
    from torchview import draw_graph

    return [
        lambda _: draw_graph(model, input_data=given, device="cpu", **options),
        lambda graph: graph.visual_graph.pipe(format="svg"),
    ]


def torchview_full(model, given):
    return torchview(model, given, depth=100, expand_nested=True)


def torchinfo(model, given):
    from torchinfo import summary

    return [
        lambda _: summary(model, input_data=given, depth=100, verbose=0, device="cpu"),
        lambda found: str(found).encode(),
    ]


def plot_model(model, given):
    import keras
    import pydot  # noqa: F401

    def draw(dot):
        try:
            return dot.create_svg()
        except Exception:
            # With its own setting, splines of right angles, dot gives up on models of some hundred layers.
            dot.set("splines", "spline")
            return dot.create_svg()

    return [lambda _: keras.utils.model_to_dot(model, show_shapes=True, show_layer_names=True), draw]


def visualkeras(model, given):
    import io

    import keras
    import visualkeras as vk

    if not hasattr(keras.layers.InputLayer, "output_shape"):
        # As shipped it asks layers for what Keras 3 no longer has.
        keras.layers.Layer.output_shape = property(lambda layer: layer.output.shape)

    def write(picture):
        out = io.BytesIO()
        picture.save(out, "PNG")
        return out.getvalue()

    return [lambda _: None, lambda _: write(vk.layered_view(model))]


TORCH = {
    "netloom": netloom,
    "torchview": torchview,
    "netloom, all open": netloom_full,
    "torchview, nested": torchview_full,
}
SUMMARY = {"netloom summary": netloom_summary, "torchinfo": torchinfo}
KERAS = {"netloom": netloom, "plot_model": plot_model, "visualkeras": visualkeras}
