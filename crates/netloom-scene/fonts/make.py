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
from fontTools.ttLib import TTFont

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

# What interactive pages carry, cut from the fonts above: names and numbers of figures.
WORDS = "U+0020-007E,U+00A0,U+00B0-00B7,U+00D7,U+2009,U+2010-2015,U+2018-201D,U+2022,U+2026,U+2212"
SIGNS = "U+00A1-00FF,U+0391-03C9,U+2030-2033,U+2070-2089,U+2190-2193,U+2200-2208,U+2211-221E,U+2248,U+2260-2265,U+2295-2299,U+22C5,U+2308-230B,U+FFFD"


def small(here: Path) -> None:
    """Cuts without kerning, digits equally wide without being asked: what needs no shaper to measure."""
    (here / "small").mkdir(exist_ok=True)
    for _, target, _ in FONTS:
        if "Mono" in target:
            continue
        font = TTFont(here / target)
        tabular = {}
        gsub = font["GSUB"].table if "GSUB" in font else None
        for record in gsub.FeatureList.FeatureRecord if gsub else []:
            if record.FeatureTag == "tnum":
                for index in record.Feature.LookupListIndex:
                    for table in gsub.LookupList.Lookup[index].SubTable:
                        tabular.update(getattr(table, "ExtSubTable", table).mapping)
        for table in font["cmap"].tables:
            for code, glyph in table.cmap.items():
                if 0x30 <= code <= 0x39:
                    table.cmap[code] = tabular.get(glyph, glyph)
        options = subset.Options(layout_features=[], name_IDs=[1, 2, 4, 6], notdef_outline=True, hinting=False)
        options.drop_tables += ["GSUB", "GPOS", "GDEF"]
        cut = subset.Subsetter(options)
        cut.populate(unicodes=subset.parse_unicodes(f"{WORDS},{SIGNS}" if "DejaVu" in target else WORDS))
        cut.subset(font)
        font.save(here / "small" / target)
        print("small", target, (here / "small" / target).stat().st_size)


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
    small(here)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
