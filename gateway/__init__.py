"""The server program: from the broker to store, board and API. It begins in `cli.py`; `run.py` builds the parts."""
