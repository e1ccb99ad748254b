"""What a user's type checker sees: mypy --strict finds the planted mistakes and nothing else."""

from __future__ import annotations

from pathlib import Path

import netloom as nl

figure: nl.Figure = nl.draw(Path("model.onnx"), style="strip", depth=2, width="3.25in", open=["layer1.0"])
figure.save("figure.pdf", width="3.25in").save("figure.png", dpi=300)
svg: str = figure.svg
png: bytes = figure.png(scale=3)
counted: nl.Summary = nl.summary("model.onnx", depth=1)
parameters: int | None = counted.parameters
if nl.diff("a.onnx", "b.onnx"):
    nl.diff("a.onnx", "b.onnx").draw(detail="sketch").save("diff.svg")
net = nl.Network([nl.Image(28, 28), nl.Conv2d(6, kernel=5), "sketch", [nl.ReLU()], nl.Linear(10, activation="softmax")])
x = nl.Input(3, 32, 32)
y: nl.Value = nl.Conv2d(8, kernel=3)(x) + x
sequence, state = nl.GRU(8)(y, results=2)
net = nl.Network(inputs=x, outputs={"y": y * 0.5, "state": state})
net.draw(theme="dark")
styles: dict[str, str] = nl.styles()

nl.draw("model.onnx", detail="much")  # type: ignore[arg-type]
nl.draw("model.onnx", "strip")  # type: ignore[call-arg]
nl.Conv2d("six", 5)  # type: ignore[arg-type]
nl.Conv2d(6)  # type: ignore[call-arg]
figure.save("figure.pdf", dept=2)  # type: ignore[call-arg]
nl.Linear(10)(3)  # type: ignore[call-overload]
