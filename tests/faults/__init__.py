"""Injected faults: what a machine, a user or a system does to a program, and what must be left of it.

``PYTHONPATH=tests python -m faults`` injects them by the thousand, prints what became of them, and writes the table in
``docs/reliability.md``; ``test_faults.py`` injects a few of each kind in every run of the tests.

================  ==========================================================================
``registry``      what an injection is, and what is counted
``table``         the table, printed and written into its page
``__main__``      the command
every other one   the injections of one theme, each a function that ``registry.injection`` enrols
================  ==========================================================================
"""
