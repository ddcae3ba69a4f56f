"""Scenarios: the shipped ones are complete and do what they claim; wrong ones are refused by field."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest

from rdebench.problems import Allocation, Scenario, ScenarioError
from rdebench.problems.scenario import scenario_ids
from rdebench.solvers import Budget, make_solver

from ..zoo_cards import MODELS, write_zoo

PAPER = ("paper-m6-v1", "paper-m9-v1", "paper-m12-v1")
ZOO = ("zoo-m6-v1", "zoo-m9-v1", "zoo-m12-v1")
FOLDER = resources.files("rdebench.problems").joinpath("scenarios")
TEXT = FOLDER.joinpath("paper-m12-v1.toml").read_text()
ZOO_TEXT = FOLDER.joinpath("zoo-m6-v1.toml").read_text()


def edited(old, new):
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def hashes(problems):
    return [problem.content_hash() for problem in problems]


@pytest.mark.parametrize("name", scenario_ids())
def test_a_shipped_scenario_is_complete(name):
    scenario = Scenario.load(name)
    assert scenario.id == name
    assert all(scenario.sources[constant].strip() for constant in scenario.constants())
    assert scenario.title
    assert scenario.description.endswith(".")


@pytest.mark.parametrize("name", scenario_ids())
def test_instances_depend_on_scenario_split_seed_and_index_alone(name):
    scenario = Scenario.load(name)
    three = hashes(scenario.sample(3, 0))
    assert three[:2] == hashes(scenario.sample(2, 0))
    assert three[2] == scenario.instance(2, 0).content_hash()
    others = hashes([*scenario.sample(3, 1), *scenario.sample(3, 0, split="train")])
    assert len({*three, *others}) == 9


def test_users_take_turns():
    scenario = Scenario.load("small-v1")
    assert [problem.users for problem in scenario.sample(7, 0)] == [2, 3, 4, 5, 6, 2, 3]


@pytest.mark.parametrize("name", PAPER)
def test_about_half_the_users_meet_the_deadline_at_a_uniform_split(name):
    """So the deadline matters: neither a formality nor out of reach."""
    rng, met = np.random.default_rng(0), []
    for problem in Scenario.load(name).sample(30, 0):
        scm = rng.integers(problem.models, size=(20, problem.users))
        compute = problem.scm_power[np.arange(problem.users), scm].sum(axis=1, keepdims=True)
        power = np.maximum(0.0, problem.power_budget - compute) / problem.users
        bandwidth = np.full(scm.shape, problem.bandwidth_budget / problem.users)
        found = problem.evaluate(Allocation(scm, np.broadcast_to(power, scm.shape), bandwidth))
        met.append((found.latency <= problem.max_latency).mean())
    assert 0.4 <= np.mean(met) <= 0.7


@pytest.mark.parametrize("name", PAPER)
def test_every_paper_instance_is_feasible_and_selection_matters(name):
    solver, rng, kinds = make_solver("exhaustive"), np.random.default_rng(0), []
    for problem in Scenario.load(name).sample(30, 0):
        answer = solver.solve(problem, rng=rng, budget=Budget())
        found = problem.evaluate(Allocation(answer.scm, answer.power, answer.bandwidth))
        assert found.feasible
        kinds.append(len(set(answer.scm.tolist())))
    if name == "paper-m12-v1":
        assert np.mean(np.array(kinds) >= 2) > 0.8


@pytest.mark.parametrize("name", scenario_ids())
def test_no_model_is_worse_in_every_column(name):
    models = Scenario.load(name).models
    if models.measured:
        pytest.skip("measured models are published as they come out, beaten in every column or not")
    table = models.table()
    if len(set(table.payload)) == 1:
        pytest.skip("one payload for all: MobileNet is no better than LeNet anywhere, as printed in Table I")
    columns = np.stack([table.power, table.latency, table.distortion, table.payload], axis=1)
    for s, row in enumerate(columns):
        others = np.delete(columns, s, axis=0)
        assert not (others <= row).all(axis=1).any(), table.names[s]


def test_classes_are_what_they_are_called():
    (loose,) = Scenario.load("class-loose-v1").sample(1, 0)
    (paper,) = Scenario.load("paper-m12-v1").sample(1, 0)
    assert loose.power_budget == pytest.approx(4 * paper.power_budget)
    (same,) = Scenario.load("class-identical-v1").sample(1, 0)
    assert np.ptp(same.gain) == 0.0
    assert np.ptp(same.payload, axis=0).max() == 0.0
    (near,) = Scenario.load("class-near-identical-v1").sample(1, 0)
    assert 0.0 < np.ptp(near.gain) / near.gain.mean() < 0.03
    (correlated,) = Scenario.load("class-correlated-v1").sample(1, 0)
    slope = np.diff(correlated.distortion[0]) / np.diff(correlated.scm_power[0])
    assert slope == pytest.approx(np.full(3, slope[0]))
    assert slope[0] < 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("power_w = 3.0", "power_w = -3.0", "limits.power_w: .*greater than 0"),
        ("power_w = 3.0", 'power_w = "3 W"', "limits.power_w: .*number"),
        ("power_w = 3.0", "", "limits: .*exactly one of power_w, power_w_per_user, least_power_factor"),
        ("bandwidth_hz = 30e6", "bandwidth_hz = inf", "limits.bandwidth_hz: .*finite"),
        (
            "bandwidth_hz = 30e6",
            "bandwidth_hz = 30e6\nbandwidth_hz_per_user = 1e6",
            "limits: .*exactly one of bandwidth_hz, bandwidth_hz_per_user",
        ),
        ("max_latency_s = 12.0", "max_latency_ms = 12.0", "limits.max_latency_s: Field required"),
        ("users = [12]", "users = []", "users: .*at least 1 item"),
        ("users = [12]", "users = [0]", "users.0: .*greater than or equal to 1"),
        ('rate = "shannon"', 'rate = "bits"', "rate: .*'shannon' or 'spectral'"),
        ('rate = "shannon"', 'rate = "spectral"', "reward.rate_unit must be bit/s/Hz under the spectral"),
        ("radius_m = 250.0", "radius_m = 20.0", "channel: .*min_distance_m must not exceed radius_m"),
        ("radius_m = 250.0", "", "channel: .*go with path_loss 3gpp-urban-macro"),
        ('fading = "rayleigh"', 'fading = "none"', "channel: .*rayleigh_scale goes with fading rayleigh"),
        (
            "paper-table1",
            "table2",
            "models: .*zoo is 'table2'; use one of paper-table1, rdebench-lite-v1, or",
        ),
        ("paper-table1", "../none", "models: .*zoo is '../none', but there is no folder"),
        ("paper-table1", "rdebench-lite-v1", "rdebench-lite-v1 is a measured zoo; it is read with models, "),
        ('power_unit = "mW"', "", "models: .*give either payload and power_unit .* given: payload"),
        ("[reward]", "bits_per_real = 8\n[reward]", "given: payload, power_unit, bits_per_real"),
        (
            "LeNet = 108e6",
            "AlexNet = 108e6",
            r"models: .*payload names \['AlexNet'\]; paper-table1 has LeNet",
        ),
        ('reading = "hinge"', 'reading = "soft"', "reward.reading: .*'hinge', 'signed' or 'absolute'"),
        ('"reward.gamma_power" = "', '"reward.gamma" = "', "sources does not say .* reward.gamma_power"),
        ("[sources]", '[sources]\ncolour = "red"', "sources names what is not a constant .*: colour"),
        ("[limits]", "[limit]", "limits: Field required"),
        ('id = "paper-m12-v1"', 'id = "Paper 12"', "id: .*pattern"),
        ("rdebench-scenario/1", "rdebench-scenario/2", "format: .*rdebench-scenario/1"),
        ("[limits]", "[limits", "not TOML"),
    ],
)
def test_a_wrong_scenario_is_refused_by_field(old, new, said):
    with pytest.raises(ScenarioError, match=rf"^mine\.toml: .*{said}"):
        Scenario.parse(edited(old, new), "mine.toml")


def test_scenarios_are_found_by_id_or_by_path(tmp_path):
    (tmp_path / "mine.toml").write_text(edited("paper-m12-v1", "mine-v1"))
    assert Scenario.load(tmp_path / "mine.toml").id == "mine-v1"
    with pytest.raises(ScenarioError, match="'paper-m12-v2'; did you mean 'paper-m12-v1'"):
        Scenario.load("paper-m12-v2")
    with pytest.raises(ScenarioError, match="'zzz'; use one of class-correlated-v1, "):
        Scenario.load("zzz")
    with pytest.raises(ScenarioError, match="no such scenario file"):
        Scenario.load(tmp_path / "missing.toml")
    (tmp_path / "image.toml").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(ScenarioError, match=r"image\.toml: not a text file"):
        Scenario.load(tmp_path / "image.toml")


def test_the_hash_follows_the_physics_and_not_the_words():
    def content_hash(old, new):
        return Scenario.parse(edited(old, new), "mine.toml").content_hash()

    before = Scenario.load("paper-m12-v1").content_hash()
    for words in ("Paper-like", "Table I, the paper's budgets", "paper, Section IV: 12 s"):
        assert content_hash(words, "Other words") == before
    assert content_hash("power_w = 3.0", "power_w = 3") == before
    physics = [("power_w = 3.0", "power_w = 3.1"), ("users = [12]", "users = [11]"), ("108e6", "109e6")]
    physics += [("gamma_power = 0.3", "gamma_power = 0.4"), ("-174.0", "-173.0"), ("250.0", "260.0")]
    assert len({before, *(content_hash(*change) for change in physics)}) == len(physics) + 1


def zoo_edited(*changes):
    text = ZOO_TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_every_zoo_instance_is_feasible_and_the_devices_differ():
    for name in ZOO:
        scenario = Scenario.load(name)
        assert set(scenario.models.names) == set(MODELS)
        for problem in scenario.sample(5, 0):
            answer = make_solver("certified").solve(problem, rng=np.random.default_rng(0), budget=Budget())
            assert problem.evaluate(Allocation(answer.scm, answer.power, answer.bandwidth)).feasible
            for table, limits in (
                (problem.scm_power, scenario.devices.scm_power),
                (problem.scm_latency, scenario.devices.scm_latency),
            ):
                ratio = table[1:] / table[0]
                assert np.ptp(ratio, axis=1) == pytest.approx(np.zeros(len(ratio)), abs=1e-12)
                assert np.ptp(ratio[:, 0]) > 0.01
                assert ratio.max() <= limits[1] / limits[0]


def test_the_zoo_scenarios_differ_in_their_users_alone():
    found = [Scenario.load(name).model_dump(exclude={"id", "title", "users", "sources"}) for name in ZOO]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "rdebench-lite-v1",
            "paper-table1",
            "paper-table1 is a published zoo; it is read with payload, power_unit",
        ),
        (
            "images_per_request = 10000",
            "",
            "give either .* given: models, bits_per_real, reference_snr_db, dataset",
        ),
        ("images_per_request = 10000", "images_per_request = 0", "models.images_per_request: .*greater than"),
        ("= 10.0", "= 11.0", "models: .*reference_snr_db is 11; LeNet-C8 was evaluated at"),
        ("cifar10-mixed", "imagenet", "models: .*dataset is 'imagenet'; LeNet-C8 was evaluated on"),
        ('  "LeNet-C8"', '  "AlexNet"', r"models: .*models names \['AlexNet'\]"),
        (
            '"models.bits_per_real"',
            '"models.bits"',
            "sources does not say where these come from: models.bits_per",
        ),
    ],
)
def test_a_wrong_reading_of_a_zoo_is_refused_by_field(old, new, said):
    with pytest.raises(ScenarioError, match=rf"^mine\.toml: .*{said}"):
        Scenario.parse(zoo_edited((old, new)), "mine.toml")


def test_a_zoo_of_ones_own_is_found_beside_the_scenario(tmp_path):
    write_zoo(tmp_path / "mine")
    (tmp_path / "mine.toml").write_text(zoo_edited(("zoo-m6-v1", "mine-v1"), ("rdebench-lite-v1", "./mine")))
    scenario = Scenario.load(tmp_path / "mine.toml")
    assert scenario.models.table().power[0] == MODELS["LeNet-C8"][3]
    assert scenario.instance(0, 0).payload[0, 0] == 2 * 256 * 8 * 10_000


def test_the_hash_follows_what_is_read_from_cards(tmp_path):
    def loaded(folder, **changes):
        write_zoo(folder)
        path = folder / "ResNet-C16.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))
        return Scenario.parse(zoo_edited(("rdebench-lite-v1", str(folder))), "mine.toml")

    scenario = loaded(tmp_path / "one")
    before, instance = scenario.content_hash(), scenario.instance(0, 0).content_hash()
    assert loaded(tmp_path / "two").content_hash() == before, "the place does not matter"
    assert loaded(tmp_path / "one", version=2).content_hash() == before, "words do not matter"
    changed = loaded(tmp_path / "one", rate={"symbols": 500})
    assert changed.content_hash() != before
    # What was read stays read: the hash and the instances of a scenario never part.
    assert scenario.content_hash() == before
    assert scenario.instance(0, 0).content_hash() == instance
    assert Scenario.parse(ZOO_TEXT, "").content_hash() != before


def test_hashes_of_published_scenarios_have_not_moved():
    """Results and policies are kept under them."""
    known = {
        "paper-m12-v1": "2dd567f02dd6900f8cdbe91ce936755e72a086dcabc4596a7bbf5dc52093445a",
        "class-correlated-v1": "cb93175bcc78498e05bd450cc48fd2913a6766fddf459ea247e5201f7f285996",
        "small-v1": "eae1be58cb935fbe76a1d49bc134c49162339801e673d8f27362eed6301e1f50",
    }
    assert {name: Scenario.load(name).content_hash() for name in known} == known
