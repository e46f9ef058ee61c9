"""Sources list what is in a place and open it read-only; containers open a thing into its parts.

They never judge, detect or keep copies, and never change what they read.
"""
