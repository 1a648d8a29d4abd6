"""The judge of journal, bus, ingest and store: their real code in one process, on a simulated bus and clock.

A seed makes a schedule of faults; when it is over the faults stop, everything settles, and `verdict.judge` holds
what the store, the ledger and the alarms say against what the branches measured. `python -m tests.simulation SEED …`
runs seeds by hand; a failing seed replays by its number.
"""
