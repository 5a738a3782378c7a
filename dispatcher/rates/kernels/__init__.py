"""The kernels of the rates: counters, dense series, and the loops of the detectors, compiled by numba.

- `counting` adds rows (series, time, weight) to cells, one for each series and bucket, in an open-addressing table;
  `finishing` hands out the cells of the buckets that a watermark has passed, and forgets them. Sums of integers: the
  order of rows and the cuts of batches change nothing. What comes for a bucket that was handed out is late, what finds
  no room under the cap is refused; both are counted: what went in = what came out + what is held + late + refused.
- `series` makes of cells the dense vectors that detectors are functions of (O8), many at once.
- `charts`, `zones` and `departures` are the detectors' loops, in floats, without fastmath, so that two machines agree.

One module a kernel. Their cache is kept in a folder named by a hash of all of them (`dispatcher.correlation`). Callers
own every buffer and make room before a call; no time and no chance within.
"""
