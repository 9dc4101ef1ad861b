"""Reading a scenario file: TOML in, a checked :class:`~warmup.scenario.Scenario` out, or every problem at once.

Three passes over one parsed file, none of which hides what another would find: the models check each value
(:mod:`~warmup.scenario_file.values`), the cross checks compare dates and names with each other
(:mod:`~warmup.scenario_file.dates`, :mod:`~warmup.scenario_file.relations`), and all they found is told in the order
of the file, in plain words (:mod:`~warmup.scenario_file.flaws`). :func:`check_scenario` also reads the files it names.
"""

from warmup.scenario_file.checking import Checked, check_scenario
from warmup.scenario_file.loading import load_scenario
from warmup.scenario_file.schema import scenario_schema

__all__ = ["Checked", "check_scenario", "load_scenario", "scenario_schema"]
