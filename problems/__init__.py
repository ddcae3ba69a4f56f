"""The mathematics of semantic compression model selection and resource allocation, defined once."""

from .instance import InstanceError
from .rde import TOLERANCE, Allocation, Evaluation, RDEProblem, Violations
from .reward import Reward
from .scenario import Scenario, ScenarioError
from .scm_table import SCMTable

__all__ = [
    "TOLERANCE",
    "Allocation",
    "Evaluation",
    "InstanceError",
    "RDEProblem",
    "Reward",
    "SCMTable",
    "Scenario",
    "ScenarioError",
    "Violations",
]
