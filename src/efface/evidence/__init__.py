"""Make and check records that a third party can verify without trusting anybody, and without a network.

    canonical    one value, one sequence of bytes (a subset of RFC 8785)
    merkle       the tree of RFC 9162: root, inclusion, consistency
    pseudonym    keyed names for places, findings and contents
    entries      what the ledger may hold, kind by kind
    ledger       the append-only list inside a run file
    history      what order of entries a truthful run leaves; the state machine of a removal
    account      what the ledger says, as the fields of a certificate
    not_proven   what a certificate never shows, in en and zh
    keys         Ed25519 key pairs in files
    envelope     signatures around a statement (DSSE)
    statement    the strict schema of the certificate (in-toto Statement v1)
    certificate  build one
    check        the numbered steps that accept or refuse one
    stamps       the word of a third party by when one existed (RFC 3161)

Not handled here: what a finding is, whether a removal is due, whether it was done well. This room
never sees the bytes that were looked at; names and contents come in as keyed pseudonyms only.
"""
