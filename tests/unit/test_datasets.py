"""Images: dead leaves that come out the same everywhere, CIFAR-10's files, folders, and what is refused."""

from __future__ import annotations

import hashlib
import io
import tarfile

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rdebench.scm_zoo import datasets, errors  # noqa: E402
from rdebench.scm_zoo.datasets import DataError, load_images  # noqa: E402
from rdebench.scm_zoo.dead_leaves import dead_leaves  # noqa: E402

RECORD = 1 + 3 * 32 * 32
FILES = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]


def cifar_files(images=2):
    """CIFAR-10's six binary files with a few images of random bytes each."""
    rng = np.random.default_rng(0)
    return {name: rng.integers(0, 256, images * RECORD, dtype=np.uint8).tobytes() for name in FILES}


def write_folder(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def write_archive(folder, files):
    with tarfile.open(folder / "cifar-10-binary.tar.gz", "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def write_images(folder, count=3, size=(32, 32), suffix="png"):
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(1)
    for part in ("train", "test"):
        (folder / part).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
            image.fromarray(pixels).save(folder / part / f"{number:03}.{suffix}")


def test_dead_leaves_are_the_same_whatever_their_number_and_to_the_last_bit():
    many = dead_leaves(200, 3)
    assert many.shape == (200, 3, 32, 32)
    assert many.dtype == torch.uint8
    assert torch.equal(many[:70], dead_leaves(70, 3))
    assert not torch.equal(many[:70], dead_leaves(70, 4))
    digest = hashlib.sha256(many.numpy().tobytes()).hexdigest()
    assert digest.startswith("8e2884ef7cfc5f8d"), "cards report on these very images"


def test_dead_leaves_look_like_photographs():
    grey = dead_leaves(256, 1).float().mean(1).numpy() / 255
    window = np.outer(np.hanning(32), np.hanning(32))
    power = (abs(np.fft.fft2((grey - grey.mean((1, 2), keepdims=True)) * window)) ** 2).mean(0)
    frequency = np.hypot(*np.meshgrid(*2 * [np.fft.fftfreq(32) * 32])).round()
    rings = np.arange(2, 15)
    spectrum = [power[frequency == ring].mean() for ring in rings]
    slope = np.polyfit(np.log(rings), np.log(spectrum), 1)[0]
    steps = np.diff(grey, axis=2).ravel()
    kurtosis = (steps**4).mean() / (steps**2).mean() ** 2
    # CIFAR-10 by the same measures: -3.1, 9.5 and 0.20
    assert -3.4 < slope < -2.6
    assert 7 < kurtosis < 13
    assert 0.15 < grey.std((1, 2)).mean() < 0.25


def test_without_a_folder_there_are_dead_leaves():
    images = load_images(None, count=10)
    assert images.name == "dead-leaves"
    assert torch.equal(images.test, datasets.test_leaves())
    assert len(images.train) == 10
    assert len(images.test) == 1_000
    assert not torch.equal(images.train, images.test[:10])


@pytest.mark.parametrize("place", ["unpacked", "inside", "archive"])
def test_cifar_binary_files(tmp_path, place):
    files = cifar_files()
    if place == "archive":
        write_archive(tmp_path, files)
    else:
        write_folder(tmp_path / "cifar-10-batches-bin" if place == "unpacked" else tmp_path, files)
    images = load_images(tmp_path)
    assert images.name == "cifar10"
    assert images.train.shape == (10, 3, 32, 32)
    assert images.test.shape == (2, 3, 32, 32)
    second = np.frombuffer(files["data_batch_1.bin"], np.uint8)[RECORD:]
    # after the label red comes first, row by row
    assert images.train[1, 0, 0, :3].tolist() == second[1:4].tolist()
    assert images.train[1, 1, 0, 0].item() == second[1 + 1024]


def test_image_files(tmp_path):
    write_images(tmp_path / "mine")
    images = load_images(tmp_path / "mine")
    assert images.name == "mine"
    assert images.train.shape == images.test.shape == (3, 3, 32, 32)
    pixels = np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    assert np.array_equal(images.train[0].permute(1, 2, 0).numpy(), pixels)


def test_the_variable_names_a_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("RDEBENCH_DATA", raising=False)
    assert datasets.data_folder(None) is None
    monkeypatch.setenv("RDEBENCH_DATA", "elsewhere")
    assert str(datasets.data_folder(None)) == "elsewhere"
    assert datasets.data_folder(tmp_path) == tmp_path


def test_folders_that_cannot_be_used(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        load_images(tmp_path / "nowhere")
    with pytest.raises(DataError, match="neither"):
        load_images(tmp_path)
    (tmp_path / "train").mkdir()
    (tmp_path / "test").mkdir()
    with pytest.raises(DataError, match="no image files"):
        load_images(tmp_path)
    write_images(tmp_path / "dead-leaves")
    with pytest.raises(DataError, match="another name"):
        load_images(tmp_path / "dead-leaves")


def test_damaged_cifar_files_are_named(tmp_path):
    files = cifar_files()
    write_folder(tmp_path, files | {"data_batch_3.bin": files["data_batch_3.bin"][:-1]})
    with pytest.raises(DataError, match=r"data_batch_3\.bin has .* damaged"):
        load_images(tmp_path)
    (tmp_path / "data_batch_3.bin").unlink()
    with pytest.raises(DataError, match=r"data_batch_3\.bin"):
        load_images(tmp_path)


@pytest.mark.parametrize("damage", ["cut", "noise", "member", "middle"])
def test_damaged_archives_are_refused(tmp_path, damage):
    files = cifar_files()
    if damage == "member":
        del files["data_batch_5.bin"]
    write_archive(tmp_path, files)
    path = tmp_path / "cifar-10-binary.tar.gz"
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(
        {
            "cut": content[:middle],
            "noise": b"no archive at all",
            "member": content,
            "middle": content[:middle] + bytes(64) + content[middle + 64 :],
        }[damage]
    )
    with pytest.raises(DataError):
        load_images(tmp_path)


def test_image_files_that_cannot_be_used_are_named(tmp_path):
    write_images(tmp_path / "large", size=(33, 32))
    with pytest.raises(DataError, match=r"000\.png has 33 x 32 pixels"):
        load_images(tmp_path / "large")
    write_images(tmp_path / "text")
    (tmp_path / "text" / "train" / "001.png").write_text("no image")
    with pytest.raises(DataError, match=r"001\.png: not an image"):
        load_images(tmp_path / "text")
    write_images(tmp_path / "cut")
    path = tmp_path / "cut" / "test" / "002.png"
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(DataError, match=r"002\.png: not an image, or damaged"):
        load_images(tmp_path / "cut")


def test_fetching_checks_the_checksum(tmp_path, monkeypatch):
    pooch = pytest.importorskip("pooch")
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / name)
    seen = []
    monkeypatch.setattr(pooch, "retrieve", lambda url, known_hash, **_: seen.append((url, known_hash)))
    assert datasets.fetch_cifar10() == tmp_path / "rdebench"
    ((url, known_hash),) = seen
    assert url.startswith("https://")
    assert known_hash == "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"

    def fails(*_, **__):
        raise ValueError("SHA256 hash does not match")

    monkeypatch.setattr(pooch, "retrieve", fails)
    with pytest.raises(DataError, match="could not be fetched"):
        datasets.fetch_cifar10()


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(errors.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(errors.ZooError, match=r"needs pillow.*rdebench\[zoo\]"):
        errors.require_packages("PIL")
