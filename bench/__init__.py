"""The referee: it runs solvers in processes of their own, scores their answers itself and keeps the results."""
