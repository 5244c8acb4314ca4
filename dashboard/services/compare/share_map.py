"""The map of a tensor's cells, shaded by each one's share of the change of the loss instead of by its change."""

import hashlib

import numpy as np

from dashboard.analysis.cells import Array, Change
from dashboard.analysis.images import HeatMap, robust_limit
from dashboard.analysis.turning import unit_numbers, units_as_columns
from dashboard.records.why import WhyRequest
from dashboard.services.compare.pairs import TensorPair
from dashboard.services.compare.pictures import ChangeMap, MapNumbers, MapView, numbers_of, ordered, shape_of
from dashboard.services.why.results import cell_shares


class ShareMap:
    """The shares of a pair of tensors, as the map of their change shows cells: in the same order, of the same part."""

    def __init__(self, pair: TensorPair, request: WhyRequest, view: MapView) -> None:
        """Read the shares; raises Conflict where a run has to count them first, NotFound for a part outside."""
        shares = cell_shares(pair.workspace, request, pair.one.name)
        self._cells = Change(np.zeros_like(shares), shares)
        self._view, self._order, self._part = view, *ordered(pair, view)
        self._pair, self._limit = pair, robust_limit(self._cells)
        self.content = hashlib.sha256(shares.tobytes()).hexdigest()

    def facts(self) -> ChangeMap:
        """Return what the map shows."""
        drawn = self.drawing()
        return shape_of(self._pair, self._view, self._limit, drawn.clipped, drawn.pooled)

    def drawing(self) -> HeatMap:
        """Return a level for each cell, units as columns, centred on zero."""
        height, width = self._view[:2]
        return units_as_columns(self._cells, self._order, self._part, height, width, self._limit)

    def numbers(self) -> MapNumbers:
        """Return the numbers that the map shows, at most as many as it has pixels."""
        height, width = self._view[:2]
        shares: Array = unit_numbers(self._cells, self._order, self._part, height, width)
        return numbers_of(self._pair, self._view, shares)
