"""Networks to torch and back: the same parameters, the same outputs, and what cannot be expressed."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import multilayer as ml
from multilayer.convert.torch import PAIRS
from multilayer.formulas.activations import ACTIVATIONS

torch = pytest.importorskip("torch")
nn = torch.nn

RNG = np.random.default_rng(0)
X = np.concatenate([RNG.normal(size=(40, 5)), 30.0 * RNG.normal(size=(40, 5))])
NAMES = [pair.name for pair in PAIRS]
WITH_OPTIONS = [ml.activation("leaky_relu", slope=0.3), ml.activation("elu", alpha=0.5)]


def outputs(module: Any, rows: Any = X, dtype: Any = torch.float64) -> Any:
    with torch.no_grad():
        return module(torch.as_tensor(rows, dtype=dtype)).numpy()


def networks() -> st.SearchStrategy[ml.Network]:
    """Networks of dense and dropout layers."""
    dense = st.builds(ml.Dense, st.integers(1, 6), st.sampled_from(NAMES), st.booleans())
    hidden = st.lists(dense | st.builds(ml.Dropout, st.sampled_from([0.0, 0.25, 0.5])), max_size=4)
    last = st.integers(1, 4) | st.builds(ml.Dense, st.integers(1, 4), bias=st.booleans())
    ends = st.sampled_from([*NAMES, "softmax"])

    @st.composite
    def build(draw: Any) -> ml.Network:
        output = draw(ends)
        layers = [5, *draw(hidden), draw(last)]
        if output == "softmax":
            layers[-1] = 3
        return ml.Network(layers, output=output)

    return build()


class TestThereAndBack:
    @given(networks(), st.integers(0, 9))
    def test_outputs_are_equal_and_parameters_come_back(self, network: ml.Network, seed: int) -> None:
        theta = network.initialize(seed)
        module = ml.to_torch(network, theta)
        np.testing.assert_allclose(outputs(module), network.forward(theta, X), rtol=1e-12, atol=1e-12)
        back, parameters = ml.from_torch(module)
        np.testing.assert_array_equal(back.pack(parameters), network.pack(theta))
        np.testing.assert_array_equal(back.forward(parameters, X), network.forward(theta, X))
        assert back.operations == network.operations

    @pytest.mark.parametrize("g", [*NAMES, *WITH_OPTIONS], ids=str)
    def test_every_activation(self, g: Any) -> None:
        network = ml.Network([5, ml.Dense(8, g), 2])
        theta = network.initialize(seed=0)
        module = ml.to_torch(network, theta)
        np.testing.assert_allclose(outputs(module), network.forward(theta, X), rtol=1e-12, atol=1e-12)
        back, _ = ml.from_torch(module)
        assert ml.activation(back.layers[1].activation) == ml.activation(g)  # type: ignore[union-attr]

    @pytest.mark.parametrize("g", NAMES)
    def test_float32(self, g: str) -> None:
        network = ml.Network([5, ml.Dense(8, g), 3], output="softmax")
        theta = network.unpack(network.pack(network.initialize(seed=0), np.float32))
        module = ml.to_torch(network, theta)
        assert {p.dtype for p in module.parameters()} == {torch.float32}
        rows = X[:40].astype(np.float32)
        np.testing.assert_allclose(outputs(module, rows, torch.float32), network.forward(theta, rows), atol=1e-6)
        _, back = ml.from_torch(module)
        assert back[0].W.dtype == np.float32

    def test_every_activation_of_torch_is_known_by_one_name(self) -> None:
        assert len({pair.name for pair in PAIRS}) == len({pair.module for pair in PAIRS}) == len(PAIRS)
        assert {pair.name for pair in PAIRS} <= set(ACTIVATIONS)


class TestToTorch:
    def test_copies(self) -> None:
        network = ml.Network([5, 2])
        theta = network.initialize(seed=0)
        module = ml.to_torch(network, theta)
        theta[0].W[...] = 7.0
        assert not (module[0].weight == 7.0).any()

    def test_logits_leave_the_output_out(self) -> None:
        network = ml.Network([5, 4, 3], output="softmax")
        theta = network.initialize(seed=0)
        z = ml.to_torch(network, theta, logits=True)
        assert type(z[-1]) is nn.Linear
        np.testing.assert_allclose(torch.softmax(torch.as_tensor(outputs(z)), -1), network.forward(theta, X))

    @pytest.mark.parametrize("output", ["exp", "sparsemax", "sine"])
    def test_logits_of_outputs_that_torch_has_not(self, output: str) -> None:
        network = ml.Network([5, 3], output=output)
        theta = network.initialize(seed=0)
        with pytest.raises(ValueError, match=rf"^network: torch.nn has no module for output '{output}'; .*logits=True"):
            ml.to_torch(network, theta)
        assert len(ml.to_torch(network, theta, logits=True)) == 1

    def test_outputs_by_groups_are_refused_by_name(self) -> None:
        network = ml.Network([5, 3], output=ml.output("softmax", groups=(1, 2)))
        theta = network.initialize(seed=0)
        with pytest.raises(ValueError, match=r"^network: .* output 'softmax' by groups, came \(1, 2\); .*logits=True"):
            ml.to_torch(network, theta)
        assert len(ml.to_torch(network, theta, logits=True)) == 1

    def test_is_in_evaluation_mode_and_drops_out_in_training_mode(self) -> None:
        network = ml.Network([5, ml.Dropout(0.5), 3])
        module = ml.to_torch(network, network.initialize(seed=0))
        assert not module.training
        module.train()
        assert not np.array_equal(outputs(module), outputs(module))

    def test_trains_on(self) -> None:
        """One step of torch's SGD is one of ours."""
        network = ml.Network([5, 4, 3], activation="tanh", output="softmax")
        theta, labels = network.initialize(seed=0), np.arange(80) % 3
        module = ml.to_torch(network, theta, logits=True)
        loss = nn.CrossEntropyLoss()(module(torch.as_tensor(X)), torch.as_tensor(labels))
        loss.backward()
        torch.optim.SGD(module.parameters(), lr=0.1).step()
        objective = ml.Objective(network, loss="cross_entropy")
        run = ml.train(objective, theta, X, labels, rule=ml.GradientDescent(0.1), batch_size=None, epochs=1)
        _, stepped = ml.from_torch(module, output="softmax")
        np.testing.assert_allclose(network.pack(stepped), network.pack(run.theta), rtol=1e-10)

    @pytest.mark.parametrize(
        ("network", "message"),
        [
            (ml.Network([2, 3, 1], "sine"), "no module for activation 'sine'"),
            (ml.Network([2, 3, 1], "heaviside"), "no module for activation 'heaviside'"),
            (ml.Network([2, 3, 1], replace(ACTIVATIONS["relu"], function=abs)), "no module for activation 'relu'"),
            (ml.Network([2, ml.Maxout(3), 1]), "no module for Maxout layers"),
            (ml.Network([2, ml.APL(3), 1]), "no module for APL layers"),
        ],
    )
    def test_refusals(self, network: ml.Network, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            ml.to_torch(network, network.initialize(seed=0))

    def test_other_refusals(self) -> None:
        with pytest.raises(TypeError, match=r"^network: must be a Network, came str"):
            ml.to_torch("net", ())  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"^dtype: must be float32 or float64, came float16"):
            ml.to_torch(ml.Network([1, 1]), np.zeros(2), dtype=np.float16)
        with pytest.raises(ValueError, match=r"^theta"):
            ml.to_torch(ml.Network([1, 1]), np.zeros(3))


