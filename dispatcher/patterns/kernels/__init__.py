"""The matching kernels: exactly what the oracle of O7 says, whatever the order of arrival, compiled by numba.

- A row is one event in one pattern. It lies in a *block*: the cell of side R_p that holds it, in a bucket of T_p + 1
  ms. R_p and T_p reach into 27 blocks at most; the OR of their step masks tells at once where no match is possible.
  Events without a position lie in blocks of their place code instead, and so do those that may meet them.
- An event is known by its uid in its greatest (revision, content); its rows lie one behind the other, so that a number
  and a count find them. A greater version takes them away and brings its own.
- A new row makes the open anchors within its reach dirty; each dirty anchor is looked at once a batch, from scratch, so
  neither the order of a batch nor its cuts matter. Between the two the caller sorts them by uid (`judge_dirty`).
- An anchor is closed when the watermark passes its time + T_p: nothing admissible can change it. Then absence is
  judged. Rows are kept until time + 2 T_p, because an open anchor may still need them as witnesses.
- A block holds CAP rows at most; more are counted, not kept. Links between rows are told once (union-find).
  Which of many links stand for the rest is a question of uids: the least anchor that reaches a part, its least row.

One module a kernel: matching > (witnesses | identity) > index. Their cache is kept in a folder named by a hash of all
of them. The caller owns every array and makes room before a call. Squares are int64.
"""
