"""The paper put to the test: its figures and its table, its claims, and what they hang on."""
