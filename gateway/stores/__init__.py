"""Where time series are kept: a SQLite file, or InfluxDB.

Take an adapter from its own module (`sqlite_store`, `influx_store`): InfluxDB's client costs 16 MB and half a second
to import, which a gateway on SQLite need not spend.
"""
