"""Writes the seeds of the fuzz targets that read files of PyTorch; run with torch installed."""

import pathlib
import zipfile

import torch
from torch import nn

HERE = pathlib.Path(__file__).parent


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.fc = nn.Linear(8, 2)

    def forward(self, x):
        y = torch.relu(self.conv(x))
        if y.dim() != 4:
            raise ValueError("expected an image")
        return self.fc(torch.flatten(y, 1))


def main():
    torch.manual_seed(0)
    net = Small().eval()
    out = HERE / "torch"
    torch.save(net.state_dict(), out / "small.pt")
    torch.save(net.state_dict(), out / "small.legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), out / "whole.pt")
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    torch.save({"epoch": 1, "model": net.state_dict(), "optimizer": optimizer.state_dict()}, out / "checkpoint.pt")
    out = HERE / "torchscript"
    script = out / "small.pt"
    torch.jit.save(torch.jit.script(net), script)
    torch.jit.save(torch.jit.trace(net, torch.zeros(1, 1, 4, 4)), out / "traced.pt")
    for name in ("small.pt", "traced.pt"):
        shrink(out / name)
    with zipfile.ZipFile(script) as archive:
        code = [n for n in archive.namelist() if "/code/__torch__" in n and n.endswith(".py")]
        (out / "code.py").write_bytes(b"".join(archive.read(n) for n in code).replace(b"Small(", b"Net("))


def shrink(path):
    """Leaves out where in the source each line came from."""
    with zipfile.ZipFile(path) as archive:
        members = [(i.filename, archive.read(i)) for i in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members:
            if not name.endswith(".debug_pkl"):
                archive.writestr(zipfile.ZipInfo(name), data)


if __name__ == "__main__":
    main()
