"""Table I as it is read."""

from __future__ import annotations

import pytest

from rdebench.problems.scm_table import load_table, zoo_names

PAYLOAD = {"LeNet": 1.0, "ResNet": 2.0, "MobileNet": 3.0, "DPN-26": 4.0}


def table(payload=PAYLOAD, power_unit="mW", distortion_per_loss=1e-4):
    return load_table("paper-table1", payload, power_unit=power_unit, distortion_per_loss=distortion_per_loss)


def test_table_one_as_printed():
    assert zoo_names() == ["paper-table1"]
    read = table(power_unit="W", distortion_per_loss=1.0)
    assert read.names == ("LeNet", "ResNet", "MobileNet", "DPN-26")
    assert read.power == pytest.approx([120, 270, 170, 305])
    assert read.latency == pytest.approx([5.1, 5.3, 5.3, 9.5])
    assert read.distortion == pytest.approx([24.65, 14.0, 24.93, 10.76])
    assert read.payload == pytest.approx([1, 2, 3, 4])


def test_the_readings_of_power_and_loss():
    assert table().power == pytest.approx([0.120, 0.270, 0.170, 0.305])
    # lambda = 10^4 brings the printed loss back
    assert table().distortion * 1e4 == pytest.approx([24.65, 14.0, 24.93, 10.76])


def test_the_payload_selects_models_and_their_order():
    read = table({"DPN-26": 5.0, "LeNet": 6.0})
    assert read.names == ("DPN-26", "LeNet")
    assert read.power == pytest.approx([0.305, 0.120])
    assert read.payload == pytest.approx([5, 6])


def test_unknown_names():
    with pytest.raises(ValueError, match="zoo is 'table2'; use one of paper-table1"):
        load_table("table2", PAYLOAD, power_unit="W", distortion_per_loss=1.0)
    with pytest.raises(ValueError, match=r"payload names \['AlexNet'\]; paper-table1 has LeNet"):
        table({"AlexNet": 1.0})
    with pytest.raises(ValueError, match="payload names no model"):
        table({})
