"""A visit to premises: what was noted and added on site, sealed as one bundle that anybody can check offline.

A visit is a folder with a log; a bundle is that folder, its inspection record and a signed manifest in one ZIP.
"""
