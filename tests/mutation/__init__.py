"""Mutation of the catalogue: every rule is made wrong in turn, and the test suite must notice each time.

``python -m tests.mutation`` prints the score. A mutant is one small change of one rule's source: a sign
flipped, a term or factor dropped, an operand, index or axis exchanged for another, a constant changed.

======================  ========================================================================
``changes``             the changes of Python code
``expression_changes``  the changes of expressions and folds
``sites``               where the rules stand, and how a changed one takes the place of the original
``equivalent``          changes that change no meaning, each with the argument why
``session``             runs the suite's own tests of a rule on each mutant, in one pytest session
``children``            tests in a child of that session, which can be spoiled, crash or hang
``reach``               which tests run which rules
``record``              what runs have found, kept in a folder
``__main__``            the command
======================  ========================================================================
"""
