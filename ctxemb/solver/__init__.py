"""The batched solver of logistic regressions: many groups, folds and strengths as one problem."""
