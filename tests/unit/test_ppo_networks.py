"""The networks of the equivariant learners: renaming and padding change nothing but names and size."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rdebench.solvers.ppo.autoregressive import AutoregressivePolicy, Batch  # noqa: E402
from rdebench.solvers.ppo.hybrid_network import HybridNetwork, Observation  # noqa: E402
from rdebench.solvers.ppo.instances import grouped  # noqa: E402
from rdebench.solvers.ppo.network import Encoder  # noqa: E402
from rdebench.solvers.ppo.turn_network import TurnNetwork  # noqa: E402
from rdebench.solvers.ppo.turns import PricedTurns, TurnTable  # noqa: E402

from ..instances import random_problem  # noqa: E402

USERS, MODELS = 5, 4
BY_USER, BY_MODEL = [3, 0, 4, 1, 2], [2, 0, 3, 1]


def group(count=6, users=USERS, models=MODELS, seed=0):
    rng = np.random.default_rng(seed)
    found = grouped([random_problem(rng, users, models, demand=0.5) for _ in range(count)])[0]
    assert len(found) == count
    assert not found.data.allowed.all()
    return found


def lively(network, seed=0):
    """The network in double precision with random weights: as made, its heads are zero and hide everything."""
    torch.manual_seed(seed)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return network.double()


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def padded(array, users, models):
    """Zeros for the users and SCMs that there are not; axes 1 and 2 of ``array``."""
    widths = [(0, 0), (0, users - array.shape[1])]
    if array.ndim > 2:
        widths.append((0, models - array.shape[2]))
    widths += [(0, 0)] * (array.ndim - len(widths))
    return torch.from_numpy(np.pad(array.numpy(), widths))


@pytest.fixture
def seen():
    return Observation.of(group(), np.arange(6), torch.float64)


def changed(seen, change):
    tokens, prior, present = (change(getattr(seen, name)) for name in ("tokens", "prior", "present"))
    return Observation(tokens, seen.context, prior, present)


def test_encodings_are_renamed_with_users_and_scms():
    encoder, rng = lively(Encoder(7, 3, 8)), np.random.default_rng(1)
    tokens = torch.from_numpy(rng.normal(size=(2, USERS, MODELS, 7)))
    tokens[..., 0] = torch.from_numpy((rng.random((2, USERS, MODELS)) < 0.7).astype(float))
    context = torch.from_numpy(rng.normal(size=(2, 3)))
    pairs, instance = encoder(tokens, context)
    renamed, same = encoder(tokens[:, BY_USER][:, :, BY_MODEL], context)
    close(renamed, pairs[:, BY_USER][:, :, BY_MODEL])
    close(same, instance)
    assert pairs.std() > 0.1
    assert instance.std() > 0.1


def test_a_pair_hears_of_the_others():
    encoder = lively(Encoder(7, 3, 8))
    tokens, context = torch.ones(1, 3, 2, 7, dtype=torch.float64), torch.zeros(1, 3, dtype=torch.float64)
    other = tokens.clone()
    other[0, 2, 1, 3] = 5.0
    pairs, changed_pairs = encoder(tokens, context)[0], encoder(other, context)[0]
    assert not torch.equal(pairs[0, 0], changed_pairs[0, 0])


def test_hybrid_outputs_are_renamed_with_users_and_scms(seen):
    network = lively(HybridNetwork(16))
    logits, shares, value = network(seen)
    by_user = network(changed(seen, lambda array: array[:, BY_USER]))
    close(by_user[0], logits[:, BY_USER])
    close(by_user[1], shares[:, BY_USER])
    close(by_user[2], value)
    renamed = Observation(seen.tokens[:, :, BY_MODEL], seen.context, seen.prior[:, :, BY_MODEL], seen.present)
    by_model = network(renamed)
    close(by_model[0], logits[:, :, BY_MODEL])
    close(by_model[1], shares[:, :, BY_MODEL])
    close(by_model[2], value)
    assert (logits[seen.tokens[..., 0] == 0.0] < -1e8).all()


def test_hybrid_outputs_do_not_depend_on_padding(seen):
    network = lively(HybridNetwork(16))
    logits, shares, value = network(seen)
    larger = network(changed(seen, lambda array: padded(array, USERS + 3, MODELS + 2)))
    close(larger[0][:, :USERS, :MODELS], logits)
    close(larger[1][:, :USERS, :MODELS], shares)
    close(larger[2], value)
    assert (larger[0][:, :USERS, MODELS:] < -1e8).all()
    assert torch.isfinite(larger[0]).all()


@pytest.mark.parametrize("turn", [0, 3])
def test_logits_of_a_turn_are_renamed_with_scms_and_do_not_depend_on_padding(turn):
    turns = PricedTurns(TurnTable.of(group()), np.arange(6))
    for _ in range(turn):
        turns.choose(turns.allowed.argmax(axis=1))
    seen = {name: torch.from_numpy(array).double() for name, array in turns.observation().items()}
    network = lively(TurnNetwork(16))
    logits, value = network(**seen)
    renamed, same = network(seen["tokens"][:, BY_MODEL], seen["context"], seen["loss"][:, BY_MODEL])
    close(renamed, logits[:, BY_MODEL])
    close(same, value)
    tokens = torch.nn.functional.pad(seen["tokens"], (0, 0, 0, 3))
    larger, same = network(tokens, seen["context"], torch.nn.functional.pad(seen["loss"], (0, 3)))
    close(larger[:, :MODELS], logits)
    close(same, value)


def test_autoregressive_logits_are_renamed_with_scms():
    policy, batch = lively(AutoregressivePolicy(16)), Batch.of(group(), np.arange(6), torch.float64)
    back = torch.tensor(BY_MODEL).argsort()
    other = Batch(
        tokens=batch.tokens[:, :, BY_MODEL],
        context=batch.context,
        loss=batch.loss[:, :, BY_MODEL],
        cost=batch.cost[:, :, BY_MODEL],
        plan=back[batch.plan],
        allowed=batch.allowed[:, :, BY_MODEL],
    )
    close(policy.target_logits(other, other.plan), policy.target_logits(batch, batch.plan)[:, :, BY_MODEL])
    noise = torch.zeros(6, 1, USERS, MODELS, dtype=torch.float64)
    assert torch.equal(policy.decode(other, noise), back[policy.decode(batch, noise)])


def test_autoregressive_decoding_takes_what_its_logits_prefer():
    """Logits with the chosen ones as targets are those of decoding, so their argmax are the chosen ones."""
    policy, data = lively(AutoregressivePolicy(16)), group(seed=3)
    batch = Batch.of(data, np.arange(6), torch.float64)
    noise = torch.zeros(6, 2, USERS, MODELS, dtype=torch.float64)
    noise[:, 1] = torch.from_numpy(np.random.default_rng(4).gumbel(size=(6, USERS, MODELS)))
    chosen = policy.decode(batch, noise)
    for sample in range(2):
        logits = policy.target_logits(batch, chosen[:, sample]) + noise[:, sample]
        assert torch.equal(logits.argmax(-1), chosen[:, sample])
    assert not torch.equal(chosen[:, 0], chosen[:, 1])
    rows = np.arange(6)[:, None]
    assert data.data.allowed[rows, np.arange(USERS), chosen[:, 0].numpy()].all()


def test_a_user_sees_only_those_before_it():
    policy, batch = lively(AutoregressivePolicy(16)), Batch.of(group(), np.arange(6), torch.float64)
    target, other = batch.plan.clone(), batch.plan.clone()
    other[:, 2] = (other[:, 2] + 1) % MODELS
    one, two = policy.target_logits(batch, target), policy.target_logits(batch, other)
    close(one[:, :3], two[:, :3])
    assert (one[:, 3:] != two[:, 3:]).any()


def test_one_set_of_weights_serves_every_size():
    network, policy = lively(HybridNetwork(8)), lively(AutoregressivePolicy(8))
    for users, models in ((1, 1), (2, 5), (30, 3)):
        rng = np.random.default_rng(users)
        data = grouped([random_problem(rng, users, models, demand=0.2)])[0]
        logits, _, _ = network(Observation.of(data, np.zeros(1, int), torch.float64))
        assert logits.shape == (1, users, models)
        batch = Batch.of(data, np.zeros(1, int), torch.float64)
        noise = torch.zeros(1, 1, users, models, dtype=torch.float64)
        assert policy.decode(batch, noise).shape == (1, 1, users)
