"""Domains from files of meshes: surfaces by trimesh, and volumes with their physical groups by meshio."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.domains.facets import Faceted
from dualtape.pinn.domains.planar import missing

_CELLS = {2: "triangle", 3: "tetra"}
_FACETS = {2: "line", 3: "triangle"}


def from_surface(mesh: Any, *, names: Sequence[str] | None = None) -> Faceted:
    """The region within a closed surface: a file that trimesh reads (STL, OBJ, PLY, ...), or a ``trimesh.Trimesh``.

    Its boundary is the part ``surface``; give it others with :meth:`Domain.with_parts`.

    Raises
    ------
    MissingExtraError
        trimesh is not installed; ``pip install "dualtape[geometry]"``.

    Examples
    --------
    >>> import trimesh
    >>> from dualtape import pinn
    >>> round(pinn.from_surface(trimesh.creation.box((1, 2, 3))).measure(), 6)
    6.0
    """
    try:
        import trimesh
    except ImportError as failure:
        raise missing("trimesh", "from_surface") from failure
    if isinstance(mesh, (str, PathLike)):
        mesh = trimesh.load_mesh(fspath(mesh))
    if not isinstance(mesh, trimesh.Trimesh):
        raise ArgumentTypeError(
            f"`mesh` of `from_surface` must be the path of a file or a trimesh.Trimesh, got {type(mesh).__name__}"
        )
    if not mesh.is_watertight or not mesh.is_winding_consistent:
        raise ArgumentError("`mesh` of `from_surface` does not close around a region: it has holes, or faces that flip")
    facets = np.asarray(mesh.triangles, np.float64)
    if mesh.volume < 0:
        facets = facets[:, ::-1]
    return Faceted(facets, ["surface"] * len(facets), names=names)


def from_mesh(mesh: Any, *, names: Sequence[str] | None = None) -> Faceted:
    """The region that triangles or tetrahedra fill: a file that meshio reads (Gmsh's .msh, ...), or a ``meshio.Mesh``.

    Physical groups of Gmsh, on lines of a plane mesh and triangles of a solid one, are the parts of the boundary; what
    belongs to none of them is the part ``rest``.

    Raises
    ------
    MissingExtraError
        meshio is not installed; ``pip install "dualtape[geometry]"``.
    """
    try:
        import meshio
    except ImportError as failure:
        raise missing("meshio", "from_mesh") from failure
    if isinstance(mesh, (str, PathLike)):
        mesh = meshio.read(fspath(mesh))
    if not isinstance(mesh, meshio.Mesh):
        raise ArgumentTypeError(
            f"`mesh` of `from_mesh` must be the path of a file or a meshio.Mesh, got {type(mesh).__name__}"
        )
    kinds = {block.type for block in mesh.cells}
    dimension = 3 if "tetra" in kinds else 2
    if _CELLS[dimension] not in kinds:
        raise ArgumentError(f"`mesh` of `from_mesh` has {', '.join(sorted(kinds))}; expected triangles or tetrahedra")
    points = np.asarray(mesh.points, np.float64)[:, :dimension]
    corners = np.concatenate([block.data for block in mesh.cells if block.type == _CELLS[dimension]])
    facets = _outer_facets(points, corners)
    groups = _groups(mesh, dimension)
    labels = [groups.get(frozenset(facet), "rest") for facet in facets.tolist()]
    return Faceted(points[facets], labels, names=names, cells=points[corners])


def _outer_facets(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The facets that belong to one cell alone, turned so that the cell is behind them."""
    n = corners.shape[1]
    facets = np.concatenate([np.delete(corners, i, axis=1) for i in range(n)])
    opposite = np.concatenate([corners[:, i] for i in range(n)])
    _, first, counts = np.unique(np.sort(facets, axis=1), axis=0, return_index=True, return_counts=True)
    if counts.max() > 2:
        raise ArgumentError("`mesh` of `from_mesh` has a facet between more than two cells")
    facets, opposite = facets[first[counts == 1]], opposite[first[counts == 1]]
    edges = points[facets[:, 1:]] - points[facets[:, :1]]
    volume = np.linalg.det(np.concatenate([edges, (points[opposite] - points[facets[:, 0]])[:, None]], axis=1))
    # Of a segment, the left side is behind it; of a triangle, the side from which its corners turn to the right.
    turned = volume < 0 if points.shape[1] == 2 else volume > 0
    facets[turned] = facets[turned][:, ::-1]
    return np.asarray(facets)


def _groups(mesh: Any, dimension: int) -> dict[frozenset[int], str]:
    """The name of the physical group of each facet that has one."""
    names = {int(tag): name for name, (tag, of) in (mesh.field_data or {}).items() if of == dimension - 1}
    found: dict[frozenset[int], str] = {}
    for block, tags in zip(mesh.cells, mesh.cell_data.get("gmsh:physical", [()] * len(mesh.cells)), strict=True):
        if block.type == _FACETS[dimension]:
            for facet, tag in zip(block.data.tolist(), tags, strict=bool(len(tags))):
                found[frozenset(facet)] = names.get(int(tag), f"group {int(tag)}")
    return found
