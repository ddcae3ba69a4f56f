"""The paper put to the test on the page: verdicts first, figures beside the printed ones, and nothing harmful."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from rdebench.bench.reproduction.claims import judge
from rdebench.bench.rows import SCHEMA
from rdebench.leaderboard.page import render
from rdebench.leaderboard.reproduction import reproduction_view
from rdebench.leaderboard.reproduction_plot import mean_curve, plot

from ..reproductions import EPISODES, SEEDS, example_reading, example_reproduction
from ..results import XSS


def judged(document=None):
    document = example_reproduction() if document is None else document
    return document | judge(document)


def page_of(document):
    rows = SCHEMA.empty_table().to_pandas()
    return render(rows, {}, reproduction=document).replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module")
def section():
    return page_of(judged()).partition('<section class="suite reproduction"')[2].partition("</section>")[0]


def test_the_headline_counts_verdicts_in_words():
    headline = reproduction_view(judged()).headline
    assert headline.startswith(
        "Of five claims of the paper, tried in up to 4 readings of it, two do not hold (“PPO is"
    )
    assert "two depend on how the paper is read (“PPO beats the baselines”" in headline
    assert headline.endswith("and one cannot be told (“The approach scales to more users”).")


def test_claims_come_before_figures_and_tables(section):
    places = [
        section.index(part)
        for part in (
            "PPO beats the baselines",
            "depends on the reading",
            "Reading by reading",
            "Fig. 5, mean reward",
            "Fig. 6, episode",
            "Fig. 4, convergence",
            "What the ranking hangs on",
            "Table I beside",
        )
    ]
    assert places == sorted(places)


def test_the_table_says_what_swaps_and_how_far_means_move(section):
    row = section.partition('data-sort="|x| = 100, hinge"')[2].partition("</tr>")[0]
    assert "heuristic &gt; random ≈ average" in row
    assert "2 swapped" in row
    assert "heuristic now above average" in row
    assert "+25.3" in row
    signed = section.partition('data-sort="signed"')[2].partition("</tr>")[0]
    assert "PPO &gt; average &gt; random &gt; heuristic" in signed
    assert "+10.0" in signed


def test_readings_that_were_not_computed_are_named_with_their_reason(section):
    assert "a third penalty" in section
    assert "the third term would be 0" in section


def test_table_one_has_printed_and_measured_figures_apart(section):
    row = section.partition('data-sort="LeNet"')[2].partition("</tr>")[0]
    assert "24.65" in row
    assert "C16 21.3" in row
    assert "C8 33.7" in row


def test_strategies_that_decide_the_same_are_joined_by_an_equals_sign():
    document = example_reproduction()
    strategies = document["readings"][0]["strategies"]
    strategies["heuristic-rde"] = strategies["average"]
    table = reproduction_view(judged(document)).sensitivity[0].table
    assert table.rows[0].cells[1].text.startswith("average = heuristic >")


def test_a_policy_of_the_base_is_shown_as_such_and_is_not_ranked():
    document = example_reproduction()
    document["readings"][3]["strategies"]["ppo-transferred"] = {"mean": -1.0, "sd": 0.1}
    view = reproduction_view(judged(document))
    row = view.sensitivity[1].table.rows[1]
    assert row.cells[1].text.startswith("heuristic >")
    assert "trained on the base" in row.cells[2].note


def test_the_plot_has_every_episode_and_the_mean_over_trainings():
    document = example_reproduction()
    drawn = plot(document)
    main = drawn["readings"][0]
    assert main["bars"]["average"][0] == -13.5
    ppo = document["readings"][0]["strategies"]["ppo-paper"]["rewards"]
    assert np.shape(ppo) == (SEEDS, EPISODES)
    drawn_ppo = drawn["series"][main["episodes"]["ppo-paper"]]
    assert drawn_ppo == pytest.approx(np.mean(ppo, axis=0), rel=1e-3)
    assert drawn["names"][0] == ["ppo-paper", "PPO as in the paper"]
    assert len(drawn["series"]) == len({tuple(one) for one in drawn["series"]})
    assert set(main["episodes"].values()) <= set(range(len(drawn["series"])))
    assert drawn["printed"]["random"] == [-16.53, 0.73]
    (panel,) = drawn["convergence"]
    assert [line["users"] for line in panel["lines"]] == [6, 9, 12]
    assert panel["levels"] == {"average": -13.5, "random": -16.25, "heuristic-rde": -22.5, "optimum": -3.0}
    assert panel["users"] == 12


def test_a_curve_is_the_mean_of_neighbouring_roll_outs_with_students_interval():
    rewards = np.array([np.arange(150.0), np.arange(150.0) + 2])
    points = mean_curve(rewards, 2048)
    assert len(points) == 75
    assert points[0][:2] == [2 * 2048, 1.5]
    # Means of the seeds 0.5 and 2.5: standard error 1, and Student's t at one degree of freedom is 12.706.
    assert points[0][2:] == pytest.approx([1.5 - 12.706, 1.5 + 12.706], rel=1e-3)
    assert mean_curve([[1.0, 2.0]], 10) == [[10.0, 1.0, None, None], [20.0, 2.0, None, None]]


@pytest.mark.parametrize(
    "missing", ["claims", "sensitivity", "readings", "convergence", "table1", "printed", "settings"]
)
def test_every_part_may_be_missing(missing):
    document = judged()
    if missing == "readings":
        document |= {"claims": [], "sensitivity": []}
    del document[missing]
    assert "The paper put to the test" in page_of(document)


def test_without_ppo_and_without_an_optimum():
    document = example_reproduction()
    for reading in document["readings"]:
        for name in ("ppo-paper", "optimum"):
            reading["strategies"].pop(name, None)
    document["convergence"] = []
    text = page_of(judged(document))
    assert "cannot be told" in text
    assert plot(document)["convergence"] == []


@pytest.mark.parametrize("document", [None, {}, {"format": "rdebench-reproduction/2"}])
def test_without_a_document_that_is_known_the_tab_is_left_out(document):
    assert "The paper put to the test" not in page_of(document)


def test_hostile_text_stays_text():
    document = json.loads(json.dumps(judged()).replace("|x| = 100, hinge", "HOSTILE"))
    document = json.loads(json.dumps(document).replace("HOSTILE", json.dumps(XSS)[1:-1]))
    document["claims"][0] |= {"claim": XSS, "evidence": XSS, "verdict": XSS, "where": XSS}
    document["command"] = XSS
    strategies = document["readings"][0]["strategies"]
    strategies |= dict.fromkeys((XSS, "__proto__", "constructor"), strategies["average"])
    document["table1"][0]["model"] = XSS
    document["readings"].append(example_reading(XSS, XSS, {"average": 1.0, "random": 2.0}, title=XSS))
    document["convergence"].append(document["convergence"][0] | {"base": XSS, "reading": XSS})
    text = page_of(document)
    assert "<img" not in text
    assert len(re.findall("</script", text)) == len(re.findall("<script", text))
    data = text.partition('id="reproduction-plots">')[2].partition("</script>")[0]
    assert [XSS, XSS] in json.loads(data)["names"]


def test_the_data_of_a_full_reproduction_stays_small():
    rng = np.random.default_rng(0)
    document = example_reproduction()
    for reading in document["readings"][:3]:
        for strategy in reading["strategies"].values():
            strategy["rewards"] = (rng.standard_normal((5, 400)) * 10).tolist()
    document["readings"] *= 2
    assert len(json.dumps(plot(document))) < 150_000
