"""The zoo on the page: what is said of its models, its pictures, and that none of it can do harm."""

from __future__ import annotations

import json
import re

import pytest

from rdebench.leaderboard.page import render
from rdebench.leaderboard.zoo import zoo_view
from rdebench.leaderboard.zoo_models import signed
from rdebench.leaderboard.zoo_table import count, two_digits

from ..results import XSS, example_manifest, example_rows
from ..zoo_results import WEBP, example_zoo, zoo_card


def page_of(zoo, name="lite-v1"):
    return render(example_rows(), example_manifest(), {name: zoo}).replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module")
def section():
    return page_of(example_zoo()).partition('id="zoo-lite-v1"')[2].partition("</section>")[0]


def row(section, name):
    return section.partition(f'data-sort="{name}"')[2].partition("</tr>")[0]


def test_the_headline_says_which_models_are_worth_their_cost():
    text = zoo_view("lite-v1", example_zoo()).headline.replace("\N{NO-BREAK SPACE}", " ")
    assert text.startswith(
        "At 10 dB on cifar10-mixed: at rate 1/6, LeNet-C16 (10.0 % below the linear floor for 6.0 times its time) "
        "and ResNet-C16 (20.0 % for 30 times) are worth the cost; DPN-26-C16 is not. At rate 1/12, LeNet-C8 (5.0 %"
    )
    assert "twice the symbols alone take 38 % off the distortion, the best network alone 5 %" in text
    assert text.endswith(
        "AVIF behind an ideal channel code that knows the SNR, leaves 25 % less distortion than ResNet-C16."
    )


def test_without_a_floor_or_figures_the_headline_claims_less():
    cards = [zoo_card("one", "LeNet", 256, 0.02, 1e-4)]
    assert "one (100" in zoo_view("z", {"cards": cards}).headline
    for entry in cards[0]["eval"]:
        entry["snr_db"] = [snr + 0.5 for snr in entry["snr_db"]]
    assert "not compared" in zoo_view("z", {"cards": cards}).headline
    linear = [zoo_card("floor", "linear-klt", 256, 0.02, 1e-4)]
    assert "only the linear transform" in zoo_view("z", {"cards": linear}).headline
    assert zoo_view("z", {"cards": []}) is None


def test_a_network_that_costs_more_for_nothing_is_not_worth_it():
    cards = [zoo_card("floor", "linear-klt", 256, 0.02, 1e-4), zoo_card("one", "LeNet", 256, 0.0199, 2e-4)]
    assert "no learned model is worth its cost" in zoo_view("z", {"cards": cards}).headline


def test_the_table_marks_sources_and_says_who_beats_the_floor(section):
    assert re.findall(r'<th scope="row" data-sort="([^"]*)"', section)[:2] == ["linear-klt-C8", "LeNet-C8"]
    lenet = row(section, "LeNet-C16")
    for text in ("1/6", "8,192 bit", "31.3 k", "6.00 M", "60 µs", "measured", "0.24 W", "estimated", "22.5"):
        assert text in lenet
    assert "beats the floor" in lenet
    assert "29.2" in lenet  # on dead leaves
    assert "the floor</span>" in row(section, "linear-klt-C16")
    assert "no better than the floor" in row(section, "ResNet-C8")
    assert "ResNet-C16: faster and as good" in row(section, "DPN-26-C16")


def test_beating_the_floor_on_one_set_of_images_alone_is_told():
    zoo = example_zoo()
    card = next(card for card in zoo["cards"] if card["name"] == "LeNet-C16")
    card["eval"][0]["distortion"] = [1.0] * 6
    view = zoo_view("z", zoo)
    badges = {one.solver: one.cells[-1].badges for one in view.table.rows}
    assert badges["LeNet-C16"] == (("failed", "not on dead-leaves"),)


def test_it_says_how_the_zoo_was_made(section):
    for text in (
        "a small processor, 1 core",
        "42.0 min for 7 models together",
        "AWGN, 0 to 20 dB",
        "estimated: an estimate",
    ):
        assert text in section
    assert "JPEG at quality 75" in section


def test_every_model_has_a_picture_at_every_snr(section):
    assert len(re.findall(r'<i role="img"', section)) == 2 * (1 + 7 * 2)
    assert 'aria-label="LeNet-C16 at 10 dB: PSNR 26.0 dB, SSIM 0.90"' in section
    assert section.count(WEBP) == 8


def test_pictures_of_other_weights_are_left_out():
    zoo = example_zoo()
    zoo["pictures"]["models"]["LeNet-C16"]["weights_sha256"] = "1" * 64
    assert "LeNet-C16" not in zoo_view("z", zoo).pictures.names
    for sheet in zoo["pictures"]["models"].values():
        sheet["weights_sha256"] = "1" * 64
    assert zoo_view("z", zoo).pictures is None
    assert "What arrives" not in page_of(example_zoo(pictures=False))


def test_what_is_no_base64_never_reaches_the_style_sheet():
    zoo = example_zoo()
    zoo["pictures"]["data"]["LeNet-C16.webp"] = "AAAA); } body { display: none"
    assert "What arrives" not in page_of(zoo)


def test_names_from_cards_are_inert():
    zoo = example_zoo()
    zoo["cards"].append(zoo_card(XSS, XSS, 512, 0.03, 1e-3))
    zoo["cards"][0]["train"]["hardware"] = XSS
    text = page_of(zoo, XSS)
    assert XSS not in text
    assert "<img" not in text


def test_the_data_of_the_plots_is_strict_json_and_has_every_model():
    text = page_of(example_zoo()).partition('id="zoo-plots">')[2].partition("</script>")[0]
    plot = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in the data"))["zoo-lite-v1"]
    assert [model["name"] for model in plot["models"] if model["floor"]] == [
        "linear-klt-C8",
        "linear-klt-C16",
    ]
    assert {model["name"] for model in plot["models"] if model["worth"]} == {
        "linear-klt-C8", "linear-klt-C16", "LeNet-C8", "LeNet-C16", "ResNet-C16",
    }  # fmt: skip
    assert plot["models"][1]["curve"][4] == [10.0, 38.0]
    assert plot["models"][1]["ratio"][4] == [10.0, -0.05]
    assert len(plot["separate"]) == 2


def test_a_page_without_a_zoo_has_no_trace_of_one():
    text = render(example_rows(), example_manifest())
    assert 'class="suite zoo"' not in text
    assert "data:image" not in text


def test_nothing_is_fetched():
    text = page_of(example_zoo()).partition("<script")[0]
    assert set(re.findall(r"url\(([^,]*),", text)) == {"data:image/webp;base64"}
    assert "img-src data:" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (count(17_400), "17.4 k"),
        (count(2_900_000), "2.90 M"),
        (count(999_600), "1.00 M"),
        (count(12), "12"),
        (two_digits(0.2), "0.20"),
        (two_digits(14.6), "15"),
        (signed(-0.073), "\N{MINUS SIGN}7.3 %"),
        (signed(0.02), "+2.0 %"),
        (signed(-1e-5), "0.0 %"),
    ],
)
def test_numbers_are_printed_for_people(text, expected):
    assert text.replace("\N{NO-BREAK SPACE}", " ") == expected
