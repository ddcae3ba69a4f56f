"""Draw docs/figures/zoo-strips.png and zoo-curves.svg, and rewrite the tables of docs/zoo.md, all from the cards.

Run it with ``python docs/figures/zoo.py`` (matplotlib comes with the ``search`` extra, Pillow with ``zoo``).
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

from rdebench.leaderboard.zoo import Zoo, zoo_view
from rdebench.scm_zoo.card import read_zoo, zoo_folder
from rdebench.scm_zoo.picture_index import read_pictures

NAME = "rdebench-lite-v1"
HERE = Path(__file__).parent
DOCUMENT = HERE.parent / "zoo.md"
COLOURS = ("#6b6f75", "#0067a5", "#b8480a", "#00805b", "#a5407d", "#8a6d00")


def shipped() -> Zoo:
    """The shipped zoo as the page shows it, without pictures."""
    cards = [card.model_dump(mode="json", by_alias=True) for card in read_zoo(zoo_folder() / NAME)]
    reference = json.loads((zoo_folder() / "separate-coding.json").read_bytes())
    separate = [curve | {"codec": reference["codec"]} for curve in reference["curves"]]
    view = zoo_view(NAME, {"cards": cards, "separate": separate})
    assert view is not None
    return view


def blocks(zoo: Zoo) -> dict[str, str]:
    """The generated parts of the document by their names."""
    columns = zoo.table.columns
    lines = [
        "| " + " | ".join(" ".join(filter(None, (column.title, column.unit))) for column in columns) + " |",
        "|" + "---|" * len(columns),
    ]
    for row in zoo.table.rows:
        texts = []
        for cell in row.cells:
            parts = [cell.text, *(text for _, text in cell.badges), *cell.note.split("\n")]
            texts.append("<br>".join(part for part in parts if part))
        lines.append("| " + " | ".join(texts) + " |")
    made = "\n".join(f"- {name}: {text}" for name, text in zoo.made)
    return {"result": zoo.headline, "table": "\n".join(lines), "made": made}


def with_blocks(text: str, zoo: Zoo) -> str:
    """The document with its generated parts renewed: what stands between ``<!-- NAME -->`` and ``<!-- end -->``."""
    for name, content in blocks(zoo).items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
        renewed = f"{content}\n"
        text, found = re.subn(
            pattern, lambda part, new=renewed: part[1] + new + part[2], text, flags=re.DOTALL
        )
        assert found == 1, f"{name}: no such part in {DOCUMENT.name}"
    return text


def draw_curves(zoo: Zoo, path: Path) -> None:
    """Distortion over SNR, and the same against the linear transform, for each rate."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.hashsalt": "rdebench", "font.family": "sans-serif", "font.size": 9})
    models = zoo.plot["models"]
    rates = sorted({model["symbols"] for model in models})
    figure, grid = plt.subplots(
        2, len(rates), figsize=(4.2 * len(rates), 6), sharex=True, sharey="row", squeeze=False,
        height_ratios=(3, 2),
    )  # fmt: skip
    for number, symbols in enumerate(rates):
        upper, lower = grid[:, number]
        for model in (one for one in models if one["symbols"] == symbols):
            colour = COLOURS[model["family"] % len(COLOURS)]
            label = zoo.families[model["family"]]
            upper.plot(*zip(*model["curve"], strict=True), color=colour, marker=".", label=label)
            changes = [(snr, 100 * change) for snr, change in model["ratio"]]
            if changes:
                lower.plot(*zip(*changes, strict=True), color=colour, marker=".")
        for curve in (one for one in zoo.plot["separate"] if one["symbols"] == symbols):
            upper.plot(
                *zip(*curve["curve"], strict=True), color="black", linestyle="--", label="separate coding"
            )
        upper.set(yscale="log", title=f"{symbols} symbols an image")
        upper.set_yticks([5, 10, 20, 50, 100, 200], ["5", "10", "20", "50", "100", "200"])
        upper.minorticks_off()
        lower.set(xlabel="SNR, dB")
    grid[0, 0].set(ylabel=f"D, thousandths, {zoo.dataset}")
    grid[1, 0].set(ylabel="against the floor, %")
    grid[0, -1].legend(frameon=False)
    for axes in grid.flat:
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def draw_strips(path: Path, scale: int = 2) -> None:
    """The first two images through every model, a model a row: original, then rising SNR, both side by side."""
    from PIL import Image, ImageDraw, ImageFont

    found = read_pictures(zoo_folder() / NAME)
    assert found is not None
    index, files = found
    sheets = {name: Image.open(io.BytesIO(content)).convert("RGB") for name, content in files.items()}
    side, gap, left, top, images = index.side * scale, 3, 120, 26, min(2, index.images)
    columns, rows = 1 + len(index.snr_db), len(index.models)
    width, height = left + images * (columns * (side + gap) + 5 * gap), top + rows * (side + gap)
    picture = Image.new("RGB", (width, height), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(13)
    for image in range(images):
        start = left + image * (columns * (side + gap) + 5 * gap)
        for column in range(columns):
            head = "original" if column == 0 else f"{index.snr_db[column - 1]:g} dB"
            pen.text((start + column * (side + gap) + side // 2, top // 2), head, "black", font, "mm")
        for row, (name, sheet) in enumerate(index.models.items()):
            down = top + row * (side + gap)
            if image == 0:
                pen.text((0, down + side // 2), name, "black", font, "lm")
            for column in range(columns):
                source = sheets[index.originals if column == 0 else sheet.file]
                place = (max(0, column - 1) * index.side, image * index.side)
                tile = source.crop((*place, place[0] + index.side, place[1] + index.side))
                enlarged = tile.resize((side, side), Image.Resampling.NEAREST)
                picture.paste(enlarged, (start + column * (side + gap), down))
    picture.save(path, optimize=True)


if __name__ == "__main__":
    zoo = shipped()
    draw_curves(zoo, HERE / "zoo-curves.svg")
    draw_strips(HERE / "zoo-strips.png")
    DOCUMENT.write_text(with_blocks(DOCUMENT.read_text(encoding="utf-8"), zoo), encoding="utf-8")
