"""Runs ocean-host and reads the folders it leaves. Tables are pandas'; no statistic is computed here."""

from ._evaluate import evaluate
from ._permutation import PermutationTest, permutation_test_score
from ._plugin import Plugin, plugin
from ._program import Failed, program
from ._run import Run, read

__all__ = ["Failed", "PermutationTest", "Plugin", "Run", "evaluate", "permutation_test_score", "plugin", "program", "read"]
