"""The clustering kernels: identity, occurrences, index, components and finals over flat arrays, compiled by numba.

It answers exactly what O1, O2, O4, O5 and O10 define, whatever the order of arrival. The shape:

- A batch is *admitted* in the order of its rows: identity, lateness, repeats. What must enter the index is noted as
  pending, what must leave it (a correction, or a late event that gave an occurrence an earlier first event) as gone.
- Components that lose a member are taken apart and joined again from their other members; nothing else ever splits.
- Pending occurrences enter a *block*, one (quadrant of side R/2, time bucket, group): all its members are mutually
  linked, so a block is one component by construction and a storm costs one union an event. A *cell* of 4 x 4 quadrants
  x 4 buckets is one record of a hash table with a bit for each of its blocks; R and T reach into 4 or 8 cells. A block
  whose adjacent blocks all belong to its own component is *settled*: its next event need not look around.
- A *full* block takes in only what widens its limits; the rest is counted. Blocks are looked at while a batch is
  admitted only if it could fill one: quiet traffic does not pay for it.
- A block dies with its component: members of a final component are beyond the reach of whatever may still arrive.
- With m > 1 (`density`) occurrences are counted first; cores join when the batch is placed, then borders are attached.

One module a kernel; their calls run down this list: admission > repeats > noting, and splitting > clustering > density,
withdrawing > index, surroundings, waiting > components > tables, canonical > records, jit. What a row will look at is
asked for some rows before its turn: most of the time of a cold event goes into waiting for memory. Numba's cache does
not notice a change in another file: the folder it is kept in is named by a hash of all of them (`compilation`). The
caller owns every array and grows it before a call (`arenas`): no insertion can fail half-way. Squares are int64.
"""
