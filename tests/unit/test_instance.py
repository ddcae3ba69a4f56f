"""Instance files: nothing is lost on the way through one, and every mistake is named."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from rdebench.problems import InstanceError, RDEProblem, instance

from ..two_users import two_users


def edited(**changes):
    """The text of a good file with some keys set, or removed where the value is ``...``."""
    data = json.loads(instance.to_json(two_users()))
    for key, value in changes.items():
        if value is ...:
            del data[key]
        else:
            data[key] = value
    return json.dumps(data)


def test_a_file_holds_the_whole_problem(tmp_path):
    problem, path = two_users(rate="spectral"), tmp_path / "two.json"
    instance.save(problem, path)
    again = instance.load(path)
    for field in dataclasses.fields(RDEProblem):
        assert np.array_equal(getattr(again, field.name), getattr(problem, field.name)), field.name
    assert again.content_hash() == problem.content_hash()


def test_whole_numbers_are_numbers():
    assert instance.from_json(edited(power_budget_w=16, gain=[1, 2])).power_budget == 16.0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"power_budget_w": float("nan")}, "power_budget_w is 'nan'"),
        ({"noise_psd_w_per_hz": float("inf")}, "noise_psd_w_per_hz is 'inf'"),
        ({"gain": [1.0, float("nan")]}, r"gain\[1\] is 'nan'"),
        ({"scm_power_w": [[1.0, float("inf")], [1.0, 1.0]]}, r"scm_power_w\[0\]\[1\] is 'inf'"),
        ({"power_budget_w": -3.0}, "power_budget_w is -3; .* a finite number > 0"),
        ({"bandwidth_budget_hz": -30e6}, "bandwidth_budget_hz is -3e[+]07"),
        ({"bandwidth_budget_hz": "30 MHz"}, "bandwidth_budget_hz is '30 MHz'"),
        ({"bandwidth_budget_hz": True}, "bandwidth_budget_hz is 'True'"),
        ({"noise_psd_w_per_hz": -174}, "noise_psd_w_per_hz is -174; .*not decibels"),
        ({"noise_psd_w_per_hz": 1e-300}, "noise_psd_w_per_hz is 1e-300, which gives a full-budget SNR"),
        ({"scm_latency_s": [[1.0, 2.0], [3.0]]}, "scm_latency_s is ragged: row 0 has 2 .* row 1 has 1"),
        ({"payload_bits": [[1.0, 2.0]]}, r"payload_bits has shape \[1, 2\]; it must be \[2, 2\]"),
        ({"payload_bits": [1.0, 2.0]}, r"payload_bits\[0\] is '1.0'"),
        ({"distortion": [[-1.0, 1.0], [1.0, 1.0]]}, "distortion holds -1"),
        ({"max_latency_s": [10.0]}, r"max_latency_s has shape \[1\]; it must be \[2\]"),
        ({"gain": []}, "gain has shape"),
        ({"rate": "bits"}, "rate is 'bits'"),
        ({"scm_names": ["a", "a"]}, "scm_names is .* each of them once"),
        ({"epsilon": ...}, "epsilon is missing"),
        (
            {"power_budget_w": ..., "power_budget_mw": 16000.0},
            "power_budget_w is missing|power_budget_mw is not a field .* did you mean 'power_budget_w'",
        ),
        ({"power_budget_mw": 3000.0}, "power_budget_mw is not a field .* did you mean 'power_budget_w'"),
        ({"colour": "red"}, "colour is not a field .*; use rate, scm_names, "),
        ({"format": "rdebench-instance/2"}, "format is 'rdebench-instance/2'; this version reads"),
        ({"format": ...}, "format is None"),
    ],
)
def test_each_mistake_is_one_error_that_names_the_field(changes, said):
    with pytest.raises(InstanceError, match=f"^({said})") as error:
        instance.from_json(edited(**changes))
    assert "\n" not in str(error.value)
    assert "https:" not in str(error.value)


@pytest.mark.parametrize("text", ["", "not JSON", '{"format": ', "\x00"])
def test_what_is_not_json(text):
    with pytest.raises(InstanceError, match=r"^not JSON"):
        instance.from_json(text)


@pytest.mark.parametrize("text", ["[]", "3", "null", '"rdebench-instance/1"'])
def test_json_that_is_no_object(text):
    with pytest.raises(InstanceError, match=r"^format is '(list|int|NoneType|str)'"):
        instance.from_json(text)


def test_a_number_too_large_for_a_float_is_named():
    for digits in ("1e999", "1" + "0" * 400):
        with pytest.raises(InstanceError, match=r"^power_budget_w is '(inf|100)"):
            instance.from_json(edited().replace('"power_budget_w": 16.0', f'"power_budget_w": {digits}'))


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 10_000])
def test_json_that_python_gives_up_on(text):
    with pytest.raises(InstanceError, match=r"^not JSON"):
        instance.from_json(text)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InstanceError, match=r"missing\.json: No such file"):
        instance.load(tmp_path / "missing.json")
    with pytest.raises(InstanceError, match="Is a directory"):
        instance.load(tmp_path)
    (tmp_path / "image.json").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(InstanceError, match=r"image\.json: .*utf-8"):
        instance.load(tmp_path / "image.json")
