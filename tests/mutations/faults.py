"""All faults, by area."""

from tests.mutations import Mutation
from tests.mutations.conversing import JUDGES, POWER, USERS
from tests.mutations.measuring import FIGURES, PATTERNS, SCORING, VERDICTS
from tests.mutations.planning import IDENTITY, PLAN
from tests.mutations.running import ENGINE, JOURNAL, LEASE, RETRIES
from tests.mutations.statistics import STATISTICS
from tests.mutations.using import CLI, SECRETS

MUTATIONS: tuple[Mutation, ...] = (
    *(*IDENTITY, *PLAN, *JOURNAL, *LEASE, *RETRIES, *ENGINE, *SCORING, *VERDICTS, *STATISTICS),
    *(*PATTERNS, *FIGURES, *SECRETS, *CLI, *USERS, *JUDGES, *POWER),
)