class TestFromTorch:
    def test_opens_what_stands_inside(self) -> None:
        torch.manual_seed(0)
        block = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Dropout(0.1))
        module = nn.Sequential(nn.Flatten(), block, nn.Sequential(nn.Linear(4, 3), nn.Identity())).double().eval()
        network, theta = ml.from_torch(module)
        np.testing.assert_allclose(network.forward(theta, X), outputs(module), rtol=1e-12)
        assert network.layers == (5, ml.Dense(4, "relu", True), ml.Dropout(0.1), ml.Dense(3, bias=True))

    def test_one_activation_module_in_several_places(self) -> None:
        g = nn.Tanh()
        module = nn.Sequential(nn.Linear(5, 4), g, nn.Linear(4, 3), g, nn.Linear(3, 1)).double()
        network, theta = ml.from_torch(module)
        np.testing.assert_allclose(network.forward(theta, X), outputs(module), rtol=1e-12)

    def test_copies(self) -> None:
        module = nn.Sequential(nn.Linear(5, 1))
        _, theta = ml.from_torch(module)
        theta[0].W[...] = 7.0
        assert not (module[0].weight == 7.0).any()

    @pytest.mark.parametrize("end", [nn.Softmax(dim=-1), nn.Softmax(dim=1), nn.LogSoftmax(dim=-1), nn.Identity()])
    def test_probabilities_of_a_classifier(self, end: Any) -> None:
        module = nn.Sequential(nn.Linear(5, 3), end).double()
        network, theta = ml.from_torch(module, output="softmax")
        expected = torch.softmax(module[0](torch.as_tensor(X)), -1).detach()
        np.testing.assert_allclose(network.forward(theta, X), expected, rtol=1e-12)
        assert network.output.name == "softmax"

    def test_half_precision_becomes_single(self) -> None:
        module = nn.Sequential(nn.Linear(5, 3)).to(torch.bfloat16)
        _, theta = ml.from_torch(module)
        assert theta[0].W.dtype == np.float32
        np.testing.assert_array_equal(theta[0].W, module[0].weight.detach().float().numpy())

    @pytest.mark.parametrize(
        ("module", "message"),
        [
            (nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)), "BatchNorm1d at 1 has no counterpart"),
            (nn.Sequential(nn.Linear(2, 3), nn.PReLU(), nn.Linear(3, 1)), "PReLU at 1 has no counterpart"),
            (
                nn.Sequential(nn.Linear(2, 3), nn.GELU("tanh"), nn.Linear(3, 1)),
                "GELU at 1 must have approximate='none'",
            ),
            (nn.Sequential(nn.Linear(2, 3), nn.Softplus(beta=2)), r"Softplus at 1 must have beta=1.0, came 2"),
            (nn.Sequential(nn.Linear(2, 3), nn.Hardtanh(0, 1)), r"Hardtanh at 1 must have min_val=-1.0, came 0"),
            (nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Tanh()), "Tanh at 2 must stand directly behind a Linear"),
            (nn.Sequential(nn.Linear(2, 3), nn.Dropout(), nn.ReLU()), "ReLU at 2 must stand directly behind a Linear"),
            (nn.Sequential(nn.ReLU(), nn.Linear(2, 3)), "ReLU at 0 stands before the first Linear"),
            (nn.Sequential(nn.Conv2d(1, 1, 3), nn.Linear(2, 3)), "Conv2d at 0 stands before the first Linear"),
            (
                nn.Sequential(nn.Linear(2, 3), nn.Softmax(dim=-1), nn.Linear(3, 1)),
                "a softmax may stand at the end only",
            ),
            (
                nn.Sequential(nn.Linear(2, 3), nn.Softmax(dim=0)),
                "Softmax at 1 must act on each row, dim=-1, came dim=0",
            ),
            (nn.Sequential(nn.Linear(2, 3), nn.LogSoftmax(dim=1)), "LogSoftmax gives logarithms; output='softmax'"),
            (nn.Sequential(nn.Linear(2, 3), nn.Dropout()), "must end with a Linear"),
            (nn.Sequential(), "must end with a Linear"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_refusals(self, module: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            ml.from_torch(module)

    def test_a_class_of_the_users_own_is_no_relu(self) -> None:
        class ReLU(nn.Module):
            pass

        with pytest.raises(ValueError, match=r"test_torch\..*ReLU at 1 has no counterpart"):
            ml.from_torch(nn.Sequential(nn.Linear(2, 3), ReLU()))

    def test_an_output_beside_the_modules_own(self) -> None:
        module = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid())
        with pytest.raises(ValueError, match=r"^output: the module ends with 'sigmoid' itself, came 'softmax'"):
            ml.from_torch(module, output="softmax")
        assert ml.from_torch(module, output="sigmoid")[0].output.name == "sigmoid"

    def test_other_modules(self) -> None:
        with pytest.raises(TypeError, match=r"^module: must be a torch.nn.Sequential, came Linear"):
            ml.from_torch(nn.Linear(2, 3))


@pytest.mark.parametrize("convert", [lambda: ml.from_torch(None), lambda: ml.to_torch(ml.Network([1, 1]), np.zeros(2))])
def test_a_missing_torch_is_told(convert: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r'pip install "multilayer\[torch\]"'):
        convert()


def test_the_pages_example(capsys: pytest.CaptureFixture[str]) -> None:
    page = Path(__file__).parents[2] / "docs" / "conversion.md"
    (code,) = re.findall(r"```py\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    exec(code, {})
    assert capsys.readouterr().out.startswith("(4, Dense(units=16, activation='relu', bias=True), Dropout(rate=0.2)")
