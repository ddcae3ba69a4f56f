"""``rdebench reproduce``: from the command to the page; trainings that are kept, found again, and never half done."""

from __future__ import annotations

import json
import sys

import pytest

from rdebench.bench import cli
from rdebench.bench.reproduction import decisions, document, reward_search, trainings
from rdebench.bench.reproduction.trainings import Job, plan, train_all
from rdebench.solvers.ppo.learner import PolicyError

KEYS = ("main", "main-minimise", "literal", "literal-payload-100", "literal-payload-100-hinge")


@pytest.fixture
def rdebench(monkeypatch, capsys, tmp_path):
    """Call the command on a few readings; its exit code, output and errors."""
    chosen = [reading for reading in decisions.readings() if reading.key in KEYS]
    monkeypatch.setattr(decisions, "readings", lambda: chosen)
    search = reward_search.best_reward_known
    monkeypatch.setattr(search, "__kwdefaults__", search.__kwdefaults__ | {"tries": 20})
    monkeypatch.setattr(document, "exact_times", lambda instances, report: [])
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["rdebench", "reproduce", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (ended.value.code or 0, *capsys.readouterr())

    return call


def test_quick_end_to_end(rdebench, tmp_path):
    code, out, _ = rdebench("--episodes", 6)
    assert code == 0
    made = json.loads((tmp_path / "reproduction" / "reproduction.json").read_text())
    assert [one["key"] for one in made["readings"]] == list(KEYS)
    assert made["command"] == "rdebench reproduce --preset quick --episodes 6"
    page = (tmp_path / "reproduction" / "reproduction.html").read_text()
    assert "</html>" in page
    assert made["claims"][0]["claim"] in page
    for words in ("Table I", "Fig. 5, main", "Fig. 5, literal", "-22.06", made["claims"][0]["claim"]):
        assert words in out
    assert not (tmp_path / "reproduction" / "policies").exists()


def test_json_is_all_that_is_printed(rdebench):
    code, out, _ = rdebench("--episodes", 2, "--json", "--out", "elsewhere")
    assert code == 0
    assert json.loads(out)["settings"]["episodes"] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--preset", "huge"), "preset is 'huge'; use quick, standard, full"),
        (("--out", "file"), "file is a file; give --out a folder"),
        (("--seeds", "1", "--policies", "file/below"), "cannot be written"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(rdebench, tmp_path, words, said):
    (tmp_path / "file").write_text("")
    code, _, errors = rdebench(*words)
    assert code == 2
    assert said in errors
    assert "Traceback" not in errors


def test_without_the_packages_of_ppo(rdebench, monkeypatch):
    from rdebench.solvers import extras

    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    code, _, errors = rdebench("--preset", "full")
    assert code == 2
    assert "pip install 'rdebench[rl]'" in errors
    code, out, _ = rdebench("--episodes", 2)
    assert code == 0
    assert "PPO is left out" in out


def test_the_trainings_of_the_figures():
    jobs = plan(5, 300_000)
    assert len(jobs) == len(set(jobs)) == 50
    kinds = {(job.preset, job.reading, job.users) for job in jobs}
    assert {("main", "hinge", 6), ("main", "hinge", 9), ("literal", "signed", 9)} < kinds
    assert {("main", "signed", 12), ("main", "absolute", 12), ("literal", "hinge", 12)} < kinds
    assert plan(0, 300_000) == []


SMALL = Job("literal", "signed", 6, 0, 1)  # ends with the roll-out of 2,048 decisions that reaches it


@pytest.fixture
def small_pool(monkeypatch):
    pytest.importorskip("stable_baselines3")
    from rdebench.solvers.ppo.paper import PPOPaper

    monkeypatch.setattr(PPOPaper, "pool", 64)


def test_a_training_is_kept_and_found_again(small_pool, tmp_path):
    first = trainings.trained(SMALL.scenario(), 0, tmp_path, steps=1)
    assert len(first.rewards) == 1
    again = trainings.trained(SMALL.scenario(), 0, tmp_path, steps=1)
    assert (again.rewards, again.seconds) == (first.rewards, first.seconds)
    problems = SMALL.scenario().sample(3, 1)
    one, other = first.solver._decide(problems), again.solver._decide(problems)
    assert one.power == pytest.approx(other.power, rel=1e-5)
    assert trainings.finished(SMALL.scenario(), 1, tmp_path, steps=1) is None
    assert trainings.finished(SMALL.scenario(), 0, tmp_path, steps=2) is None
    # Nothing is left to do, so no process is started.
    train_all([SMALL], tmp_path, 1, report := [].append)
    assert report is not None


def test_a_half_written_training_does_not_count_and_a_damaged_one_is_named(small_pool, tmp_path):
    trainings.trained(SMALL.scenario(), 0, tmp_path, steps=1)
    (folder,) = tmp_path.iterdir()
    (folder / "training.json").unlink()
    assert trainings.finished(SMALL.scenario(), 0, tmp_path, steps=1) is None
    (folder / "training.json").write_text("{}")
    with pytest.raises(PolicyError, match="delete the folder"):
        trainings.finished(SMALL.scenario(), 0, tmp_path, steps=1)
    (folder / "training.json").write_text('{"rewards": [1.0], "seconds": 1.0}')
    (folder / "policy.safetensors").write_bytes(b"nonsense")
    with pytest.raises(PolicyError, match="delete the folder"):
        trainings.finished(SMALL.scenario(), 0, tmp_path, steps=1)


@pytest.mark.slow
def test_trainings_in_processes_of_their_own(tmp_path):
    pytest.importorskip("stable_baselines3")
    jobs, shares = [SMALL, Job("literal", "signed", 6, 1, 1)], []
    train_all(jobs, tmp_path, 2, shares.append)
    assert shares[0] == 0.0
    kept = [trainings.finished(job.scenario(), job.seed, tmp_path, steps=1) for job in jobs]
    assert all(kept)
    assert kept[0].rewards != kept[1].rewards


@pytest.mark.slow
def test_the_command_trains_and_goes_on(rdebench, monkeypatch, tmp_path):
    pytest.importorskip("stable_baselines3")
    monkeypatch.setattr(trainings, "plan", lambda seeds, steps: [Job("literal", "signed", 12, 0, steps)])
    words = ("--episodes", 4, "--seeds", 1, "--steps", 1)
    assert rdebench(*words)[0] == 0
    (kept,) = (tmp_path / "reproduction" / "policies").iterdir()
    before = (kept / "training.json").stat().st_mtime_ns
    assert rdebench(*words)[0] == 0
    assert (kept / "training.json").stat().st_mtime_ns == before
    made = json.loads((tmp_path / "reproduction" / "reproduction.json").read_text())
    (curve,) = made["convergence"]
    assert (curve["base"], curve["users"], len(curve["rewards"][0])) == ("literal", 12, 1)
    literal = next(one for one in made["readings"] if one["key"] == "literal")
    assert literal["strategies"]["ppo-paper"]["seeds"] == [0]
