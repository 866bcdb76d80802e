"""The pages of docs/ as a site, and a report in a browser. `.ci/check_site.py` builds the site."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dualtape as dt
from browsing import opened
from dualtape import nn, pinn

ROOT = Path(__file__).parents[1]


@pytest.mark.browser
def test_a_report_opens_in_a_browser(tmp_path: Path) -> None:
    plate = pinn.Rectangle(x=(0, 1), y=(0, 1)) - pinn.Disk((0.5, 0.5), 0.25).named("hole")
    problem = pinn.Problem(plate, lambda u, p: u.laplacian() + 1, [pinn.dirichlet(0.0, on="boundary")])
    network = nn.MLP(2, 1, width=4, depth=1, dtype=dt.float64, seed=0)
    with dt.device("host"):
        solution = pinn.solve(problem, network, optimizer=pinn.Adam(2), points=20, progress=False)
        page = solution.report(tmp_path / "run.html", title="A plate & <its> hole")
    for width in (1200, 500):
        seen = opened(page, width)
        assert seen.wrong == []
        assert len(seen.pictures) == 3
        assert min(seen.pictures) > 300
        assert not seen.wide


def test_every_page_has_its_place_on_the_site() -> None:
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("nav:")[1]
    assert sorted(re.findall(r"[\w/]+\.md", navigation)) == sorted(pages)


CONCEPTS = (
    "Interval TimeDomain GeometryXTime CSGDifference DirichletBC NeumannBC RobinBC PeriodicBC OperatorBC "
    "PointSetBC PointSetOperatorBC Interface2DBC IC TimePDE IDE FPDE FNN PFNN jacobian hessian "
    "apply_output_transform apply_feature_transform compile train predict saveplot Variable VariableValue "
    "PDEPointResampler EarlyStopping ModelCheckpoint save restore Timer DropoutUncertainty OperatorPredictor "
    "FirstDerivative MovieDumper Disk Ellipse Polygon Rectangle StarShaped Triangle Cuboid Sphere Hypercube "
    "Hypersphere PointCloud CSGUnion CSGIntersection FPDE TimeFPDE Function DataSet MfDataSet Triple PDEOperator "
    "GRF DeepONet PODDeepONet MIONet MfNN MsFFN STMsFFN ResNet NNCG metrics loss regularization DDE_BACKEND "
    "set_parallel_scaling zcs "
)


def test_a_word_of_deepxdes_stands_in_the_table() -> None:
    page = (ROOT / "docs" / "from_deepxde.md").read_text(encoding="utf-8")
    assert [word for word in CONCEPTS.split() if not re.search(rf"\b{word}\b", page)] == []
    assert [name for name in re.findall(r"`pinn\.(\w+)", page) if not hasattr(pinn, name)] == []
