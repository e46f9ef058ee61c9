"""Runs join the rooms: resumable, limited, isolated, with a ledger of what was done."""
