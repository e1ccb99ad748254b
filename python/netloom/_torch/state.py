"""Leaves a model as it was found: what a forward pass changes on modules and in generators is put back."""

from __future__ import annotations

import contextlib
import random
import sys

import torch

CONTAINERS = (list, dict, set)


@contextlib.contextmanager
def untouched(model: torch.nn.Module):
    """Puts back attributes, modes, weights' places, contents of lists and dictionaries held by modules,
    and the state of the generators of random numbers, whatever happens inside."""
    modules = [
        (
            m,
            type(m),
            dict(m.__dict__),
            [(v, copy_of(v)) for v in m.__dict__.values() if isinstance(v, CONTAINERS)],
        )
        for m in model.modules()
    ]
    python_state, torch_state = random.getstate(), torch.get_rng_state()
    numpy = sys.modules.get("numpy.random")
    numpy_state = numpy.get_state() if numpy else None
    cuda_states = (
        torch.cuda.get_rng_state_all() if torch.cuda.is_available() and torch.cuda.is_initialized() else None
    )
    mha = getattr(torch.backends, "mha", None)
    fast = mha.get_fastpath_enabled() if mha else None
    try:
        if mha:
            # The fused operator of an encoder layer hides its attention.
            mha.set_fastpath_enabled(False)
        yield
    finally:
        if mha:
            mha.set_fastpath_enabled(fast)
        for module, cls, attributes, contents in modules:
            if type(module) is not cls:
                # A lazy layer becomes another class once it knows its sizes.
                module.__class__ = cls
            module.__dict__.clear()
            module.__dict__.update(attributes)
            for container, content in contents:
                restore(container, content)
        random.setstate(python_state)
        torch.set_rng_state(torch_state)
        if numpy:
            numpy.set_state(numpy_state)
        if cuda_states:
            torch.cuda.set_rng_state_all(cuda_states)


def copy_of(container):
    """The contents of a list, dictionary or set, in order."""
    return list(container.items()) if isinstance(container, dict) else list(container)


def restore(container, content) -> None:
    """Gives a container its earlier contents back; the object stays the same."""
    if isinstance(container, list):
        if len(container) != len(content) or any(a is not b for a, b in zip(container, content)):
            container[:] = content
    elif (
        len(container) != len(content) or copy_of(container) != content
        if isinstance(container, set)
        else not same_items(container, content)
    ):
        container.clear()
        container.update(content)


def same_items(container: dict, content: list) -> bool:
    """Whether a dictionary holds the same objects in the same order."""
    return len(container) == len(content) and all(
        a is c and b is d for (a, b), (c, d) in zip(container.items(), content)
    )
