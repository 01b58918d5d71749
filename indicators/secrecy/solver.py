"""HiGHS behind one small class: every `run()` is checked, and anything but an optimum makes the whole inconclusive."""

import ctypes
import os
import sys

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from indicators.secrecy.cells import Flags, Floats
from indicators.secrecy.errors import Inconclusive

_OPTIMAL = highspy.HighsModelStatus.kOptimal
_INFEASIBLE = highspy.HighsModelStatus.kInfeasible
_LIMITS = (highspy.HighsModelStatus.kTimeLimit, highspy.HighsModelStatus.kIterationLimit)


def _greeted() -> None:
    """Make a first solver with nowhere to write: HiGHS greets once, before any option can ask it not to."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        highspy.Highs()  # type: ignore[no-untyped-call]
        ctypes.CDLL(None).fflush(None)
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


_greeted()


class OutOfTime(Inconclusive):
    """The solver reached its time limit."""


class Infeasible(Inconclusive):
    """No values satisfy the constraints."""


class Program:
    """A linear program over x: `row_low <= matrix @ x <= row_high`, `low <= x <= high`, whose objective changes.

    One instance keeps its basis from one objective to the next, which makes thousands of objectives cheap. The
    option `threads` is never set: with several instances it left values at zero.
    """

    def __init__(
        self,
        matrix: sparse.csr_array,
        row_low: Floats,
        row_high: Floats,
        low: Floats,
        high: Floats,
        *,
        integer: Flags | None = None,
        presolve: bool = False,
        seconds: float = 600.0,
    ) -> None:
        self.columns = matrix.shape[1]
        self._solver = highspy.Highs()  # type: ignore[no-untyped-call]
        self._set("output_flag", False)
        self._set("presolve", "on" if presolve else "off")
        self._set("time_limit", float(seconds))
        self._set("random_seed", 1)
        if integer is None and not presolve:
            self._set(
                "simplex_strategy", 4
            )  # primal: the last vertex stays feasible when only the objective changes
        if integer is not None:
            self._set("mip_rel_gap", 0.0)
            self._set("mip_abs_gap", 1e-6)
        program = highspy.HighsLp()
        program.num_col_, program.num_row_ = self.columns, matrix.shape[0]
        program.col_cost_ = np.zeros(self.columns)
        program.col_lower_, program.col_upper_ = low, high
        program.row_lower_, program.row_upper_ = row_low, row_high
        by_rows = sparse.csr_array(matrix)
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_ = by_rows.indptr.astype(np.int32)
        program.a_matrix_.index_ = by_rows.indices.astype(np.int32)
        program.a_matrix_.value_ = by_rows.data.astype(np.float64)
        if integer is not None:
            kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
            program.integrality_ = [kinds[int(flag)] for flag in integer]
        self._accept(self._solver.passModel(program), "le modèle")
        self._indices = np.arange(self.columns, dtype=np.int32)
        self._zeros = np.zeros(self.columns)

    def minimise(self, cost: Floats) -> Floats:
        """Return the x of least cost. Raises Infeasible, OutOfTime or Inconclusive."""
        self._accept(
            self._solver.changeColsCost(self.columns, self._indices, cost.astype(np.float64)), "l’objectif"
        )
        status = self._solver.run()
        reached = self._solver.getModelStatus()
        if reached not in (_OPTIMAL, *_LIMITS):
            # the basis of the last objective may have gone bad: once again from nothing, before giving up
            self._accept(self._solver.clearSolver(), "de recommencer")
            self._set("presolve", "on")
            self._set("simplex_strategy", 0)
            status = self._solver.run()
            reached = self._solver.getModelStatus()
        if reached in _LIMITS:
            raise OutOfTime("Le calcul du secret n’a pas abouti dans le temps donné : rien n’est publié.")
        if reached == _INFEASIBLE:
            raise Infeasible("Aucune valeur ne vérifie toutes les relations publiées : rien n’est publié.")
        if status == highspy.HighsStatus.kError or reached != _OPTIMAL:
            said = self._solver.modelStatusToString(reached)
            raise Inconclusive(f"Le calcul du secret n’a pas abouti (solveur : {said}) : rien n’est publié.")
        return np.array(self._solver.getSolution().col_value)

    def extreme(self, column: int, sign: int) -> Floats:
        """Return the x whose entry `column` is largest (sign 1) or smallest (sign -1)."""
        cost = self._zeros.copy()
        cost[column] = -float(sign)
        return self.minimise(cost)

    def bound(self, low: Floats, high: Floats) -> None:
        """Change the bounds of every column."""
        self._accept(self._solver.changeColsBounds(self.columns, self._indices, low, high), "les bornes")

    def add(self, columns: NDArray[np.int64], values: Floats, low: float) -> None:
        """Add the row « sum of values x columns >= low »."""
        given = self._solver.addRow(low, np.inf, len(columns), columns.astype(np.int32), values)
        self._accept(given, "la coupe")

    def prices(self) -> tuple[Floats, Floats]:
        """Return the duals of the rows and the reduced costs of the columns at the last optimum."""
        solution = self._solver.getSolution()
        return np.array(solution.row_dual), np.array(solution.col_dual)

    def _set(self, option: str, value: bool | float | str) -> None:
        self._accept(self._solver.setOptionValue(option, value), f"l’option {option}")

    def _accept(self, status: highspy.HighsStatus, what: str) -> None:
        if status == highspy.HighsStatus.kError:
            raise Inconclusive(f"Le solveur a refusé {what} : rien n’est publié.")
