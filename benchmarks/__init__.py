"""What a gradient costs here and elsewhere: ``python -m benchmarks`` measures it and writes `RESULTS.md`.

`programs` has the programs, `training` the networks, `engines` an adapter for each engine, `environments` makes the
environments of the peers. A child process (`worker`) runs one engine; `duels` and `probes` are what it measures. The
parent asks (`processes`, `measure`), and `report` and `plots` show.
"""
