"""Problems with references, and the runs of `time_to_error.py`."""
