#!/usr/bin/env python3
"""Makes the embedded fonts from the Debian 12 packages they come from.

    apt-get download fonts-inter=4.0~beta7+ds-1 fonts-jetbrains-mono=2.242+ds-3 fonts-dejavu-core=2.37-6
    for deb in *.deb; do dpkg-deb -x "$deb" unpacked; done
    python3 make.py unpacked        # needs fonttools; 4.68 was used

Inter and JetBrains Mono are under the SIL Open Font License 1.1 and reserve no font name; DejaVu Sans is under the
Bitstream Vera licence, which asks only that a changed font is not called Bitstream, Vera or Arev. The cuts keep their
names, their kerning and tabular digits, and lose hinting and what no figure writes.
"""

import sys
from pathlib import Path

from fontTools import subset

LATIN = "U+0020-007E,U+00A0-024F,U+02B0-02FF,U+0300-036F,U+1E00-1EFF"
GREEK = "U+0370-03FF"
CYRILLIC = "U+0400-04FF"
MARKS = "U+2000-206F,U+2070-209F,U+20A0-20BF,U+2100-214F,U+2150-218F"
MATHS = "U+2190-21FF,U+2200-22FF,U+2300-230F,U+2320-2321,U+2329-232A,U+239B-23AE,U+27E6-27EB,U+27F5-27FF,U+2A00-2A4F"
SHAPES = "U+25A0-25FF,U+2605-2606,U+2713-2718"
BOXES = "U+2500-259F"
LETTERS = "U+1D2C-1D6A,U+1D400-1D7FF,U+2C7C-2C7D,U+A71B-A71F"

FONTS = [
    ("opentype/inter/Inter-Regular.otf", "Inter-Regular.otf", [LATIN, GREEK, CYRILLIC, MARKS, MATHS]),
    ("opentype/inter/Inter-Medium.otf", "Inter-Medium.otf", [LATIN, GREEK, CYRILLIC, MARKS, MATHS]),
    ("opentype/inter/Inter-SemiBold.otf", "Inter-SemiBold.otf", [LATIN, GREEK, CYRILLIC, MARKS, MATHS]),
    ("opentype/inter/Inter-Italic.otf", "Inter-Italic.otf", [LATIN, GREEK, MARKS, MATHS]),
    ("truetype/jetbrains-mono/JetBrainsMono-Regular.ttf", "JetBrainsMono-Regular.ttf",
     [LATIN, GREEK, CYRILLIC, MARKS, MATHS, SHAPES, BOXES]),
    ("truetype/jetbrains-mono/JetBrainsMono-Medium.ttf", "JetBrainsMono-Medium.ttf",
     [LATIN, GREEK, CYRILLIC, MARKS, MATHS, SHAPES, BOXES]),
    ("truetype/dejavu/DejaVuSans.ttf", "DejaVuSans.ttf",
     [LATIN, GREEK, CYRILLIC, MARKS, MATHS, SHAPES, BOXES, LETTERS, "U+2300-23FF", "U+FFFD"]),
]


def main(root: Path) -> None:
    here = Path(__file__).parent
    for source, target, ranges in FONTS:
        subset.main([
            str(root / "usr/share/fonts" / source),
            f"--output-file={here / target}",
            "--unicodes=" + ",".join(ranges),
            "--layout-features=ccmp,locl,mark,mkmk,kern,tnum",
            "--no-hinting",
            "--desubroutinize" if target.endswith(".otf") else "--no-desubroutinize",
            "--name-IDs=0,1,2,3,4,5,6,14",
            "--name-languages=0x409",
            "--notdef-outline",
            "--drop-tables+=DSIG,FFTM",
        ])
        print(target, (here / target).stat().st_size)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
