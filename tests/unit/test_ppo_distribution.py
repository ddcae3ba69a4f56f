"""The distribution over hybrid actions: what torch's own distributions say of its parts, and of padding nothing."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from rdebench.solvers.ppo.hybrid_distribution import HybridDistribution  # noqa: E402


def random_parts(users=4, models=3, numbers=2, batch=5, seed=0):
    """Logits, means, log standard deviations and who is present, in double precision."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    present = torch.ones(batch, users, dtype=torch.float64)
    return draw(batch, users, models), draw(batch, users, models, numbers), draw(numbers), present


def test_two_users_by_hand():
    """Chances 1/4 and 3/4, means 1 and -1 that go with the SCM, standard deviation 2."""
    logits = torch.tensor([[[0.0, math.log(3.0)], [math.log(3.0), 0.0]]])
    means = torch.tensor([[[[9.0], [1.0]], [[-1.0], [9.0]]]])
    distribution = HybridDistribution(logits, means, torch.tensor([math.log(2.0)]), torch.ones(1, 2))
    assert distribution.mode().tolist() == [[1.0, 0.0, 1.0, -1.0]]
    density = math.log(0.75) - math.log(2.0) - 0.5 * math.log(2.0 * math.pi)
    at_mode = distribution.log_prob(distribution.mode())
    assert at_mode.item() == pytest.approx(2.0 * density, rel=1e-6)
    other = torch.tensor(
        [[0.0, 0.0, 9.0, 3.0]]
    )  # the unlikely SCM of the first user, two deviations off in the second
    expected = 2.0 * density + math.log(1.0 / 3.0) - 0.5 * 2.0**2
    assert distribution.log_prob(other).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("numbers", [0, 1, 2])
def test_log_prob_is_that_of_torch(numbers):
    logits, means, log_std, present = random_parts(numbers=numbers)
    distribution = HybridDistribution(logits, means, log_std, present)
    torch.manual_seed(1)
    actions = distribution.sample()
    scm, values = distribution.split(actions)
    found = distribution.log_prob(actions)
    for row in range(5):
        expected = 0.0
        for user in range(4):
            choice = scm[row, user]
            expected += torch.distributions.Categorical(logits=logits[row, user]).log_prob(choice).item()
            for c in range(numbers):
                normal = torch.distributions.Normal(means[row, user, choice, c], log_std[c].exp())
                expected += normal.log_prob(values[row, user, c]).item()
        assert found[row].item() == pytest.approx(expected, rel=1e-12)


def test_entropy_is_the_mean_of_minus_log_prob():
    logits, means, log_std, present = random_parts(batch=1, seed=2)
    one = HybridDistribution(logits, means, log_std, present)
    many = HybridDistribution(
        logits.expand(60_000, -1, -1), means.expand(60_000, -1, -1, -1), log_std, present
    )
    torch.manual_seed(3)
    surprise = -many.log_prob(many.sample())
    error = (surprise.std() / 60_000**0.5).item()
    assert one.entropy().item() == pytest.approx(surprise.mean().item(), abs=4.0 * error)
    assert error < 0.01


def test_samples_come_as_often_as_their_chances_around_their_means():
    logits = torch.tensor([[[0.0, math.log(4.0)]]]).expand(50_000, -1, -1)
    means = torch.tensor([[[[5.0], [-5.0]]]]).expand(50_000, -1, -1, -1)
    distribution = HybridDistribution(logits, means, torch.tensor([-1.0]), torch.ones(50_000, 1))
    torch.manual_seed(4)
    scm, numbers = distribution.split(distribution.sample())
    assert scm.double().mean().item() == pytest.approx(0.8, abs=0.01)
    for choice, mean in ((0, 5.0), (1, -5.0)):
        found = numbers[scm == choice]
        assert found.mean().item() == pytest.approx(mean, abs=0.02)
        assert found.std().item() == pytest.approx(math.exp(-1.0), abs=0.01)


def test_splitting_undoes_joining():
    _, means, _, present = random_parts()
    logits = torch.full((5, 4, 3), -1e9)
    scm = torch.randint(3, (5, 4), generator=torch.Generator().manual_seed(5))
    logits.scatter_(2, scm[..., None], 0.0)
    distribution = HybridDistribution(logits, means, torch.zeros(2), present)
    actions = distribution.mode()
    assert actions.shape == (5, 12)
    split, numbers = distribution.split(actions.float())
    assert torch.equal(split, scm)
    expected = torch.stack([means[b, m, scm[b, m]] for b in range(5) for m in range(4)]).reshape(5, 4, 2)
    assert torch.equal(numbers, expected.float())
    # all SCMs first, then all first numbers, then all second ones
    assert torch.equal(actions[:, 4:8], expected[..., 0])
    assert torch.equal(actions[:, 8:], expected[..., 1])


def test_excluded_choices_are_never_sampled_and_spoil_no_entropy():
    logits, means, log_std, present = random_parts(batch=2000, seed=6)
    logits[..., 1] = -1e9
    distribution = HybridDistribution(logits, means, log_std, present)
    scm, _ = distribution.split(distribution.sample())
    assert not (scm == 1).any()
    without = HybridDistribution(logits[..., [0, 2]], means[:, :, [0, 2]], log_std, present)
    torch.testing.assert_close(distribution.entropy(), without.entropy(), rtol=1e-12, atol=0.0)


def test_padded_users_have_no_influence():
    logits, means, log_std, present = random_parts(seed=7)
    present[:, 2:] = 0.0
    distribution = HybridDistribution(logits, means, log_std, present)
    alone = HybridDistribution(logits[:, :2], means[:, :2], log_std, present[:, :2])
    torch.manual_seed(8)
    actions = distribution.sample()
    scm, numbers = distribution.split(actions)
    kept = torch.cat([scm[:, None, :2].double(), numbers[:, :2].transpose(1, 2)], 1).flatten(1)
    torch.testing.assert_close(distribution.log_prob(actions), alone.log_prob(kept), rtol=1e-12, atol=0.0)
    torch.testing.assert_close(distribution.entropy(), alone.entropy(), rtol=1e-12, atol=0.0)
    everybody = HybridDistribution(logits, means, log_std, torch.ones_like(present))
    assert (everybody.entropy() != distribution.entropy()).all()
