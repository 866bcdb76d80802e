"""Dense layers, activations, perceptrons, and the first values of their parameters."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

import dualtape as dt
from dualtape import Tensor, initializer, nn, ops
from dualtape.devices.device import Device
from dualtape.initializer import HeUniform, Normal, TruncatedNormal, XavierUniform


@pytest.fixture
def x() -> Tensor:
    return Tensor([[1.0, 2.0], [-1.0, 0.5], [0.0, 3.0]])


def test_dense_is_a_product_plus_a_bias(x: Tensor, device: Device) -> None:
    layer = nn.Dense(2, 3, seed=0)
    weight, bias = layer.weight.asnumpy(), layer.bias.asnumpy()
    found = layer(x.to(device)).asnumpy()
    np.testing.assert_allclose(found, x.asnumpy() @ weight.T + bias, rtol=1e-6)


def test_dense_takes_any_number_of_leading_axes() -> None:
    layer = nn.Dense(2, 3)
    for shape in ((2,), (4, 2), (5, 4, 2), (0, 2)):
        assert layer(ops.ones(shape)).shape == (*shape[:-1], 3)


def test_dense_without_bias_has_none() -> None:
    layer = nn.Dense(2, 3, has_bias=False)
    assert layer.bias is None
    assert len(layer.trainable_params()) == 1


@pytest.mark.parametrize("activation", ["tanh", nn.Tanh(), ops.tanh])
def test_dense_takes_an_activation_in_each_form(x: Tensor, activation: object) -> None:
    layer = nn.Dense(2, 3, weight_init="ones", bias_init=0.5, activation=activation)
    np.testing.assert_allclose(layer(x).asnumpy()[0], np.tanh([3.5] * 3), rtol=1e-6)


def test_dense_starts_uniform_within_one_over_the_root_of_its_inputs() -> None:
    layer = nn.Dense(100, 400, seed=1)
    for parameter in (layer.weight, layer.bias):
        values = parameter.asnumpy()
        assert np.abs(values).max() <= 0.1
        assert abs(values.std() - 0.1 / math.sqrt(3)) < 0.005


def test_dense_takes_tensors_as_first_values() -> None:
    weight = Tensor([[1.0, 2.0]])
    layer = nn.Dense(2, 1, weight_init=weight, bias_init=Tensor([3.0]))
    assert layer.weight.tolist() == [[1.0, 2.0]]
    assert layer.bias.tolist() == [3.0]


def test_dense_in_other_float_types() -> None:
    layer = nn.Dense(2, 1, dtype=dt.float64)
    assert layer(Tensor(np.ones((1, 2)))).dtype is dt.float64
    assert nn.Dense(2, 1, dtype=dt.float16)(ops.ones((1, 2), dt.float16)).dtype is dt.float16


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: nn.Dense(2, 1)(ops.ones((3, 4))), ValueError, r"shape \(3, 4\); expected 2 \(in_channels\)"),
        (lambda: nn.Dense(2, 1)(Tensor(1.0)), ValueError, r"shape \(\)"),
        (lambda: nn.Dense(2, 1)(Tensor(np.ones((1, 2)))), TypeError, r"Float64.*Float32.*astype"),
        (lambda: nn.Dense(2, 1)(Tensor([[1, 2]])), TypeError, "Int64; expected Float32"),
        (lambda: nn.Dense(0, 1), ValueError, "`in_channels` of `Dense` must be positive"),
        (lambda: nn.Dense(2.0, 1), TypeError, "`in_channels` of `Dense` must be an int"),
        (lambda: nn.Dense(2, 1, has_bias=1), TypeError, "`has_bias`"),
        (lambda: nn.Dense(2, 1, activation="tanhh"), ValueError, "no activation is named 'tanhh'"),
        (lambda: nn.Dense(2, 1, activation=3), TypeError, "`activation` must be"),
        (lambda: nn.Dense(2, 1, dtype=dt.int32), TypeError, "float type, got Int32"),
        (lambda: nn.Dense(2, 1, weight_init="orthogonol"), ValueError, "no initializer is named 'orthogonol'"),
        (lambda: nn.Dense(2, 1, weight_init=Tensor([1.0])), ValueError, r"`weight_init`.*\(1, 2\), got \(1,\)"),
        (lambda: nn.Dense(2, 1, weight_init=[1.0]), TypeError, "`init` must be"),
        (lambda: nn.Dense(2, 1, bias_init="xavier_uniform"), ValueError, "two axes"),
        (lambda: nn.MLP(2, 1, depth=-1), ValueError, "`depth` of `MLP`"),
        (lambda: nn.MLP(2, 1, width=0), ValueError, "`width` of `MLP`"),
        (lambda: nn.MLP(2, 1, seed="a"), TypeError, "`seed` must be an int"),
        (lambda: nn.MLP(2, 1, seed=-1), ValueError, "`seed` must not be negative"),
        (lambda: nn.Flatten(2, 1)(ops.ones((1, 2, 3))), ValueError, "is empty"),
        (lambda: nn.get_activation(3), TypeError, "must be a str"),
    ],
)
def test_misuse_is_named(use: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        use()


def test_mlp_has_depth_hidden_layers() -> None:
    net = nn.MLP(2, 3, width=7, depth=4)
    assert [layer.weight.shape for layer in net.layers] == [(7, 2), (7, 7), (7, 7), (7, 7), (3, 7)]
    assert [layer.activation is None for layer in net.layers] == [False] * 4 + [True]
    assert net(ops.ones((5, 2))).shape == (5, 3)
    assert len(nn.MLP(2, 1, depth=0).trainable_params()) == 2


def test_mlp_starts_as_glorot_says() -> None:
    net = nn.MLP(2, 1, width=300, depth=2, seed=3)
    assert abs(net.layers[1].weight.asnumpy().std() - math.sqrt(2 / 600)) < 1e-3
    assert not net.layers[1].bias.asnumpy().any()


def test_seeds_repeat_networks_exactly() -> None:
    def weights(seed: int | None) -> list[float]:
        return nn.MLP(2, 1, width=3, depth=1, seed=seed).layers[0].weight.asnumpy().ravel().tolist()

    assert weights(1) == weights(1) != weights(2)
    dt.set_seed(5)
    first = weights(None), weights(None)
    assert first[0] != first[1]
    dt.set_seed(5)
    assert (weights(None), weights(None)) == first
    assert dt.get_seed() == 5


def test_a_seed_of_a_network_leaves_the_common_stream_alone() -> None:
    dt.set_seed(5)
    expected = nn.Dense(1, 1).weight.item()
    dt.set_seed(5)
    nn.MLP(2, 1, seed=9)
    assert nn.Dense(1, 1).weight.item() == expected


def test_mlp_in_float64_and_derivatives_of_high_order(device: Device) -> None:
    net = nn.MLP(1, 1, width=4, depth=2, dtype=dt.float64, seed=0)
    points = Tensor(np.linspace(-1, 1, 3).reshape(3, 1))
    u, u_xxx = dt.partials(net, [(0,), (3,)])(points)
    assert u.dtype is u_xxx.dtype is dt.float64
    h = 1e-3
    near = [net(points + k * h).asnumpy() for k in (-2, -1, 1, 2)]
    difference = (near[3] - 2 * near[2] + 2 * near[1] - near[0]) / (2 * h**3)
    np.testing.assert_allclose(u_xxx.asnumpy(), difference, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("cell", "function"),
    [
        (nn.Tanh(), ops.tanh),
        (nn.Sigmoid(), ops.sigmoid),
        (nn.ReLU(), ops.relu),
        (nn.SiLU(), ops.silu),
        (nn.SeLU(), ops.selu),
        (nn.Softplus(), ops.softplus),
        (nn.Sin(), ops.sin),
        (nn.LeakyReLU(0.1), lambda x: ops.leaky_relu(x, 0.1)),
        (nn.ELU(0.5), lambda x: ops.elu(x, 0.5)),
        (nn.GELU(), lambda x: ops.gelu(x, "tanh")),
        (nn.GELU(approximate=False), ops.gelu),
        (nn.Softmax(0), lambda x: ops.softmax(x, 0)),
        (nn.LogSoftmax(), ops.log_softmax),
        (nn.Identity(), lambda x: x),
    ],
)
def test_activations_are_functions_as_cells(x: Tensor, cell: nn.Cell, function: Callable[[Tensor], Tensor]) -> None:
    assert cell(x).tolist() == function(x).tolist()
    assert not list(cell.get_parameters())


def test_activations_are_found_by_name(x: Tensor) -> None:
    for name in ("tanh", "Sigmoid", "relu", "silu", "swish", "gelu", "elu", "selu", "softplus", "sin", "leaky_relu"):
        assert nn.get_activation(name)(x).shape == x.shape


def test_flatten_merges_axes() -> None:
    x = ops.ones((2, 3, 4))
    assert nn.Flatten()(x).shape == (2, 12)
    assert nn.Flatten(0)(x).shape == (24,)
    assert nn.Flatten(0, 1)(x).shape == (6, 4)
    assert nn.Flatten()(ops.ones(3)).shape == (3,)
    assert nn.Flatten()(Tensor(1.0)).shape == (1,)


@pytest.mark.parametrize(
    ("init", "bound", "deviation"),
    [
        ("uniform", 0.07, 0.07 / math.sqrt(3)),
        ("normal", math.inf, 0.01),
        ("truncated_normal", 0.02, 0.0088),
        ("xavier_uniform", math.sqrt(6 / 500), math.sqrt(2 / 500)),
        ("xavier_normal", math.inf, math.sqrt(2 / 500)),
        ("he_uniform", math.sqrt(6 / 300), math.sqrt(2 / 300)),
        ("he_normal", math.inf, math.sqrt(2 / 300)),
        ("zeros", 0.0, 0.0),
        (Normal(2.0), math.inf, 2.0),
        (XavierUniform(gain=2.0), 2 * math.sqrt(6 / 500), 2 * math.sqrt(2 / 500)),
        (HeUniform(mode="fan_out", nonlinearity="tanh"), 5 / 3 * math.sqrt(3 / 200), 5 / 3 / math.sqrt(200)),
        (TruncatedNormal(1.0, a=-1.0, b=1.0), 1.0, 0.5396),
    ],
)
def test_initializers_have_their_distribution(init: object, bound: float, deviation: float) -> None:
    values = initializer.initializer(init, (200, 300), dt.float64, seed=2).asnumpy()
    assert np.abs(values).max() <= bound
    assert abs(values.std() - deviation) <= 0.02 * deviation
    assert abs(values.mean()) <= 0.02 * deviation


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: initializer.initializer("ones"), TypeError, "`shape` of `initializer` is missing"),
        (lambda: initializer.initializer(Tensor([1.0]), (2,)), ValueError, "expected shape"),
        (lambda: initializer.initializer(True, (2,)), TypeError, "got bool"),
        (lambda: HeUniform(mode="fan"), ValueError, "`mode` must be"),
        (lambda: HeUniform(nonlinearity="sine"), ValueError, "`nonlinearity` must be one of"),
        (lambda: TruncatedNormal(a=1.0, b=1.0), ValueError, "`a` of `TruncatedNormal`"),
    ],
)
def test_misuse_of_initializers_is_named(use: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        use()
