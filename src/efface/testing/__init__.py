"""Ship what tests inside and outside this project need: synthetic records, simulators and contract tests.

Everything here is made from a seed; nothing stems from a person.
"""
