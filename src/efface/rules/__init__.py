"""Evaluate cited articles over findings and the facts of a case on a date.

The room in order of reading: `taxonomy` (the words of law and their hierarchy), `facts` (what a case and
a finding say in these words), `case_file` (a person's case), `terms` and `kleene` (what a condition of Cedar text
reads, and its three-valued evaluation), `pack` (rule packs: data, checked as a whole before anything is judged),
`norm` (one rule applied), `opinion` (all rules together, other readings, other days), `asking` (open questions),
`deadlines`, `found` (what a finding tells by itself), `engine` (verdicts).

Not handled here: reading files (a caller gives texts), finding things, removing them, and legal advice:
a verdict says what the cited text says of the stated facts, no more.
"""
